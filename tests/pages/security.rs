//! The words of the man page about what is protected from whom.

use super::page::Page;

/// Writes the section.
pub(super) fn describe(page: &mut Page) {
    page.subsection("What leaves this computer");
    page.text(
        "Nothing, unless a notice is due or you call `check` or `test-email`. Then the program asks for the address of your mail server and connects to \
         it; what screens add stands below. The server learns the name or address of this computer, your user name and \
         password, sender and recipients, and the message: name, source and destination of the task, the name of \
         this computer, the facts of the run, paths and texts of its errors, and of the log, if there is one, \
         the lines that speak of errors and the last ones (with `attach_log` up to 5 MiB of it, see LOGS). The words under `redact` are taken out of it. `--dry-run` \
         shows the message as it would go.",
    );
    page.text(
        "With `growl` it also connects to the computer that is named there, and sends it title and text of the notice \
         (how which backup ended, the first reason, its figures, the name of this computer), not encrypted. With \
         `desktop` the same goes to the session of whoever is logged in, and may stay in the list of notices there: see \
         NOTICES ON A SCREEN for who that is.",
    );
    page.text(
        "An e-mail can be read by every mail server on its way. Keep what nobody may read out of `message`, errors \
         and logs.",
    );
    page.subsection("The password");
    page.text(
        "It comes from one source that the task names, is fetched as late as possible, and when the server has it \
         the program keeps no copy in memory; one in the environment is not its own. It is \
         never an argument, and never in a log, a message or an error. When the source has none and you sit at a \
         terminal, you are asked; with `--hook` you are not. Any other failure of the source ends there.",
    );
    page.text(
        "The private keychain protects it in a stolen backup, and from other users. It is no protection against programs \
         that run as you: they can read vault and key as this program does. See PRIVATE KEYCHAIN. A password in it is \
         for one host, port and user, and is offered to no other, whatever a task says.",
    );
    page.text(
        "It is sent only when the trust rule has accepted the server over TLS. Over a connection without TLS it is \
         refused, unless that goes to this very computer (loopback) or you allow it by name: \
         `email.tls.allow_cleartext_password` or `--allow-cleartext-password`. Then everybody on the way can read \
         it.",
    );
    page.subsection("Mail's files");
    page.text(
        "They are opened only to look an account up: when a notice is due that names one, by `test-email` and `check`, \
         by `accounts`, and by the completions. They are read into memory; nothing is written beside them, no copy \
         is made on a disk, and no lock is taken. Regular files only, of 32 MiB at most, databases of 64 MiB.",
    );
    page.text(
        "As root, the home folder of somebody else (`mail_home`, `--mail-home`) is read by a child that has become its \
         owner for good: it can read what that person can, and nothing more. What it reports is text, within limits of \
         time and memory. A task then finds the account by its id alone. Still the owner of the folder chooses the server \
         behind that id, and so where your password is sent, under the trust rule of your task: use `mail_home` for \
         somebody whom you would let choose that, or write the account out.",
    );
    page.text(
        "macOS guards these files from programs that may not see all data. `backup-notify` then names the file, and what \
         to do: open System Settings, Privacy & Security (before macOS 13: System Preferences, Security & Privacy, \
         Privacy), Full Disk Access; add the program that runs the hook, switch it on, and start it again. That is \
         the backup program or the terminal; for cron `/usr/sbin/cron`; for launchd the program that the job names.",
    );
    page.subsection("accept-any-certificate");
    page.text(
        "With it TLS protects you from those who only listen, and from nobody who can answer in place of your \
         server: that one gets the password. `ca-file:` or a pin costs a minute and has neither fault. \
         `backup-notify certificate` shows what to write. Compare the SHA-256 with the one on the server itself \
         before you do: over an attacked connection the attacker's is shown. On the server this prints it:",
    );
    page.code("openssl x509 -in /path/to/certificate.pem -noout -fingerprint -sha256");
    page.subsection("Core dumps");
    page.text(
        "Before a password is fetched, core dumps of the program are switched off, and on Linux other programs of \
         yours cannot look into its memory.",
    );
}
