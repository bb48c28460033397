//! What stands at the end of the help pages: examples, and what the exit codes are.

/// The end of the first help page.
pub(super) const MORE: &str = "\
Example, as the line after the backup in a script:
  backup-notify notify --task home --tool rsync --exit-code \"$?\"

\"backup-notify COMMAND --help\" lists the flags of a command.
The manual has the rest: the task file, trust, exit codes, examples. To read it:
  backup-notify man > backup-notify.1 && man ./backup-notify.1";

pub(super) const NOTIFY: &str = "\
Examples:
  backup-notify notify --task home --tool rsync --exit-code \"$?\"
  backup-notify notify --task ./home.json --status error --message \"The disk was not there\"
  backup-notify notify --task home --report report.json --dry-run
  backup-notify notify --task home --hook --tool ccc -- \"$@\"

Exit codes: 0 everything was accepted, or nothing had to be sent; 64 usage; 65 and 66 the task
file or report; 69 refused; 75 not delivered now; 76 TLS; 77 sign-in or secret; 78 account. The
manual has them all.";

pub(super) const TEST_EMAIL: &str = "\
Examples:
  backup-notify test-email --task home
  backup-notify test-email --task ./home.json --to kim@example.com --json

Exit codes are those of \"notify\".";

pub(super) const CHECK: &str = "\
Examples:
  backup-notify check --task home
  backup-notify check --task ./home.json --offline

Exit codes are those of \"notify\"; 0 means that a notice would have been accepted.";

pub(super) const CERTIFICATE: &str = "\
Examples:
  backup-notify certificate mail.example.com
  backup-notify certificate mail.example.com:587 --json
  backup-notify certificate nas.example.com:465 --save-ca ca.pem

It exits 0 whenever the certificates could be read, whatever the rules say of them.";

pub(super) const ACCOUNTS: &str = "\
Examples:
  backup-notify accounts
  backup-notify accounts kim@example.com
  backup-notify accounts --mail-home /Users/kim --json

It exits 0 whatever it finds; 78 when no account, or more than one, goes by the name given.";

pub(super) const SETUP: &str = "\
Examples:
  backup-notify setup home
  backup-notify setup ./home.json --account kim@example.com --when error
  backup-notify setup home --account kim@example.com --to ops@example.com --no-test --yes

What is not given is asked on a terminal. Nothing is written before the last answer.
It ends with the code of the test when that was the end, else of the check; 64 when you leave it.";

pub(super) const COMPLETIONS: &str = "\
Examples:
  backup-notify completions bash > ~/.local/share/bash-completion/completions/backup-notify
  backup-notify completions zsh > ~/.zsh/functions/_backup-notify    (a folder of your fpath)
  backup-notify completions fish > ~/.config/fish/completions/backup-notify.fish";
