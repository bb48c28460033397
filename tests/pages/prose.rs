//! The words of the man page that no other part of the program knows.
//!
//! Only what this version does may stand here, and where a key or flag is accepted and has no
//! effect yet, the page says so.

use super::page::Page;
use super::{keychain, programs, screens, security, setup, waiting};

/// Writes the paragraphs of a section.
pub(super) fn section(page: &mut Page, name: &str) {
    match name {
        "DESCRIPTION" => description(page),
        "NOTICES ON A SCREEN" => screens::describe(page),
        "TRUST" => trust(page),
        "WHO MAY WRITE WHAT" => writers(page),
        "PRIVATE KEYCHAIN" => keychain::describe(page),
        "RESULT FOR PROGRAMS" => result(page),
        "FILES" => files(page),
        "ENVIRONMENT" => environment(page),
        "SECURITY" => security::describe(page),
        "SEE ALSO" => {
            page.text(
                "`borg-create`(1), `cron`(8), `crontab`(5), `openssl-x509`(1), `pass`(1), `restic`(1), `secret-tool`(1), \
                 `systemd-creds`(1), `systemd.exec`(5), `tar`(1)",
            );
        }
        other => panic!("tests/pages/prose.rs has no words for {other}"),
    }
}

/// What is to say of a command beside its flags.
pub(super) fn command(name: &str) -> Option<&'static str> {
    Some(match name {
        "notify" => {
            "Put it behind your backup. It reads the task, decides by the outcome whether a notice is due, and \
             sends it. When nothing is due it ends with 0 at once, without a password and without the network, unless \
             a message waits in the outbox of the task; `-v` gives the reason."
        }
        "test-email" => {
            "Account, password, trust and code are those of `notify`; only the policy is not asked. It sends each \
             e-mail of the task. The first line says as whom it ran: user, home folder and, when the password is looked \
             for there, the private keychain. Root is warned when others could replace the program."
        }
        "check" => {
            "It looks up the account, fetches the password, connects, signs in and asks the server for each \
             recipient; then it leaves without a message. Growl and the desktop are asked whether they would show a notice. The folder of an outbox is judged, and not made. Every fault comes with what to do about it. It begins as \
             `test-email` does, with the user, the home folder and the private keychain. Run it as the user who runs the \
             hook: what works for you says nothing about root."
        }
        "run" => programs::RUN,
        "overdue" => "See OVERDUE BACKUPS. `--dry-run` shows the message that would go out.",
        "certificate" => {
            "It reads the chain on a connection that is good for nothing else, and tries the rules, each on one of \
             its own; nobody signs in. Port 465 means TLS at once, 25 and 587 STARTTLS; on any other port both are \
             tried. See TRUST."
        }
        "accounts" => {
            "For each it prints the id, the port and what protects it, whom its mail comes from, what Mail calls it, \
             and whether a task can use it; if not, why, and what to write instead. With ‹ID› it prints all that is \
             known of one account, and the lines to write into a task. What is found changes nothing about the code: \
             it is 0, and 78 when ‹ID› fits none or several. A file that cannot be read is told on standard error. \
             When nothing is found, every path looked at is named there. ‹ID› is an id, a sender's address or a description, \
             with `--mail-home` too; a task names an account of another home folder by its id alone. See FILES for the places, and \
             email.account under TASK FILE for what may be written."
        }
        "password set" => keychain::SET,
        "password remove" => keychain::REMOVE,
        "password list" => keychain::LIST,
        "outbox list" => waiting::LIST,
        "outbox send" => waiting::SEND,
        "outbox remove" => waiting::REMOVE,
        "setup" => setup::COMMAND,
        "schema" => {
            "Save it, and name it under `$schema` in your task: many editors then complete and check."
        }
        "man" => "It is this page.",
        "completions" => {
            "They complete commands, flags, words, files and the accounts of Mail. For these they call the program that \
             is found in PATH; they start nothing else."
        }
        _ => return None,
    })
}

/// What is to say of a group of flags.
pub(super) fn group(name: &str) -> &'static str {
    match name {
        "The task" => "`notify`, `run`, `test-email`, `check` and `overdue` want exactly one of these.",
        "The run" => {
            "For `notify`: what is known of the backup. See `run` under TASK FILE for which fact counts."
        }
        "Overrides of the task" => {
            "For `notify`, `run`, `test-email`, `check` and `overdue`: what shall be different this one time. They hold for every \
             e-mail of the task. A password never comes as an argument."
        }
        "Output" => "Results go to standard output, everything else to standard error.",
        other => panic!("tests/pages/prose.rs has no words for {other:?}"),
    }
}

/// What is to say of a flag beside its help.
pub(super) fn flag(id: &str) -> Option<&'static str> {
    Some(match id {
        "task" => {
            "A name has neither a slash nor `.json`; it is looked for as ‹name›`.json` in the folders under FILES."
        }
        "name" => "It needs `--to` and `--account`, `--growl` or `--desktop`.",
        "event" => {
            "At `begin` only screens are told, the code is 0 whatever becomes of that, and the program takes 5 seconds at most."
        }
        "growl" => {
            "The port is 23053 if you name none and the task has none for this host. Where the task has `growl`, its password and its events stay. Not for `test-email`."
        }
        "desktop" => "See NOTICES ON A SCREEN. Not for `test-email`.",
        "exit_code" => {
            "In general 0 is a success, 128 plus the number of HUP, INT or TERM is interrupted, all else is an error."
        }
        "report" => {
            "The keys are those of `run`, see TASK FILE. With the flag `--tool` it is what that program prints, see BACKUP PROGRAMS."
        }
        "log" => "See LOGS. Links are not followed.",
        "tool" => "The task can name it too, as `tool`.",
        "when" => "The words are those of `when` under TASK FILE.",
        "account" => {
            "See email.account under TASK FILE. For example `smtp.example.com:kim`, or `'{\"host\": \"smtp.example.com\", \"user\": \"kim@example.com\"}'`."
        }
        "mail_home" => "See SECURITY.",
        "run_by" => "Without it root when root runs this.",
        "password_source" => {
            "For example `'{\"command\": [\"/usr/local/bin/token\", \"kim\"]}'`. See email.password under TASK FILE."
        }
        "tls_trust" => "See TRUST.",
        "allow_cleartext_password" => "See SECURITY.",
        "deadline" => "Between 1 second and 24 hours.",
        "outbox" => "See WHEN IT CANNOT BE SENT.",
        "json" => "See RESULT FOR PROGRAMS.",
        _ => return None,
    })
}

fn description(page: &mut Page) {
    page.text(
        "You back up with rsync, restic, Borg, Carbon Copy Cloner or something else, and want to hear how it ended. \
         Have your backup call `backup-notify notify` when it is done. The program reads a task file, decides \
         whether this outcome is worth a notice, and sends it by e-mail through an SMTP account of yours, or shows it on a \
         screen: through Growl, Notification Center or the desktop of Linux.",
    );
    page.text(
        "It keeps nothing between runs but what you ask it to, asks nothing when nobody is there, and takes a minute at most, or \
         whatever you set as `deadline`; with `run`, counted from the end of the command. It accepts a server's certificate by a rule that you can read, and never \
         by guessing. An outcome that nobody has stated is never taken for a success.",
    );
    page.text(
        "An outcome is one of `success`, `warning` (the backup exists, but something is missing from it), `error`, \
         `interrupted` and `skipped`. The policy, `when` in the task, says of which you hear:",
    );
    page.item("`finish`", "All of them.");
    page.item("`warning`", "Warning, error and interrupted.");
    page.item("`error`", "Error and interrupted.");
    page.text(
        "If you use Apple Mail, it knows that account already: `backup-notify accounts` lists what Mail has, and a task \
         names one of them in a word.",
    );
    page.text(
        "When the network fails in the same night, what may pass is tried again, and with an outbox the message waits \
         until a server takes it; see WHEN IT CANNOT BE SENT.",
    );
}

fn trust(page: &mut Page) {
    page.text(
        "One rule says when the certificate of a server is accepted. You write it as `email.tls.trust` in the task, \
         or after `--tls-trust`. Nothing else is ever accepted, and the password leaves only after the rule has \
         accepted the server on that same connection. TLS is 1.2 or later; on macOS it is 1.2, because the system's \
         library stops there: a server that speaks 1.3 alone cannot be served from a Mac.",
    );
    page.item(
        "`system`",
        "The default. The certificate has to be good for the host name, in date, and signed by an authority that \
         this computer trusts.",
    );
    page.item(
        "`ca-file:`‹PATH›",
        "As `system`, but only the self-signed certificates in this PEM file count, one or several. This is the \
         rule for a mail server with an authority of your own, or with a self-signed certificate: put that \
         certificate into the file; `backup-notify certificate` ‹HOST› `--save-ca` ‹FILE› writes the one that the \
         server sends. Intermediate certificates, ended ones and private keys are refused.",
    );
    page.item(
        "`pin:sha256:`‹HEX›, `pin:spki-sha256:`‹HEX›",
        "Only the certificate, or the public key, with this SHA-256; colons and case do not matter. Name and dates \
         are not looked at: this is the rule for a device whose certificate nobody will ever renew, and for \
         macOS, which refuses many of those even with `ca-file:`. Several pins may stand together, so that a \
         renewal can be prepared.",
    );
    page.item(
        "`self-signed-root`",
        "As `system`, and in addition a chain that ends in an unknown self-signed root which the server itself \
         sends, or a self-signed certificate. Host name, dates, purpose and signatures still count. It stops \
         mistakes and no attacker, says so each time, and names the pin to use instead. It takes two more \
         connections. A server that does not send its root needs `ca-file:` or a pin.",
    );
    page.item(
        "`accept-any-certificate`",
        "Anything at all. Whoever answers in place of your server gets the password and the message. The program \
         says so each time.",
    );
    page.text(
        "`email.tls.mode` says when TLS begins: `implicit` at once, `starttls` after STARTTLS, `none` never. It is \
         never \"if the server offers it\": where STARTTLS is asked for and not offered, nothing is sent.",
    );
    page.text(
        "When a certificate is refused, everything that is wrong with it is listed, and what would help, from the \
         best to the worst. `backup-notify certificate` ‹HOST› shows what a server presents and what each rule says \
         of it. For the servers of the providers in the list of presets no exception is offered: there a bad \
         certificate means that somebody is in between.",
    );
    page.text(
        "A certificate that ends within 14 days is accepted, and warned about, also in the message itself.",
    );
}

fn writers(page: &mut Page) {
    page.text(
        "Whoever can write your task file decides where your mail goes and which program is run for the password. \
         So the task file, and each CA file, template, password file and password program that it names, must \
         belong to root or to you, and nobody else may be able to write it. The same holds for every folder above \
         it, because whoever can write there can put another file in its place. A folder with the sticky bit, such \
         as `/tmp`, is fine when what is in it belongs to root or to you. So is write permission of your group, \
         when nobody but you is in it.",
    );
    page.text("Otherwise the program ends with code 77 and prints the `chmod` to type.");
    page.text(
        "Run as root, the program therefore refuses tasks in the home folder of a user, because that user can write \
         them. Put tasks for root into `/etc/backup-notify` (macOS: `/Library/Application Support/backup-notify`). \
         As root a HOME that belongs to somebody else, as sudo may leave it, is not used either.",
    );
    page.text("Logs and reports may be written by anybody: they are read as text and choose nothing.");
}

fn result(page: &mut Page) {
    page.text(
        "With `--json` one JSON object goes to standard output, on one line, also when something is wrong. What is \
         not known is null.",
    );
    page.item("`decision`, `reason`", "`notify` or `silent`, and why.");
    page.item("`outcome`", "How the backup ended.");
    page.item("`message_id`", "The Message-ID of the first e-mail.");
    page.item(
        "`deliveries`",
        "One object for each e-mail and each screen: `channel`, `status` (`sent`, `queued`, `skipped`, \
         `failed` or `checked`), `exit_code`, `detail`, `hint`, `recipients` (each with `address`, `accepted` and `reply`), \
         `tls` (`mode`, `version`, `trust`, `sha256`, `not_after`), `stages` (each with `name`, `ms` and `ok`) and \
         `message_id`.",
    );
    page.item("`messages`", "Only with `--dry-run`: the finished messages.");
    page.item(
        "`ran_as`",
        "Only of `check` and `test-email`: `user`, `home` and `vault`, the file of the private keychain, which is null \
         where the task looks for no password in it.",
    );
    page.item(
        "`outbox`",
        "Only of a task with an outbox: how many messages that waited were `sent`, how many are `waiting` now, `given_up` \
         (every recipient refused, or too old) and `set_aside`. Of `check` and `test-email`: `folder`, `waiting`, and where \
         it cannot be used `error`, `hint` and `exit_code`, which counts for `check`.",
    );
    page.item("`exit_code`", "The code that the program ends with.");
    page.text("An error before the decision is one object with `error`, `hint` and `exit_code`.");
    page.text("`accounts` prints an object of its own:");
    page.item(
        "`accounts`",
        "One object for each: `id`, `description`, `host`, `port`, `user`, `tls_mode`, `auth` (both as in a task), \
         `senders` (an array), `source` (the file), `usable`, `reason` (why not; or what a preset has added) and \
         `instead` (null, or for one that cannot be used the value to write as `account` in its place).",
    );
    page.item(
        "`problems`",
        "What could not be read or understood: objects with `path`, `account` (the id of the account that it is \
         about, null when it is about the file), `message` and `hint`.",
    );
    page.item("`looked_at`", "Only when nothing was found: every path.");
    waiting::results(page);
    keychain::results(page);
    setup::results(page);
}

fn files(page: &mut Page) {
    page.item(
        "`$XDG_CONFIG_HOME/backup-notify/`‹name›`.json`",
        "The task `--task` ‹name›; without that variable in `~/.config/backup-notify`. On macOS in \
         `~/Library/Application Support/backup-notify`.",
    );
    page.item(
        "`/etc/backup-notify/`‹name›`.json`",
        "Looked for next. On macOS in `/Library/Application Support/backup-notify`.",
    );
    page.item(
        "`~/.local/state/backup-notify/outbox`",
        "What waits, where a task says `\"outbox\": true`. On macOS in `~/Library/Application Support/backup-notify`.",
    );
    keychain::files(page);
    page.text(
        "Mail's accounts are looked for in these places of your home folder, or of the one that `mail_home` names. The \
         first that has an outgoing server counts; what an upgrade of macOS has left behind stands below what has \
         taken its place. A file that is there and cannot be read is told, and the search goes on.",
    );
    page.item(
        "`Library/Accounts/Accounts4.sqlite`, `Accounts3.sqlite`",
        "With their `-wal`: OS X 10.11 and later.",
    );
    page.item("`Library/Mail/V2/MailData/Accounts.plist`", "Mac OS X 10.7 to 10.10.");
    page.item(
        "`Library/Preferences/com.apple.mail.plist`, `com.apple.Mail.plist`",
        "Mac OS X 10.5 and 10.6.",
    );
    page.item(
        "`Library/Containers/com.apple.mail/Data/Library/`",
        "In it `Mail/V2/MailData/Accounts.plist` and `Preferences/com.apple.mail.plist`, each behind its like.",
    );
}

fn environment(page: &mut Page) {
    page.item("`HOME`, `XDG_CONFIG_HOME`", "Where your tasks are; see FILES. macOS uses HOME alone. The private keychain is found by HOME alone everywhere.");
    page.item("`PATH`", "Where a password command without a slash is looked for, and on macOS `terminal-notifier`, unless you are root.");
    page.item(
        "`SSL_CERT_FILE`, `SSL_CERT_DIR`",
        "The authorities of the rule `system`, and of the first look of `self-signed-root`: a PEM file, and folders made \
         by `openssl rehash`. One of them alone means that one only, an empty one counts as not set. Without them the \
         system's hashed folder is used, where there is one, and its bundle for an issuer that is not in the folder. \
         Not on macOS. Commands that this program starts for you find them as they were.",
    );
    page.item(
        "`CREDENTIALS_DIRECTORY`",
        "Where systemd puts the credentials of a service; for `systemd_credential`, and for the key of the private keychain.",
    );
    page.item(
        "`NO_COLOR`, `TERM`, `COLUMNS`",
        "For what `accounts` prints at a terminal: no colours when `NO_COLOR` is set and not empty, or when `TERM` is \
         `dumb` or not set; the width, where the terminal's own is not to count.",
    );
    page.item("`SUDO_USER`", "Whose home folder `accounts` advises root to name. Nothing is read for it.");
    page.item(
        "`DBUS_SESSION_BUS_ADDRESS`, `XDG_RUNTIME_DIR`",
        "Where the bus of your session is, for `desktop` on Linux. As root they count only when the bus is root's own.",
    );
    page.item(
        "`SUDO_UID`, `DOAS_USER`, `PKEXEC_UID`",
        "The person who has become root, for `desktop` on Linux: that one sees the notice when they are at a screen.",
    );
    page.item(
        "`TZ`",
        "The time zone of the times in a message, and of a time without a zone after `--last-success`: a name such as \
         `Europe/Berlin`, or a rule. Without it that of the system.",
    );
    page.text("With `--tool`, what that program hands its hook (see BACKUP PROGRAMS):");
    page.item(
        "`MONITOR_SERVICE_RESULT`, `MONITOR_EXIT_CODE`, `MONITOR_EXIT_STATUS`",
        "Of `systemd` in a unit for `OnFailure=` or `OnSuccess=`. In `ExecStopPost=` the same without `MONITOR_`.",
    );
    page.item(
        "`PROFILE_NAME`, `PROFILE_COMMAND`, `ERROR`, `ERROR_MESSAGE`, `ERROR_COMMANDLINE`, `ERROR_EXIT_CODE`, `ERROR_STDERR`",
        "Of `resticprofile`.",
    );
    page.item(
        "`DUPLICATI__EVENTNAME`, `DUPLICATI__OPERATIONNAME`, `DUPLICATI__PARSED_RESULT`, `DUPLICATI__LOCALPATH`, `DUPLICATI__REMOTEURL`",
        "Of `duplicati`.",
    );
    page.text("A variable that a task names as `email.password.env` is read too.");
    page.text(
        "The program itself reads no other variable: there is none for flags, for a password or for a proxy; mail \
         goes directly to the server. `OPENSSL_CONF`, `OPENSSL_MODULES` and `OPENSSL_ENGINES` are kept from OpenSSL, \
         because they could weaken a trust rule. The resolver of the system has variables of its own.",
    );
}

/// What a text under `account` can be.
pub(super) fn account_of_mail(page: &mut Page) {
    page.text(
        "A text is looked up among the outgoing accounts of Mail, in this order. `backup-notify accounts` shows \
         them all; Mail's files are opened only when one has to be looked up.",
    );
    page.item(
        "an id",
        "As `backup-notify accounts` prints it: ‹host›`:`‹user›, or the host alone where nobody signs in. Where two \
         accounts would be the same, the port is in it: ‹host›`:`‹port›`:`‹user›, which can always be written.",
    );
    page.item("an address", "Of one from whom mail of the account comes, or its user name.");
    page.item("a description", "What Mail calls the account.");
    page.text(
        "Upper and lower case do not matter. A text that fits several accounts, or none, ends with code 78 and a list \
         of the candidates; one that cannot be used does not make the other doubtful. With `mail_home` only ids \
         count, because the words in it are somebody else's; `backup-notify accounts` ‹ID› `--mail-home` ‹DIR› finds \
         them by any of the three.",
    );
    page.text(
        "From Mail come server, port, security, the way to sign in, user name and sender. `tls.mode` goes before what \
         Mail says, and moves an account from the standard port of one mode to that of the other. The password does \
         not: see email.password, and `password set` under COMMANDS.",
    );
    page.text(
        "Some accounts cannot be used: Mail stores no server for iCloud and Exchange, Apple's own token is for Apple's \
         programs, and some ways to sign in are not spoken here. `backup-notify accounts` says so, with the lines to \
         write in their place. What a preset adds to an account is said there too.",
    );
}
