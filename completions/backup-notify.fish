# Made from the program's own definition of its command line: do not edit, see tests/pages.rs.
function __backup_notify_trust
    set -l word (commandline -ct)
    if string match -q -- 'ca-file:*' $word
        printf 'ca-file:%s\n' (__fish_complete_path (string replace -- 'ca-file:' '' $word))
        return
    end
    printf '%s\t%s\n' 'system' 'what the operating system trusts'
    printf '%s\t%s\n' 'ca-file:' 'only chains to a certificate in this PEM file'
    printf '%s\t%s\n' 'pin:sha256:' 'only the certificate with this SHA-256'
    printf '%s\t%s\n' 'pin:spki-sha256:' 'only the public key with this SHA-256'
    printf '%s\t%s\n' 'self-signed-root' 'also an unknown root that the server sends'
    printf '%s\t%s\n' 'accept-any-certificate' 'anything at all'
end

function __backup_notify_accounts
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

function __backup_notify_messages
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

# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_backup_notify_global_optspecs
    string join \n h/help V/version
end

function __fish_backup_notify_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_backup_notify_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_backup_notify_using_subcommand
    set -l cmd (__fish_backup_notify_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c backup-notify -n "__fish_backup_notify_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c backup-notify -n "__fish_backup_notify_needs_command" -s V -l version -d 'Print version'
complete -c backup-notify -n "__fish_backup_notify_needs_command" -f -a "notify" -d 'Decide, compose and deliver: the hook that a backup program calls'
complete -c backup-notify -n "__fish_backup_notify_needs_command" -f -a "run" -d 'Run a command, tell how it ended, and end as it did: for backups without a hook'
complete -c backup-notify -n "__fish_backup_notify_needs_command" -f -a "test-email" -d 'Send a test message by exactly the path that "notify" takes, and show each stage'
complete -c backup-notify -n "__fish_backup_notify_needs_command" -f -a "check" -d 'Try everything up to an accepted recipient, ask the screens too, and send nothing'
complete -c backup-notify -n "__fish_backup_notify_needs_command" -f -a "overdue" -d 'Tell the task\'s people when the last success is too old: for cron, beside the backup'
complete -c backup-notify -n "__fish_backup_notify_needs_command" -f -a "certificate" -d 'Show the certificates of a server and what each trust rule says of them'
complete -c backup-notify -n "__fish_backup_notify_needs_command" -f -a "accounts" -d 'List the SMTP accounts that Apple Mail knows, each with the id to write in a task'
complete -c backup-notify -n "__fish_backup_notify_needs_command" -f -a "password" -d 'Keep passwords in the private keychain, and see what it keeps'
complete -c backup-notify -n "__fish_backup_notify_needs_command" -f -a "outbox" -d 'See which messages no server has accepted yet, and give them up'
complete -c backup-notify -n "__fish_backup_notify_needs_command" -f -a "setup" -d 'Write a task file in a short conversation: when, account, password, recipients, test'
complete -c backup-notify -n "__fish_backup_notify_needs_command" -f -a "schema" -d 'Print the JSON Schema of the task file'
complete -c backup-notify -n "__fish_backup_notify_needs_command" -f -a "completions" -d 'Print the completions for a shell'
complete -c backup-notify -n "__fish_backup_notify_needs_command" -f -a "man" -d 'Print the man page'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand notify" -l task -d 'Read the task from this file, from stdin (-), or by its name from the configuration folder' -r -F
complete -c backup-notify -n "__fish_backup_notify_using_subcommand notify" -l name -d 'Make a task of this name from the other flags, without a file' -r -f
complete -c backup-notify -n "__fish_backup_notify_using_subcommand notify" -l event -d 'Say which end of the backup this is' -r -f -a "begin\t''
end\t''"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand notify" -l status -d 'Say how the backup ended; this decides, whatever the exit code and the report say' -r -f -a "success\t''
warning\t''
error\t''
interrupted\t''
skipped\t''"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand notify" -l exit-code -d 'Give the exit code of the backup program; what it means depends on --tool' -r -f
complete -c backup-notify -n "__fish_backup_notify_using_subcommand notify" -l tool -d 'Name the backup program: for the meaning of its exit code, its report and what it hands over; without it only 0 is a success' -r -f -a "rsync\t''
restic\t''
borg\t''
rclone\t''
tar\t''
rsnapshot\t''
duplicati\t''
kopia\t''
ccc\t''
borgmatic\t''
resticprofile\t''
systemd\t''
generic\t''"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand notify" -l report -d 'Read the facts of the run from this file or from stdin (-): our JSON, or with --tool what that program printed' -r -F
complete -c backup-notify -n "__fish_backup_notify_using_subcommand notify" -l started -d 'Say when the backup began (RFC 3339, or seconds since 1970 as "date +%s" prints them)' -r -f
complete -c backup-notify -n "__fish_backup_notify_using_subcommand notify" -l finished -d 'Say when the backup ended (the same forms); without it the time of this call' -r -f
complete -c backup-notify -n "__fish_backup_notify_using_subcommand notify" -l log -d 'Quote this log in the message: the lines that speak of errors, and its end' -r -F
complete -c backup-notify -n "__fish_backup_notify_using_subcommand notify" -l message -d 'Add a sentence about the run to the message' -r -f
complete -c backup-notify -n "__fish_backup_notify_using_subcommand notify" -l when -d 'Send an e-mail about every outcome, from warnings on, or about errors only' -r -f -a "finish\t''
warning\t''
error\t''"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand notify" -l to -d 'Send to these addresses, separated by commas' -r -f
complete -c backup-notify -n "__fish_backup_notify_using_subcommand notify" -l from -d 'Send from this address' -r -f
complete -c backup-notify -n "__fish_backup_notify_using_subcommand notify" -l account -d 'Use this account: an id as "accounts" prints it, a sender\'s address, a description, or an object as in a task file' -r -f -a '(__backup_notify_accounts usable)'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand notify" -l tls-mode -d 'Begin TLS at once, after STARTTLS, or never' -r -f -a "implicit\t''
starttls\t''
none\t''"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand notify" -l tls-trust -d 'Accept the server\'s certificate by this rule: system, ca-file:PATH, pin:sha256:HEX, pin:spki-sha256:HEX, self-signed-root or accept-any-certificate; repeat it for several pins' -r -f -a '(__backup_notify_trust)'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand notify" -l deadline -d 'Bound the whole run of the program, such as 45s or 2m' -r -f
complete -c backup-notify -n "__fish_backup_notify_using_subcommand notify" -l outbox -d 'Keep each e-mail in this folder until a server has accepted it, or nowhere (none)' -r -f -a "none (__fish_complete_directories)"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand notify" -l mail-home -d 'Read Mail\'s accounts from this home folder; they are named by their ids then' -r -f -a "(__fish_complete_directories)"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand notify" -l growl -d 'Show a notice through Growl, on this computer or the one named' -r -f -a "(__fish_print_hostnames)"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand notify" -l dry-run -d 'Print the decision and the finished message; touch no secret, no network and no outbox'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand notify" -l hook -d 'Exit 0 whatever became of the deliveries, for backup programs that take a hook\'s failure for their own'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand notify" -l allow-cleartext-password -d 'Let a password cross an unencrypted connection'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand notify" -l desktop -d 'Show a notice on the desktop of whoever is logged in'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand notify" -l json -d 'Print one result object on stdout'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand notify" -s v -l verbose -d 'Say more on stderr: the decision, its reason, and each stage'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand notify" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand notify" -s h -l help -d 'Print help'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand notify" -s V -l version -d 'Print version'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand run" -l tool -d 'Name the backup program, for the meaning of its exit code and of what it prints' -r -f -a "rsync\t''
restic\t''
borg\t''
rclone\t''
tar\t''
rsnapshot\t''
duplicati\t''
kopia\t''
ccc\t''
borgmatic\t''
resticprofile\t''
systemd\t''
generic\t''"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand run" -l log -d 'Quote this log, which the command writes, in the message' -r -F
complete -c backup-notify -n "__fish_backup_notify_using_subcommand run" -l report -d 'Read the facts of the run from this file, which the command writes: what --tool prints, or our JSON' -r -F
complete -c backup-notify -n "__fish_backup_notify_using_subcommand run" -l message -d 'Add a sentence about the run to the message' -r -f
complete -c backup-notify -n "__fish_backup_notify_using_subcommand run" -l json-file -d 'Write the result object, which "notify --json" prints, to this file at the end' -r -F
complete -c backup-notify -n "__fish_backup_notify_using_subcommand run" -l task -d 'Read the task from this file, from stdin (-), or by its name from the configuration folder' -r -F
complete -c backup-notify -n "__fish_backup_notify_using_subcommand run" -l name -d 'Make a task of this name from the other flags, without a file' -r -f
complete -c backup-notify -n "__fish_backup_notify_using_subcommand run" -l when -d 'Send an e-mail about every outcome, from warnings on, or about errors only' -r -f -a "finish\t''
warning\t''
error\t''"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand run" -l to -d 'Send to these addresses, separated by commas' -r -f
complete -c backup-notify -n "__fish_backup_notify_using_subcommand run" -l from -d 'Send from this address' -r -f
complete -c backup-notify -n "__fish_backup_notify_using_subcommand run" -l account -d 'Use this account: an id as "accounts" prints it, a sender\'s address, a description, or an object as in a task file' -r -f -a '(__backup_notify_accounts usable)'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand run" -l tls-mode -d 'Begin TLS at once, after STARTTLS, or never' -r -f -a "implicit\t''
starttls\t''
none\t''"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand run" -l tls-trust -d 'Accept the server\'s certificate by this rule: system, ca-file:PATH, pin:sha256:HEX, pin:spki-sha256:HEX, self-signed-root or accept-any-certificate; repeat it for several pins' -r -f -a '(__backup_notify_trust)'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand run" -l deadline -d 'Bound the whole run of the program, such as 45s or 2m' -r -f
complete -c backup-notify -n "__fish_backup_notify_using_subcommand run" -l outbox -d 'Keep each e-mail in this folder until a server has accepted it, or nowhere (none)' -r -f -a "none (__fish_complete_directories)"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand run" -l mail-home -d 'Read Mail\'s accounts from this home folder; they are named by their ids then' -r -f -a "(__fish_complete_directories)"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand run" -l growl -d 'Show a notice through Growl, on this computer or the one named' -r -f -a "(__fish_print_hostnames)"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand run" -l capture -d 'Keep what the command prints, beside passing it on: for the facts in it, and as the log in the message'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand run" -s v -l verbose -d 'Say more on stderr: the decision, its reason, and each stage'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand run" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand run" -l allow-cleartext-password -d 'Let a password cross an unencrypted connection'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand run" -l desktop -d 'Show a notice on the desktop of whoever is logged in'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand run" -s h -l help -d 'Print help'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand run" -s V -l version -d 'Print version'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand test-email" -l task -d 'Read the task from this file, from stdin (-), or by its name from the configuration folder' -r -F
complete -c backup-notify -n "__fish_backup_notify_using_subcommand test-email" -l name -d 'Make a task of this name from the other flags, without a file' -r -f
complete -c backup-notify -n "__fish_backup_notify_using_subcommand test-email" -l when -d 'Send an e-mail about every outcome, from warnings on, or about errors only' -r -f -a "finish\t''
warning\t''
error\t''"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand test-email" -l to -d 'Send to these addresses, separated by commas' -r -f
complete -c backup-notify -n "__fish_backup_notify_using_subcommand test-email" -l from -d 'Send from this address' -r -f
complete -c backup-notify -n "__fish_backup_notify_using_subcommand test-email" -l account -d 'Use this account: an id as "accounts" prints it, a sender\'s address, a description, or an object as in a task file' -r -f -a '(__backup_notify_accounts usable)'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand test-email" -l tls-mode -d 'Begin TLS at once, after STARTTLS, or never' -r -f -a "implicit\t''
starttls\t''
none\t''"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand test-email" -l tls-trust -d 'Accept the server\'s certificate by this rule: system, ca-file:PATH, pin:sha256:HEX, pin:spki-sha256:HEX, self-signed-root or accept-any-certificate; repeat it for several pins' -r -f -a '(__backup_notify_trust)'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand test-email" -l deadline -d 'Bound the whole run of the program, such as 45s or 2m' -r -f
complete -c backup-notify -n "__fish_backup_notify_using_subcommand test-email" -l outbox -d 'Keep each e-mail in this folder until a server has accepted it, or nowhere (none)' -r -f -a "none (__fish_complete_directories)"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand test-email" -l mail-home -d 'Read Mail\'s accounts from this home folder; they are named by their ids then' -r -f -a "(__fish_complete_directories)"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand test-email" -l growl -d 'Show a notice through Growl, on this computer or the one named' -r -f -a "(__fish_print_hostnames)"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand test-email" -l dry-run -d 'Print the finished message; touch no secret, no network and no outbox'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand test-email" -l allow-cleartext-password -d 'Let a password cross an unencrypted connection'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand test-email" -l desktop -d 'Show a notice on the desktop of whoever is logged in'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand test-email" -l json -d 'Print one result object on stdout'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand test-email" -s v -l verbose -d 'Say more on stderr: the decision, its reason, and each stage'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand test-email" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand test-email" -s h -l help -d 'Print help'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand test-email" -s V -l version -d 'Print version'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand check" -l task -d 'Read the task from this file, from stdin (-), or by its name from the configuration folder' -r -F
complete -c backup-notify -n "__fish_backup_notify_using_subcommand check" -l name -d 'Make a task of this name from the other flags, without a file' -r -f
complete -c backup-notify -n "__fish_backup_notify_using_subcommand check" -l when -d 'Send an e-mail about every outcome, from warnings on, or about errors only' -r -f -a "finish\t''
warning\t''
error\t''"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand check" -l to -d 'Send to these addresses, separated by commas' -r -f
complete -c backup-notify -n "__fish_backup_notify_using_subcommand check" -l from -d 'Send from this address' -r -f
complete -c backup-notify -n "__fish_backup_notify_using_subcommand check" -l account -d 'Use this account: an id as "accounts" prints it, a sender\'s address, a description, or an object as in a task file' -r -f -a '(__backup_notify_accounts usable)'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand check" -l tls-mode -d 'Begin TLS at once, after STARTTLS, or never' -r -f -a "implicit\t''
starttls\t''
none\t''"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand check" -l tls-trust -d 'Accept the server\'s certificate by this rule: system, ca-file:PATH, pin:sha256:HEX, pin:spki-sha256:HEX, self-signed-root or accept-any-certificate; repeat it for several pins' -r -f -a '(__backup_notify_trust)'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand check" -l deadline -d 'Bound the whole run of the program, such as 45s or 2m' -r -f
complete -c backup-notify -n "__fish_backup_notify_using_subcommand check" -l outbox -d 'Keep each e-mail in this folder until a server has accepted it, or nowhere (none)' -r -f -a "none (__fish_complete_directories)"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand check" -l mail-home -d 'Read Mail\'s accounts from this home folder; they are named by their ids then' -r -f -a "(__fish_complete_directories)"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand check" -l growl -d 'Show a notice through Growl, on this computer or the one named' -r -f -a "(__fish_print_hostnames)"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand check" -l offline -d 'Stop before the network; passwords are fetched all the same'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand check" -l allow-cleartext-password -d 'Let a password cross an unencrypted connection'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand check" -l desktop -d 'Show a notice on the desktop of whoever is logged in'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand check" -l json -d 'Print one result object on stdout'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand check" -s v -l verbose -d 'Say more on stderr: the decision, its reason, and each stage'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand check" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand check" -s h -l help -d 'Print help'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand check" -s V -l version -d 'Print version'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand overdue" -l max-age -d 'Tell people when the last success is older than this: 90m, 26h, 8d, 2w' -r -f
complete -c backup-notify -n "__fish_backup_notify_using_subcommand overdue" -l last-success -d 'Say when the last success was (RFC 3339, a local time, or seconds since 1970); empty when none is known' -r -f
complete -c backup-notify -n "__fish_backup_notify_using_subcommand overdue" -l newest -d 'Take the newest file in this folder, or the file, for the last success' -r -F
complete -c backup-notify -n "__fish_backup_notify_using_subcommand overdue" -l task -d 'Read the task from this file, from stdin (-), or by its name from the configuration folder' -r -F
complete -c backup-notify -n "__fish_backup_notify_using_subcommand overdue" -l name -d 'Make a task of this name from the other flags, without a file' -r -f
complete -c backup-notify -n "__fish_backup_notify_using_subcommand overdue" -l when -d 'Send an e-mail about every outcome, from warnings on, or about errors only' -r -f -a "finish\t''
warning\t''
error\t''"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand overdue" -l to -d 'Send to these addresses, separated by commas' -r -f
complete -c backup-notify -n "__fish_backup_notify_using_subcommand overdue" -l from -d 'Send from this address' -r -f
complete -c backup-notify -n "__fish_backup_notify_using_subcommand overdue" -l account -d 'Use this account: an id as "accounts" prints it, a sender\'s address, a description, or an object as in a task file' -r -f -a '(__backup_notify_accounts usable)'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand overdue" -l tls-mode -d 'Begin TLS at once, after STARTTLS, or never' -r -f -a "implicit\t''
starttls\t''
none\t''"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand overdue" -l tls-trust -d 'Accept the server\'s certificate by this rule: system, ca-file:PATH, pin:sha256:HEX, pin:spki-sha256:HEX, self-signed-root or accept-any-certificate; repeat it for several pins' -r -f -a '(__backup_notify_trust)'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand overdue" -l deadline -d 'Bound the whole run of the program, such as 45s or 2m' -r -f
complete -c backup-notify -n "__fish_backup_notify_using_subcommand overdue" -l outbox -d 'Keep each e-mail in this folder until a server has accepted it, or nowhere (none)' -r -f -a "none (__fish_complete_directories)"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand overdue" -l mail-home -d 'Read Mail\'s accounts from this home folder; they are named by their ids then' -r -f -a "(__fish_complete_directories)"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand overdue" -l growl -d 'Show a notice through Growl, on this computer or the one named' -r -f -a "(__fish_print_hostnames)"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand overdue" -l dry-run -d 'Print the decision and the finished message; touch no secret, no network and no outbox'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand overdue" -l allow-cleartext-password -d 'Let a password cross an unencrypted connection'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand overdue" -l desktop -d 'Show a notice on the desktop of whoever is logged in'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand overdue" -l json -d 'Print one result object on stdout'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand overdue" -s v -l verbose -d 'Say more on stderr: the decision, its reason, and each stage'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand overdue" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand overdue" -s h -l help -d 'Print help'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand overdue" -s V -l version -d 'Print version'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand certificate" -l tls-mode -d 'Say when TLS begins; without it the port tells, or both are tried' -r -f -a "implicit\t''
starttls\t''"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand certificate" -l save-ca -d 'Write the root that the server sends to this new file, for ca-file, after showing its fingerprint' -r -F
complete -c backup-notify -n "__fish_backup_notify_using_subcommand certificate" -l deadline -d 'Bound the whole run of the program: 45s, 2m' -r -f
complete -c backup-notify -n "__fish_backup_notify_using_subcommand certificate" -l yes -d 'Write it without asking'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand certificate" -l json -d 'Print one result object on stdout'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand certificate" -s v -l verbose -d 'Say more on stderr: the decision, its reason, and each stage'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand certificate" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand certificate" -s h -l help -d 'Print help'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand certificate" -s V -l version -d 'Print version'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand accounts" -l mail-home -d 'Read Mail\'s accounts from this home folder: another person\'s, or one on another disk' -r -f -a "(__fish_complete_directories)"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand accounts" -l deadline -d 'Bound the whole run of the program: 45s, 2m' -r -f
complete -c backup-notify -n "__fish_backup_notify_using_subcommand accounts" -l json -d 'Print one result object on stdout'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand accounts" -s v -l verbose -d 'Say more on stderr: the decision, its reason, and each stage'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand accounts" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand accounts" -s h -l help -d 'Print help'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand accounts" -s V -l version -d 'Print version'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand password; and not __fish_seen_subcommand_from set remove list" -s h -l help -d 'Print help'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand password; and not __fish_seen_subcommand_from set remove list" -s V -l version -d 'Print version'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand password; and not __fish_seen_subcommand_from set remove list" -f -a "set" -d 'Keep the password of an account; it is asked for twice, without echo'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand password; and not __fish_seen_subcommand_from set remove list" -f -a "remove" -d 'Forget the password of an account'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand password; and not __fish_seen_subcommand_from set remove list" -f -a "list" -d 'List the accounts whose passwords are kept, and since when'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand password; and __fish_seen_subcommand_from set" -l tls-mode -d 'Begin TLS at once, after STARTTLS, or never; without it as Mail says, or by the port' -r -f -a "implicit\t''
starttls\t''
none\t''"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand password; and __fish_seen_subcommand_from set" -l tls-trust -d 'Accept the server\'s certificate by this rule: system, ca-file:PATH, pin:sha256:HEX, pin:spki-sha256:HEX, self-signed-root or accept-any-certificate; repeat it for several pins' -r -f -a '(__backup_notify_trust)'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand password; and __fish_seen_subcommand_from set" -l mail-home -d 'Look the account up in the Mail of this home folder: another person\'s, or one on another disk' -r -f -a "(__fish_complete_directories)"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand password; and __fish_seen_subcommand_from set" -l deadline -d 'Bound the whole run of the program: 45s, 2m' -r -f
complete -c backup-notify -n "__fish_backup_notify_using_subcommand password; and __fish_seen_subcommand_from set" -l stdin -d 'Read the password from standard input, one line, instead of asking for it'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand password; and __fish_seen_subcommand_from set" -l test -d 'Sign in to the server with it before it is kept; nothing is sent'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand password; and __fish_seen_subcommand_from set" -l no-test -d 'Keep it without asking whether to try it first'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand password; and __fish_seen_subcommand_from set" -l allow-cleartext-password -d 'Let the password cross an unencrypted connection when it is tried'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand password; and __fish_seen_subcommand_from set" -l json -d 'Print one result object on stdout'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand password; and __fish_seen_subcommand_from set" -s v -l verbose -d 'Say more on stderr: the decision, its reason, and each stage'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand password; and __fish_seen_subcommand_from set" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand password; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand password; and __fish_seen_subcommand_from set" -s V -l version -d 'Print version'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand password; and __fish_seen_subcommand_from remove" -l mail-home -d 'Look the account up in the Mail of this home folder: another person\'s, or one on another disk' -r -f -a "(__fish_complete_directories)"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand password; and __fish_seen_subcommand_from remove" -l deadline -d 'Bound the whole run of the program: 45s, 2m' -r -f
complete -c backup-notify -n "__fish_backup_notify_using_subcommand password; and __fish_seen_subcommand_from remove" -l json -d 'Print one result object on stdout'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand password; and __fish_seen_subcommand_from remove" -s v -l verbose -d 'Say more on stderr: the decision, its reason, and each stage'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand password; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand password; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand password; and __fish_seen_subcommand_from remove" -s V -l version -d 'Print version'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand password; and __fish_seen_subcommand_from list" -l json -d 'Print one result object on stdout'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand password; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more on stderr: the decision, its reason, and each stage'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand password; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand password; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand password; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand outbox; and not __fish_seen_subcommand_from list send remove" -s h -l help -d 'Print help'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand outbox; and not __fish_seen_subcommand_from list send remove" -s V -l version -d 'Print version'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand outbox; and not __fish_seen_subcommand_from list send remove" -f -a "list" -d 'List the messages that no server has accepted yet, the oldest first'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand outbox; and not __fish_seen_subcommand_from list send remove" -f -a "send" -d 'Send the messages that wait, the oldest first, each by the word of its task file as it is now'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand outbox; and not __fish_seen_subcommand_from list send remove" -f -a "remove" -d 'Remove messages that wait: nobody will get them'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand outbox; and __fish_seen_subcommand_from list" -l outbox -d 'Look into this folder; without it into the one of your own, which "outbox": true in a task means' -r -f -a "(__fish_complete_directories)"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand outbox; and __fish_seen_subcommand_from list" -l json -d 'Print one result object on stdout'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand outbox; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more on stderr: the decision, its reason, and each stage'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand outbox; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand outbox; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand outbox; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand outbox; and __fish_seen_subcommand_from send" -l task -d 'Send by this task file, given by path or name: what waits of it, also when it was kept before the file was moved or renamed; with MESSAGE that message, whatever task it is of' -r -F
complete -c backup-notify -n "__fish_backup_notify_using_subcommand outbox; and __fish_seen_subcommand_from send" -l deadline -d 'Bound the whole run of the program: 45s, 2m' -r -f
complete -c backup-notify -n "__fish_backup_notify_using_subcommand outbox; and __fish_seen_subcommand_from send" -l outbox -d 'Look into this folder; without it into the one of your own, which "outbox": true in a task means' -r -f -a "(__fish_complete_directories)"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand outbox; and __fish_seen_subcommand_from send" -l json -d 'Print one result object on stdout'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand outbox; and __fish_seen_subcommand_from send" -s v -l verbose -d 'Say more on stderr: the decision, its reason, and each stage'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand outbox; and __fish_seen_subcommand_from send" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand outbox; and __fish_seen_subcommand_from send" -s h -l help -d 'Print help'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand outbox; and __fish_seen_subcommand_from send" -s V -l version -d 'Print version'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand outbox; and __fish_seen_subcommand_from remove" -l outbox -d 'Look into this folder; without it into the one of your own, which "outbox": true in a task means' -r -f -a "(__fish_complete_directories)"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand outbox; and __fish_seen_subcommand_from remove" -l all -d 'Remove everything that waits'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand outbox; and __fish_seen_subcommand_from remove" -l yes -d 'Remove it without asking'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand outbox; and __fish_seen_subcommand_from remove" -l json -d 'Print one result object on stdout'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand outbox; and __fish_seen_subcommand_from remove" -s v -l verbose -d 'Say more on stderr: the decision, its reason, and each stage'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand outbox; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand outbox; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand outbox; and __fish_seen_subcommand_from remove" -s V -l version -d 'Print version'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand setup" -l run-by -d 'Say who will run the hook: who runs this, or root. Without it you are asked; with --yes, and for root without sudo, it is whoever runs this' -r -f -a "me\t''
root\t''"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand setup" -l name -d 'Call the backup this in messages' -r -f
complete -c backup-notify -n "__fish_backup_notify_using_subcommand setup" -l when -d 'Send an e-mail about every outcome, from warnings on, or about errors only' -r -f -a "finish\t''
warning\t''
error\t''"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand setup" -l account -d 'Send with this account: an id as "accounts" prints it, a sender\'s address, a description, or an object as in a task file' -r -f -a '(__backup_notify_accounts usable)'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand setup" -l mail-home -d 'Read Mail\'s accounts from this home folder; the account is written out in the task then' -r -f -a "(__fish_complete_directories)"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand setup" -l from -d 'Send from this address' -r -f
complete -c backup-notify -n "__fish_backup_notify_using_subcommand setup" -l password-source -d 'Take the password from elsewhere: an object as under "password" in a task file' -r -f
complete -c backup-notify -n "__fish_backup_notify_using_subcommand setup" -l to -d 'Send to these addresses, separated by commas' -r -f
complete -c backup-notify -n "__fish_backup_notify_using_subcommand setup" -l tls-mode -d 'Begin TLS at once, after STARTTLS, or never; without it the server is asked' -r -f -a "implicit\t''
starttls\t''
none\t''"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand setup" -l tls-trust -d 'Accept the server\'s certificate by this rule: system, ca-file:PATH, pin:sha256:HEX, pin:spki-sha256:HEX, self-signed-root or accept-any-certificate; repeat it for several pins' -r -f -a '(__backup_notify_trust)'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand setup" -l deadline -d 'Bound each look at the server, the test and the check: 45s, 2m' -r -f
complete -c backup-notify -n "__fish_backup_notify_using_subcommand setup" -l password-stdin -d 'Read the password from stdin, one line, and keep it in the private keychain'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand setup" -l allow-cleartext-password -d 'Let a password cross an unencrypted connection'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand setup" -l test -d 'Send a test message before anything is written'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand setup" -l no-test -d 'Send none, and leave the network alone'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand setup" -l yes -d 'Take the default of every question, and write without asking, also over a task file that is there; after a failure nothing is tried again'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand setup" -l json -d 'Print one result object on stdout'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand setup" -s v -l verbose -d 'Say more on stderr: the decision, its reason, and each stage'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand setup" -s q -l quiet -d 'Say nothing on stderr but errors'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand setup" -s h -l help -d 'Print help'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand setup" -s V -l version -d 'Print version'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand schema" -s h -l help -d 'Print help'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand schema" -s V -l version -d 'Print version'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand completions" -s h -l help -d 'Print help'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand completions" -s V -l version -d 'Print version'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand man" -s h -l help -d 'Print help'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand man" -s V -l version -d 'Print version'
complete -c backup-notify -n "__fish_backup_notify_using_subcommand notify" -f -a ""
complete -c backup-notify -n "__fish_backup_notify_using_subcommand run" -f -a ""
complete -c backup-notify -n "__fish_backup_notify_using_subcommand certificate" -f -a ""
complete -c backup-notify -n "__fish_backup_notify_using_subcommand accounts" -f -a "(__backup_notify_accounts all)"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand password; and __fish_seen_subcommand_from set" -f -a "(__backup_notify_accounts keepable)"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand password; and __fish_seen_subcommand_from remove" -f -a "(__backup_notify_accounts kept)"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand outbox; and __fish_seen_subcommand_from send" -f -a "(__backup_notify_messages)"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand outbox; and __fish_seen_subcommand_from remove" -f -a "(__backup_notify_messages)"
complete -c backup-notify -n "__fish_backup_notify_using_subcommand setup" -f -a ""
complete -c backup-notify -n "__fish_backup_notify_using_subcommand completions" -f -a "bash zsh fish"
