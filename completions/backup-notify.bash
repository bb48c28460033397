# Completions of backup-notify for bash 3.2 and later. Made from the program's own
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
        password | outbox)
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
        --task | --report | --log | --json-file | --newest | --save-ca)
            _backup_notify_offer -f
            return 0
            ;;
        --name | --exit-code | --started | --finished | --message | --to | --from | --deadline | --max-age | --last-success | --password-source)
            return 0
            ;;
        --event)
            _backup_notify_offer -W 'begin end'
            return 0
            ;;
        --status)
            _backup_notify_offer -W 'success warning error interrupted skipped'
            return 0
            ;;
        --tool)
            _backup_notify_offer -W 'rsync restic borg rclone tar rsnapshot duplicati kopia ccc borgmatic resticprofile systemd generic'
            return 0
            ;;
        --when)
            _backup_notify_offer -W 'finish warning error'
            return 0
            ;;
        --account)
            _backup_notify_accounts usable
            return 0
            ;;
        --tls-mode)
            _backup_notify_offer -W 'implicit starttls none'
            return 0
            ;;
        --tls-trust)
            _backup_notify_trust 'system ca-file: pin:sha256: pin:spki-sha256: self-signed-root accept-any-certificate'
            return 0
            ;;
        --outbox)
            _backup_notify_outbox
            return 0
            ;;
        --mail-home)
            _backup_notify_offer -d
            return 0
            ;;
        --run-by)
            _backup_notify_offer -W 'me root'
            return 0
            ;;
    esac

    case $command in
        '') list='notify run test-email check overdue certificate accounts password outbox setup schema completions man --help --version' ;;
        password) list='set remove list --help --version' ;;
        outbox) list='list send remove --help --version' ;;
        notify) list='--dry-run --hook --task --name --event --status --exit-code --tool --report --started --finished --log --message --when --to --from --account --tls-mode --tls-trust --allow-cleartext-password --deadline --outbox --mail-home --growl --desktop --json --verbose --quiet --help --version' ;;
        run) list='--capture --tool --log --report --message --json-file --verbose --quiet --task --name --when --to --from --account --tls-mode --tls-trust --allow-cleartext-password --deadline --outbox --mail-home --growl --desktop --help --version' ;;
        test-email) list='--dry-run --task --name --when --to --from --account --tls-mode --tls-trust --allow-cleartext-password --deadline --outbox --mail-home --growl --desktop --json --verbose --quiet --help --version' ;;
        check) list='--offline --task --name --when --to --from --account --tls-mode --tls-trust --allow-cleartext-password --deadline --outbox --mail-home --growl --desktop --json --verbose --quiet --help --version' ;;
        overdue) list='--max-age --last-success --newest --dry-run --task --name --when --to --from --account --tls-mode --tls-trust --allow-cleartext-password --deadline --outbox --mail-home --growl --desktop --json --verbose --quiet --help --version' ;;
        certificate) list='--tls-mode --save-ca --yes --deadline --json --verbose --quiet --help --version' ;;
        accounts)
            list='--mail-home --deadline --json --verbose --quiet --help --version'
            if [[ $cur != -* ]]; then
                _backup_notify_accounts all
                [[ ${#COMPREPLY[@]} -gt 0 ]] && return 0
            fi
            ;;
        'password set')
            list='--stdin --test --no-test --tls-mode --tls-trust --allow-cleartext-password --mail-home --deadline --json --verbose --quiet --help --version'
            if [[ $cur != -* ]]; then
                _backup_notify_accounts keepable
                [[ ${#COMPREPLY[@]} -gt 0 ]] && return 0
            fi
            ;;
        'password remove')
            list='--mail-home --deadline --json --verbose --quiet --help --version'
            if [[ $cur != -* ]]; then
                _backup_notify_accounts kept
                [[ ${#COMPREPLY[@]} -gt 0 ]] && return 0
            fi
            ;;
        'password list') list='--json --verbose --quiet --help --version' ;;
        'outbox list') list='--outbox --json --verbose --quiet --help --version' ;;
        'outbox send')
            list='--task --deadline --outbox --json --verbose --quiet --help --version'
            if [[ $cur != -* ]]; then
                _backup_notify_messages
                [[ ${#COMPREPLY[@]} -gt 0 ]] && return 0
            fi
            ;;
        'outbox remove')
            list='--all --yes --outbox --json --verbose --quiet --help --version'
            if [[ $cur != -* ]]; then
                _backup_notify_messages
                [[ ${#COMPREPLY[@]} -gt 0 ]] && return 0
            fi
            ;;
        setup) list='--run-by --name --when --account --mail-home --from --password-stdin --password-source --to --tls-mode --tls-trust --allow-cleartext-password --test --no-test --deadline --yes --json --verbose --quiet --help --version' ;;
        schema) list='--help --version' ;;
        completions) list='bash zsh fish --help --version' ;;
        man) list='--help --version' ;;
    esac
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
