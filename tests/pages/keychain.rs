//! What the man page says of the private keychain: what is where, what it protects from, and what it does
//! not.

use super::backups::{HONOUR_THE_TAG, RSYNC};
use super::page::Page;

/// What is to say of "password set" beside its flags.
pub(super) const SET: &str = "It says for which host, port and user, and in whose keychain, before you type \
    anything. You type the password twice, without echo. At a terminal it offers to try it first: it connects, \
    begins TLS under the trust rule, signs in and leaves; nothing is sent. A password that the server refuses is \
    kept only when you say so, and never when nobody is there to be asked. With `--stdin` one line is read; a second \
    one is refused. Where no mode is given and neither Mail nor a preset has one, port 465 means TLS at once, 25 and \
    587 STARTTLS; on any other port both are tried. For an account of Mail or of a preset `--tls-mode` also chooses \
    the port, as `tls.mode` in a task does. Without `--deadline` it takes 30 seconds at most, and 10 minutes where \
    somebody types. See PRIVATE KEYCHAIN.";
/// What is to say of "password remove".
pub(super) const REMOVE: &str = "When nothing is kept for this account it ends with 77 and names what is kept: the account is \
    clear, and what was not found is a secret.";
/// What is to say of "password list".
pub(super) const LIST: &str = "It prints no password, and there is no command that does.";

pub(super) fn describe(page: &mut Page) {
    page.text(
        "The passwords that `backup-notify password set` keeps are in one file, the vault, sealed with XChaCha20-Poly1305: \
         names, dates and passwords. The key to it is 32 random bytes, made with the first password, and lies apart. There is one \
         vault for each user who keeps passwords, root among them.",
    );
    page.text(
        "Each password is for one host, one port and one user. Entries cannot be exchanged, and a task that names \
         another host, port or user gets none of them: the program ends with 77 and says which vault was looked in and \
         what it keeps.",
    );
    page.subsection("What is where");
    page.text(
        "The vault is in your data folder, see FILES. On Linux the key is a file in another folder, which has mode 0700 and \
         a `CACHEDIR.TAG`. On macOS the key is a password `backup-notify` in your login keychain, and for root in the \
         System keychain; only for a user who has no keychain at all, as those of services, it is a file. A keychain \
         that is locked, or that would have to ask, ends with 77: nobody is there to answer at night.",
    );
    page.text(
        "A service of systemd can be handed the key as the credential `backup-notify-key`; that one comes first. Its content is \
         that of the key file. So it need not lie on the disk in clear:",
    );
    page.code(
        "systemd-creds encrypt --name=backup-notify-key \\\n  /root/.local/state/backup-notify/key/key \\\n  \
         /etc/credstore.encrypted/backup-notify-key",
    );
    page.text(
        "and in the unit, under [Service], `LoadCredentialEncrypted=backup-notify-key`. The key file can then go; from then on \
         nothing but that service opens the vault, and `password set` has to be handed the credential too.",
    );
    page.subsection("In a backup");
    page.text(
        "A stolen backup then holds the vault and no key, if the program that made it leaves out folders with a \
         `CACHEDIR.TAG`. These do, when they are told to:",
    );
    page.code(&HONOUR_THE_TAG.iter().map(|tool| tool.line).collect::<Vec<_>>().join("\n"));
    page.text(
        "These do not: rsync, Carbon Copy Cloner, `cp`, `tar` without that option, and restic and Borg without theirs. What they \
         copy from Linux holds vault and key, and whoever has the copy has the passwords. For rsync leave the \
         folder out by name; the words fit one home folder and a folder of several:",
    );
    page.code(RSYNC.line);
    page.text(
        "On macOS a copy of your home folder holds \
         your login keychain, and with it the key; it is worth as much as the password of your login. The System keychain is opened by a file of the same disk \
         (`/var/db/SystemKey`): a copy of the whole disk holds all three. A key that is a file there is left out by Time \
         Machine.",
    );
    page.subsection("What it is no protection against");
    page.text(
        "Programs that run as you, and root: they can read the vault and the key as `backup-notify` does. On Linux a thief of the whole \
         disk has both, unless the disk is encrypted, or systemd hands the key over and has it sealed by a TPM. Where you want more, let the task name a program \
         that asks a store of your own: `email.password` with `command`.",
    );
    page.subsection("Another user, and root");
    page.text(
        "Vault and key belong to the user whose hook it is, and are read for nobody else. If root runs the hook, keep the password \
         for root: `sudo backup-notify password set` ‹ACCOUNT›. Root's is in root's own home folder, also where sudo leaves \
         HOME as it was; on macOS the key is in the System keychain. `sudo backup-notify check --task` ‹NAME› says which one was used.",
    );
    page.subsection("When the key is lost");
    page.text(
        "After a home folder has come back from a backup, its vault is there and its key is not: that is as it should be. \
         The program then ends with 77, and nothing is overwritten. If you have the key elsewhere, put it back. If not, the \
         passwords in the vault are lost: move it away, as the program says, and keep them anew.",
    );
    page.code(
        "mv ~/.local/share/backup-notify/keychain/vault ~/vault.aside\n\
         backup-notify password set smtp.example.com:587:kim@example.com",
    );
    page.text(
        "The same holds for a vault that is damaged, and for one that was made with another key. A vault, key or folder that belongs \
         to somebody else, that others can read, or that is a link, is refused with what to type.",
    );
}

pub(super) fn results(page: &mut Page) {
    page.text(
        "`password set` and `password remove` print one object with `account`, `vault`, `user` (whose keychain it is), `exit_code` \
         and:",
    );
    page.item(
        "`replaced`, `tested`",
        "Of `set`: whether there was one before, and whether the server has taken this one.",
    );
    page.item("`removed`", "Of `remove`: true.");
    page.text(
        "Where standard output cannot be written, both end with 74 after the password was kept or removed, and standard error \
         says that it was.",
    );
    page.text("`password list` prints `vault`, `user` and:");
    page.item(
        "`passwords`",
        "One object for each: `account` (its full name), `service` (`smtp` or `growl`), `host`, `port`, `user` and `stored`, a time.",
    );
}

pub(super) fn files(page: &mut Page) {
    page.item(
        "`~/.local/share/backup-notify/keychain/vault`",
        "The passwords of the private keychain; beside it `lock`, by which two processes take turns. On macOS in \
         `~/Library/Application Support/backup-notify/keychain`.",
    );
    page.item(
        "`~/.local/state/backup-notify/key/key`",
        "The key to it, and beside it `CACHEDIR.TAG`. On macOS only for a user without a keychain: in \
         `~/Library/Application Support/backup-notify/key`.",
    );
}
