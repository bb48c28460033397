//! The completions for zsh and fish: made by `clap_complete`, and put right where it does not know
//! better.
//!
//! Both need the same two things: a trust rule that ends in a colon goes on, for `ca-file:` with a
//! file; and a value that is no file is not completed with files.

use clap_complete::{Generator, Shell, generate};

use super::definition;

fn made(shell: impl Generator) -> String {
    let mut cli = definition();
    let name = cli.get_name().to_owned();
    let mut script = Vec::new();
    generate(shell, &mut cli, name, &mut script);
    String::from_utf8(script).unwrap()
}

/// The trust rules, each with its meaning.
fn rules() -> Vec<(String, String)> {
    let cli = definition();
    let notify = cli.find_subcommand("notify").unwrap();
    let trust = notify.get_arguments().find(|arg| arg.get_id() == "tls_trust").unwrap();
    let words = trust.get_possible_values();
    words.iter().map(|word| (word.get_name().to_owned(), word.get_help().unwrap().to_string())).collect()
}

const MADE: &str =
    "# Made from the program's own definition of its command line: do not edit, see tests/pages.rs.\n";

const ZSH_TRUST: &str = r"
(( $+functions[_backup-notify_trust] )) ||
_backup-notify_trust() {
    if compset -P 'ca-file:'; then
        _files
        return
    fi
    local -a rules open
    rules=(
{rules}    )
    # these go on behind their colon
    open=(
{open}    )
    _describe -t rules 'trust rule' rules -- open -S ''
}
";

pub(super) fn zsh() -> String {
    let script = made(Shell::Zsh);
    // a list of words with their meanings, over several lines
    let (begin, end) = (":RULE:((", "))' \\\n");
    let mut out = String::new();
    let mut rest = script.as_str();
    while let Some(at) = rest.find(begin) {
        let (before, list) = rest.split_at(at);
        let length = list.find(end).unwrap() + end.len();
        out.push_str(before);
        out.push_str(":RULE:_backup-notify_trust' \\\n");
        rest = &list[length..];
    }
    out.push_str(rest);
    // "_default" offers files: for these values there is nothing to offer
    let out = out.replace(":_default'", ": '").replace(":_email_addresses'", ": '");
    let quoted = |(word, help): &(String, String)| {
        let line = format!("{}:{help}", word.replace(':', "\\:")).replace('\'', "'\\''");
        format!("        '{line}'\n")
    };
    let (open, rules): (Vec<_>, Vec<_>) = rules().into_iter().partition(|(word, _)| word.ends_with(':'));
    let trust = ZSH_TRUST
        .replace("{rules}", &rules.iter().map(quoted).collect::<Vec<_>>().concat())
        .replace("{open}", &open.iter().map(quoted).collect::<Vec<_>>().concat());
    let first = "#compdef backup-notify\n";
    let rest = out.strip_prefix(first).unwrap();
    let last = rest.rfind("\nif [ \"$funcstack[1]\"").unwrap();
    format!("{first}{MADE}{}{trust}{}", &rest[..last], &rest[last..])
}

const FISH_TRUST: &str = r"function __backup_notify_trust
    set -l word (commandline -ct)
    if string match -q -- 'ca-file:*' $word
        printf 'ca-file:%s\n' (__fish_complete_path (string replace -- 'ca-file:' '' $word))
        return
    end
{rules}end

";

pub(super) fn fish() -> String {
    let script = made(Shell::Fish);
    let mut out = String::new();
    let mut lines = script.lines();
    while let Some(line) = lines.next() {
        if line.contains(" -l tls-trust ") {
            // its list of words goes over several lines, to the closing quote
            let (before, list) = line.split_once(" -a \"").unwrap();
            let mut ended = list.ends_with('"');
            while !ended {
                ended = lines.next().unwrap().ends_with('"');
            }
            out.push_str(before);
            out.push_str(" -a '(__backup_notify_trust)'");
        } else {
            out.push_str(line);
            // "-r" alone offers files: for these values there is nothing to offer
            if line.ends_with(" -r") {
                out.push_str(" -f");
            }
        }
        out.push('\n');
    }
    let out = out + &positional();
    let rules: Vec<String> = rules()
        .iter()
        .map(|(word, help)| format!("    printf '%s\\t%s\\n' '{word}' '{}'\n", help.replace('\'', "\\'")))
        .collect();
    format!("{MADE}{}{out}", FISH_TRUST.replace("{rules}", &rules.concat()))
}

/// What `clap_complete` leaves out for fish: the words that stand behind a command without a flag.
fn positional() -> String {
    let cli = definition();
    let mut lines = String::new();
    for command in
        cli.get_subcommands().filter(|command| command.get_name() != "help" && !command.is_hide_set())
    {
        for arg in command.get_positionals() {
            let words: Vec<_> = arg.get_possible_values().iter().map(|w| w.get_name().to_owned()).collect();
            let (name, words) = (command.get_name(), words.join(" "));
            lines.push_str(&format!(
                "complete -c backup-notify -n \"__fish_backup_notify_using_subcommand {name}\" -f -a \"{words}\"\n"
            ));
        }
    }
    lines
}
