//! Samples for secret stores of other makers: the lines to paste, how the secret gets there, and
//! where each fails at night. `tests/secret_stores.rs` runs every one of them.

use super::page::Page;

pub(crate) struct Store {
    pub(crate) name: &'static str,
    /// What to say before the lines.
    about: &'static str,
    /// What is typed once, by hand.
    pub(crate) once: &'static str,
    /// The lines for `email`.
    pub(crate) lines: &'static str,
    /// Where it fails, and what helps.
    trap: &'static str,
}

pub(crate) const STORES: &[Store] = &[
    Store {
        name: "secret-tool: the keyring of the desktop (libsecret; GNOME Keyring, KWallet, KeePassXC)",
        about: "secret-tool asks for the password. The words behind the label are yours to choose; they find it again.",
        once: "secret-tool store --label=smtp service smtp",
        lines: r#""password": { "command": ["/usr/bin/secret-tool", "lookup", "service", "smtp"] }"#,
        trap: "The keyring is open while you are logged in. From cron, secret-tool has to be told where your session is: \
               put the line `DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/1000/bus` into the crontab, with the number that \
               `id -u` prints. Before you have logged in, and when the keyring is locked, it fails, or asks on a \
               screen that nobody looks at and is ended at the deadline. Root has no keyring.",
    },
    Store {
        name: "pass: files encrypted by GnuPG",
        about: "pass asks for the password, twice. The first line of an entry counts.",
        once: "pass insert smtp",
        lines: r#""password": { "command": ["/usr/bin/pass", "show", "smtp"] }"#,
        trap: "It works for as long as gpg-agent remembers the passphrase of the key; after that the agent asks, and at \
               night nobody answers. A key without passphrase answers always, and protects what it encrypts no better \
               than a password file does. Root is given root's own store and keys, because its command starts without \
               your environment: `sudo -H pass init` ‹key› begins one.",
    },
    Store {
        name: "op: 1Password",
        about: "Make the item in the app: as an argument of `op item create` everybody on this computer could see the \
                password. Here it is called smtp, in a vault called Backup. See whether op finds it:",
        once: "op read op://Backup/smtp/password",
        lines: r#""password": { "command": ["/usr/local/bin/op", "read", "op://Backup/smtp/password"] }"#,
        trap: "Where the app answers for op, it asks for your fingerprint or password. A job that nobody watches needs a \
               service account that may read this vault alone, and its token in `OP_SERVICE_ACCOUNT_TOKEN`. Root's \
               command starts without that variable; let a script of root's set it, and name the script in the task:",
    },
    Store {
        name: "security: the keychain of macOS",
        about: "security asks for the password where `-w` stands last, with nothing behind it.",
        once: "security add-generic-password -s smtp -a kim@example.com -w",
        lines: r#""password": {
  "command": ["/usr/bin/security", "find-generic-password", "-s", "smtp", "-a", "kim@example.com", "-w"]
}"#,
        trap: "The login keychain is open while you are logged in; by SSH and from cron it may be locked, and macOS then \
               asks on the screen or refuses. Root, and with it a daemon of launchd, has the System keychain: add \
               `/Library/Keychains/System.keychain` as the last word to both, and `sudo` to the first. Whatever runs as \
               you can run security too.",
    },
    Store {
        name: "mutt_oauth2.py: OAuth tokens in a file encrypted by GnuPG",
        about: "It comes with Mutt and NeoMutt. Your identity for GnuPG has to be written into the script once; then it \
                asks for the rest and opens the way through the browser.",
        once: "mutt_oauth2.py --authorize /home/kim/.mail-token",
        lines: r#""account": { "host": "smtp.gmail.com", "user": "kim@example.com", "auth": "xoauth2" },
"password": { "command": ["/usr/local/bin/mutt_oauth2.py", "/home/kim/.mail-token"] }"#,
        trap: "As with pass, gpg-agent has to know the passphrase.",
    },
    Store {
        name: "pizauth: OAuth tokens kept by a program of its own",
        about: "The account stands in `~/.config/pizauth.conf`. `pizauth show` prints an address to open in the browser, \
                the first time.",
        once: "pizauth server\npizauth show office",
        lines: r#""account": { "host": "smtp.office365.com", "user": "kim@example.com", "auth": "xoauth2" },
"password": { "command": ["/usr/bin/pizauth", "show", "-u", "office"] }"#,
        trap: "The tokens are in the memory of `pizauth server` and nowhere else: it has to run, as the user of the \
               hook, and after a restart of the computer somebody has to go to the browser again, unless what `pizauth \
               dump` has printed is given to `pizauth restore`. `-u` keeps that address, which can hold a secret of \
               your client, out of the errors.",
    },
    Store {
        name: "oama: OAuth tokens in the keyring or in a file encrypted by GnuPG",
        about: "The service, here google, stands in oama's configuration.",
        once: "oama authorize google kim@example.com",
        lines: r#""account": { "host": "smtp.gmail.com", "user": "kim@example.com", "auth": "oauthbearer" },
"password": { "command": ["/usr/local/bin/oama", "access", "kim@example.com"] }"#,
        trap: "What holds for secret-tool holds here, or with GnuPG what holds for pass.",
    },
];

/// The script for root that the sample of op ends with, and the task's lines for it.
pub(crate) const OP_FOR_ROOT: &str = "\
#!/bin/sh
OP_SERVICE_ACCOUNT_TOKEN=$(cat /etc/backup-notify/op-token) || exit
export OP_SERVICE_ACCOUNT_TOKEN
exec /usr/local/bin/op read op://Backup/smtp/password
";

/// Writes the section.
pub(super) fn describe(page: &mut Page) {
    page.text(
        "A secret store of yours is asked by a command, of which the first line counts. It gets no input and no \
         terminal, is ended at the deadline, and when it fails, its last line is shown and the code is 77. What you \
         type once stands first here, then what goes into `email` in the task. Write the whole path of the program: root \
         needs it. Try each as the user who will run the hook, and without your session, for example from cron: \
         `backup-notify check` goes the whole way and sends nothing.",
    );
    for store in STORES {
        page.subsection(store.name);
        page.text(store.about);
        page.code(store.once);
        page.code(store.lines);
        page.text(store.trap);
        if store.lines.contains("/op\"") {
            page.code(OP_FOR_ROOT);
        }
    }
    page.subsection("For all OAuth tokens");
    page.text(
        "The token that the command prints is sent as it is, with `\"auth\": \"xoauth2\"` or `\"oauthbearer\"`: Google \
         takes both, Microsoft the first. It lasts for an hour or so; the helper fetches a new one when it is due, which \
         takes time from the same `deadline`. When the provider wants you at the browser again, the helper fails, \
         and no notice is sent until somebody has been there: have another e-mail of the task go by another account.",
    );
}
