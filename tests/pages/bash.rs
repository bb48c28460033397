//! The completions for bash.
//!
//! Written here and not by `clap_complete`: what that makes for a program with a hyphen in its name
//! completes nothing behind a command (clap issue 6421), and knows neither words with colons nor
//! flags whose values are no files. The lists in it come from the same definition.

use std::fmt::Write as _;

use clap::{Arg, Command, ValueHint};

use super::{commands, definition, is_account, is_message, is_outbox_or_none, offer};

/// Everything but the lists. `cur` is the word that is being completed, put together again from
/// the pieces into which bash splits it at ":" and "=".
const SCRIPT: &str = r#"# Completions of backup-notify for bash 3.2 and later. Made from the program's own
# definition of its command line: do not edit, see tests/pages.rs.

_backup_notify() {
    local IFS=$' \t\n'
    local cur prev='' command='' list='' blanks word stem='' words=() last i
    local line=${COMP_LINE:0:COMP_POINT}
    COMPREPLY=()

    # bash splits words at ":" and "=": what no blank separates belongs together
    for ((i = 0; i <= COMP_CWORD; i++)); do
        blanks=${line%%[![:blank:]]*}
        line=${line:${#blanks}}
        word=${line:0:${#COMP_WORDS[i]}}
        line=${line:${#word}}
        last=$((${#words[@]} - 1))
        if [[ $i -eq 0 || -n $blanks ]]; then
            words+=("$word")
        else
            words[last]+=$word
        fi
    done
    last=$((${#words[@]} - 1))
    cur=${words[last]}
    if [[ $last -gt 1 ]]; then
        command=${words[1]}
        prev=${words[last - 1]}
    fi
    # behind "--": of "run" a command and its files
    for ((i = 2; i < last; i++)); do
        if [[ ${words[i]} == -- ]]; then
            [[ $command == run && $i -eq last-1 ]] && _backup_notify_offer -c
            [[ $command == run && $i -lt last-1 ]] && _backup_notify_offer -f
            return 0
        fi
    done
    # commands of two words
    case $command in
{nested})
            if [[ $last -gt 2 ]]; then
                command+=" ${words[2]}"
            fi
            ;;
    esac
    if [[ $cur == --*=* ]]; then
        prev=${cur%%=*}
        cur=${cur#*=}
        [[ $COMP_WORDBREAKS == *=* ]] || stem=$prev=
    fi

    case $prev in
{values}    esac

    case $command in
{flags}    esac
    _backup_notify_offer -W "$list"
}

# Offers what compgen finds with these options for the word that is being completed.
_backup_notify_offer() {
    local found
    while IFS= read -r found; do
        COMPREPLY+=("$stem$found")
    done < <(compgen "$@" -- "$cur")
    case $1 in
        -[fd]) compopt -o filenames 2>/dev/null ;;
    esac
}

# Offers the trust rules, and files behind "ca-file:".
_backup_notify_trust() {
    local whole=$cur colon i
    if [[ $cur == ca-file:* ]]; then
        cur=${cur#ca-file:}
        stem+=ca-file:
        _backup_notify_offer -f
    else
        _backup_notify_offer -W "$1"
        # what ends in a colon goes on
        if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *: ]]; then
            compopt -o nospace 2>/dev/null
        fi
    fi
    # readline replaces only what is behind the last colon
    if [[ $COMP_WORDBREAKS == *:* && $whole == *:* ]]; then
        colon=${whole%"${whole##*:}"}
        for i in "${!COMPREPLY[@]}"; do
            COMPREPLY[i]=${COMPREPLY[i]#"$colon"}
        done
    fi
}

# Adds the folder that was named by this flag to what the program is asked; fails when it is not clear
# which one that is.
_backup_notify_named() {
    local i folder=''
    for ((i = 2; i < last; i++)); do
        case ${words[i]} in
            "$1")
                folder=${words[i + 1]}
                [[ $folder == '~/'* ]] && folder=$HOME/${folder#'~/'}
                ;;
            "$1"=*) folder=${words[i]#*=} ;;
        esac
    done
    [[ $folder == *[\"\'\$\`]* ]] && return 1
    if [[ -n $folder ]]; then
        # without its backslashes
        IFS= read folder <<<"$folder"
        ask+=("$1" "$folder")
    fi
}

# Offers the messages that wait.
_backup_notify_messages() {
    local id found ask=(outbox list --complete)
    _backup_notify_named --outbox || return
    while IFS=$'\t' read -r id found; do
        [[ $id == "$cur"* ]] && COMPREPLY+=("$id")
    done < <(command backup-notify "${ask[@]}" 2>/dev/null)
}

# Offers folders, and "none" where a task is told to do without an outbox.
_backup_notify_outbox() {
    [[ $command == outbox* ]] || _backup_notify_offer -W none
    _backup_notify_offer -d
}

# Offers the accounts that the program finds: "usable" ones, "all" of Mail, those whose password
# is "keepable" or "kept".
_backup_notify_accounts() {
    local found id quote='' typed=$cur cut='' i ask=(accounts --complete "$1")
    _backup_notify_named --mail-home || return
    if [[ $cur == [\"\']* ]]; then
        quote=${cur:0:1}
        typed=${cur:1}
    else
        # readline replaces only what is behind the last of the characters at which it splits
        for ((i = ${#cur}; i > 0; i--)); do
            if [[ $COMP_WORDBREAKS == *"${cur:i-1:1}"* && ( $i -eq 1 || ${cur:i-2:1} != \\ ) ]]; then
                cut=${cur:0:i}
                # it keeps these at the head of what it replaces
                cut=${cut%[@\$]}
                break
            fi
        done
    fi
    while IFS=$'\t' read -r id found; do
        case $quote in
            '') printf -v id %q "$id" ;;
            '"') [[ $id == *[\"\$\`\\!]* ]] && continue ;;
            *) [[ $id == *\'* ]] && continue ;;
        esac
        if [[ $id == "$typed"* ]]; then
            id=${id#"$cut"}
            [[ -n $cut || -n $quote ]] || id=$stem$id
            COMPREPLY+=("$id")
        fi
    done < <(command backup-notify "${ask[@]}" 2>/dev/null)
}

complete -F _backup_notify backup-notify
"#;

/// A command that is followed by what the program is asked for: with none to offer, its flags are.
const ASKED: &str = r"        {name})
            list='{list}'
            if [[ $cur != -* ]]; then
                {asked}
                [[ ${#COMPREPLY[@]} -gt 0 ]] && return 0
            fi
            ;;";

pub(super) fn script() -> String {
    let cli = definition();
    let nested: Vec<&Command> = cli.get_subcommands().filter(|command| command.has_subcommands()).collect();
    let mut flags = String::new();
    let list = |command: &Command| {
        let below = command.get_subcommands().map(Command::get_name).filter(|name| *name != "help");
        let mut list: Vec<String> = below.map(str::to_owned).collect();
        list.extend(own(command));
        list.join(" ")
    };
    let _ = writeln!(flags, "        '') list='{}' ;;", list(&cli));
    for command in &nested {
        let _ = writeln!(flags, "        {}) list='{}' ;;", command.get_name(), list(command));
    }
    let mut values: Vec<(String, Vec<String>)> = Vec::new();
    for (name, command) in commands(&cli) {
        // a pattern of two words
        let pattern = if name.contains(' ') { format!("'{name}'") } else { name.clone() };
        let list = list(command);
        let asked = if command.get_positionals().any(is_account) {
            Some(format!("_backup_notify_accounts {}", offer(&name)))
        } else {
            command.get_positionals().any(is_message).then(|| "_backup_notify_messages".to_owned())
        };
        if let Some(asked) = asked {
            let case = ASKED.replace("{name}", &pattern).replace("{list}", &list);
            let _ = writeln!(flags, "{}", case.replace("{asked}", &asked));
        } else {
            let _ = writeln!(flags, "        {pattern}) list='{list}' ;;");
        }
        for arg in command.get_arguments().filter(|arg| wants_value(arg) && !arg.is_hide_set()) {
            let (flag, action) = (format!("--{}", arg.get_long().unwrap()), action(arg));
            // known by the first that has it: what another command means by it, the function tells
            if values.iter().any(|(_, flags)| flags.contains(&flag)) {
                continue;
            }
            match values.iter_mut().find(|(known, _)| *known == action) {
                Some((_, flags)) if flags.contains(&flag) => {}
                Some((_, flags)) => flags.push(flag),
                None => values.push((action, vec![flag])),
            }
        }
    }
    let values: Vec<String> = values
        .iter()
        .map(|(action, flags)| {
            format!(
                "        {})\n            {action}\n            return 0\n            ;;\n",
                flags.join(" | ")
            )
        })
        .collect();
    let nested: Vec<&str> = nested.iter().map(|command| command.get_name()).collect();
    let script = SCRIPT.replace("{nested}", &format!("        {}", nested.join(" | ")));
    script.replace("{values}", &values.concat().replace("            :\n", "")).replace("{flags}", &flags)
}

/// Lists what can be typed behind a command.
fn own(command: &Command) -> Vec<String> {
    let mut list = Vec::new();
    for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
        if arg.is_positional() {
            list.extend(arg.get_possible_values().iter().map(|word| word.get_name().to_owned()));
        }
        list.extend(arg.get_long().map(|long| format!("--{long}")));
    }
    list
}

/// Tells whether a flag always has a value: behind one that may have none, flags go on.
fn wants_value(arg: &Arg) -> bool {
    !arg.is_positional()
        && arg.get_action().takes_values()
        && arg.get_num_args().is_none_or(|range| range.min_values() > 0)
}

/// What is to be done for the value of a flag.
fn action(arg: &Arg) -> String {
    let words: Vec<String> =
        arg.get_possible_values().iter().map(|word| word.get_name().to_owned()).collect();
    if words.iter().any(|word| word.ends_with(':')) {
        return format!("_backup_notify_trust '{}'", words.join(" "));
    }
    if !words.is_empty() {
        return format!("_backup_notify_offer -W '{}'", words.join(" "));
    }
    if is_outbox_or_none(arg) {
        return "_backup_notify_outbox".to_owned();
    }
    if is_account(arg) {
        return "_backup_notify_accounts usable".to_owned();
    }
    match arg.get_value_hint() {
        ValueHint::FilePath | ValueHint::AnyPath => "_backup_notify_offer -f".to_owned(),
        ValueHint::DirPath => "_backup_notify_offer -d".to_owned(),
        // a name, a number, a sentence: nobody can guess it
        _ => ":".to_owned(),
    }
}
