//! The completions for zsh and fish: made by `clap_complete`, and put right where it does not know
//! better.
//!
//! Both need the same three things: a trust rule that ends in a colon goes on, for `ca-file:` with a
//! file; accounts are those that the program finds; and a value that is no file is not completed with
//! files.

use clap_complete::{Generator, Shell, generate};

use super::{commands, definition, is_account, is_message, is_outbox_or_none, offer};

fn made(shell: impl Generator) -> String {
    let mut cli = definition();
    let name = cli.get_name().to_owned();
    let mut script = Vec::new();
    generate(shell, &mut cli, name, &mut script);
    // flags that are no business of people's, which `clap_complete` offers too
    let hidden = hidden();
    let is_hidden = |line: &str| {
        hidden
            .iter()
            .any(|flag| line.contains(&format!("--{flag}=[")) || line.contains(&format!(" -l {flag} ")))
    };
    let script = String::from_utf8(script).unwrap();
    let mut out = String::new();
    let mut lines = script.split_inclusive('\n');
    while let Some(line) = lines.next() {
        if !is_hidden(line) {
            out.push_str(line);
        } else if line.contains(" -a \"") {
            // for fish its list of words goes over several lines
            let mut ended = line.ends_with("\"\n");
            while !ended {
                ended = lines.next().unwrap().ends_with("\"\n");
            }
        }
    }
    out
}

fn hidden() -> Vec<String> {
    let cli = definition();
    let commands = commands(&cli);
    let flags = commands.iter().flat_map(|(_, command)| command.get_arguments());
    flags.filter(|arg| arg.is_hide_set()).filter_map(|arg| arg.get_long().map(str::to_owned)).collect()
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

/// `compadd` quotes what the shell would not take as it stands.
const ZSH_ACCOUNTS: &str = r#"
(( $+functions[_backup-notify_accounts] )) ||
_backup-notify_accounts() {
    local -a ask lines ids shown
    local home line i
    ask=(accounts --complete $1)
    # of the home folder that was named before
    for ((i = 1; i < CURRENT; i++)); do
        case $words[i] in
            --mail-home) home=${(Q)words[i + 1]} ;;
            --mail-home=*) home=${(Q)words[i]#*=} ;;
        esac
    done
    [[ $home == '~/'* ]] && home=$HOME/${home#'~/'}
    [[ -n $home ]] && ask+=(--mail-home $home)
    lines=(${(f)"$(command backup-notify $ask 2>/dev/null)"})
    for line in $lines; do
        ids+=(${line%%$'\t'*})
        shown+=(${line/$'\t'/  -- })
    done
    local expl
    _wanted accounts expl account compadd -l -d shown -a ids
}
"#;

const ZSH_OUTBOX: &str = r#"
(( $+functions[_backup-notify_messages] )) ||
_backup-notify_messages() {
    local -a ask lines ids shown
    local folder line i
    ask=(outbox list --complete)
    for ((i = 1; i < CURRENT; i++)); do
        case $words[i] in
            --outbox) folder=${(Q)words[i + 1]} ;;
            --outbox=*) folder=${(Q)words[i]#*=} ;;
        esac
    done
    [[ $folder == '~/'* ]] && folder=$HOME/${folder#'~/'}
    [[ -n $folder ]] && ask+=(--outbox $folder)
    lines=(${(f)"$(command backup-notify $ask 2>/dev/null)"})
    for line in $lines; do
        ids+=(${line%%$'\t'*})
        shown+=(${line/$'\t'/  -- })
    done
    local expl
    _wanted messages expl message compadd -l -d shown -a ids
}

(( $+functions[_backup-notify_outbox] )) ||
_backup-notify_outbox() {
    _alternative 'words:word:(none)' 'folders:folder:_files -/'
}
"#;

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
    // a blank before an action: it gets no arguments but its own
    // found by what stands before the action: the name of the value, the help of a positional
    let out = out.replace(":ACCOUNT:_default'", ":ACCOUNT: _backup-notify_accounts usable'");
    let out = out.replace("(none)]:DIR:_files -/'", "(none)]:DIR:_backup-notify_outbox'");
    let behind = asked_behind_commands();
    let out: String = out
        .split_inclusive('\n')
        .map(|line| match [":_default' \\\n", ":' \\\n"].iter().find_map(|end| line.strip_suffix(end)) {
            Some(begin) => match behind.iter().find(|(id, _)| begin.starts_with(id)) {
                // behind "*::" zsh would look at nothing but these: neither at flags nor at the folder
                Some((_, action)) => format!("{}: {action}' \\\n", begin.replacen("'*::", "'*:", 1)),
                None => line.to_owned(),
            },
            None => line.to_owned(),
        })
        .collect();
    // behind "--": of a hook's words nothing is known, and of "run" a command, with completions of its own;
    // as clap writes the two, zsh offers them in the place of flags
    let out: String = out
        .split_inclusive('\n')
        .filter(|line| !line.starts_with("'*::handed "))
        .map(|line| if line.starts_with("'*::command ") { "'*:: : _normal' \\\n" } else { line })
        .collect();
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
    format!("{first}{MADE}{}{trust}{ZSH_ACCOUNTS}{ZSH_OUTBOX}{}", &rest[..last], &rest[last..])
}

const FISH_TRUST: &str = r"function __backup_notify_trust
    set -l word (commandline -ct)
    if string match -q -- 'ca-file:*' $word
        printf 'ca-file:%s\n' (__fish_complete_path (string replace -- 'ca-file:' '' $word))
        return
    end
{rules}end

";

const FISH_ACCOUNTS: &str = r#"function __backup_notify_accounts
    set -l ask accounts --complete $argv[1]
    set -l words (commandline -opc)
    # of the home folder that was named before
    for i in (seq 2 (count $words))
        set -l home
        switch $words[$i]
            case --mail-home
                set home $words[(math $i + 1)]
            case '--mail-home=*'
                set home (string replace -- --mail-home= '' $words[$i])
        end
        if test -n "$home"
            set -a ask --mail-home (string replace -r -- '^~/' "$HOME/" $home)
        end
    end
    command backup-notify $ask 2>/dev/null
end

"#;

const FISH_MESSAGES: &str = r#"function __backup_notify_messages
    set -l ask outbox list --complete
    set -l words (commandline -opc)
    for i in (seq 2 (count $words))
        set -l folder
        switch $words[$i]
            case --outbox
                set folder $words[(math $i + 1)]
            case '--outbox=*'
                set folder (string replace -- --outbox= '' $words[$i])
        end
        if test -n "$folder"
            set -a ask --outbox (string replace -r -- '^~/' "$HOME/" $folder)
        end
    end
    command backup-notify $ask 2>/dev/null
end

"#;

pub(super) fn fish() -> String {
    let script = made(Shell::Fish);
    let outbox = outbox_or_none();
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
        } else if line.contains(" -l account ") {
            out.push_str(&format!("{line} -f -a '(__backup_notify_accounts usable)'"));
        } else if let Some((before, folders)) =
            line.split_once(" -a \"(").filter(|_| outbox.iter().any(|help| line.contains(help.as_str())))
        {
            out.push_str(&format!("{before} -a \"none ("));
            out.push_str(folders);
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
    format!("{MADE}{}{FISH_ACCOUNTS}{FISH_MESSAGES}{out}", FISH_TRUST.replace("{rules}", &rules.concat()))
}

/// How fish's lines about the outbox of a task are known, which can also be none.
fn outbox_or_none() -> Vec<String> {
    let cli = definition();
    let commands = commands(&cli);
    let flags = commands.iter().flat_map(|(_, command)| command.get_arguments());
    let helps = flags.filter(|arg| is_outbox_or_none(arg)).filter_map(|arg| arg.get_help());
    helps.map(|help| format!(" -l outbox -d '{help}'")).collect()
}

/// What `clap_complete` leaves out for fish: the words that stand behind a command without a flag.
fn positional() -> String {
    let cli = definition();
    let mut lines = String::new();
    for (name, command) in commands(&cli) {
        for arg in command.get_positionals() {
            let words: Vec<_> = arg.get_possible_values().iter().map(|w| w.get_name().to_owned()).collect();
            let words = if is_account(arg) {
                format!("(__backup_notify_accounts {})", offer(&name))
            } else if is_message(arg) {
                "(__backup_notify_messages)".to_owned()
            } else {
                words.join(" ")
            };
            // in the words of clap_complete
            let behind = match name.split_once(' ') {
                Some((first, second)) => format!("{first}; and __fish_seen_subcommand_from {second}"),
                None => name.clone(),
            };
            lines.push_str(&format!(
                "complete -c backup-notify -n \"__fish_backup_notify_using_subcommand {behind}\" -f -a \"{words}\"\n"
            ));
        }
    }
    lines
}

/// What stands behind a command without a flag and the program is asked for: how the line of zsh begins, and
/// what asks.
fn asked_behind_commands() -> Vec<(String, String)> {
    let cli = definition();
    let mut lines = Vec::new();
    for (name, command) in commands(&cli) {
        for arg in command.get_positionals() {
            let colons = if arg.is_required_set() { ":" } else { "::" };
            if is_account(arg) {
                let asks = format!("_backup-notify_accounts {}", offer(&name));
                lines.push((format!("'{colons}{} -- ", arg.get_id()), asks));
            } else if is_message(arg) {
                let asks = "_backup-notify_messages".to_owned();
                lines.push((format!("'*::{} -- ", arg.get_id()), asks));
            }
        }
    }
    lines
}
