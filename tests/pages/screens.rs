//! The words of the man page about notices on a screen.

use super::page::Page;

/// What is to say of the keys under `desktop`.
pub(super) const DESKTOP: &str =
    "Notices in the session of whoever is logged in at this computer. See NOTICES ON A SCREEN.";

/// What is to say of the keys under `growl`.
pub(super) const GROWL: &str = "Notices through Growl, or another program that speaks its protocol (GNTP), here or on another computer. See \
     NOTICES ON A SCREEN.";

/// Writes the section.
pub(super) fn describe(page: &mut Page) {
    page.text(
        "A notice can come up on the screen when a backup begins, and when it ends. `\"desktop\": true` in the task \
         shows it by the system's own service, `\"growl\": true` by Growl; both may stand beside `email`, or alone. \
         `events` says which of the four are shown: `begin`, `success`, `warning` (skipped too) and `error` \
         (interrupted too). For the beginning, call this before your backup:",
    );
    page.code("backup-notify notify --task home --event begin || :");
    page.text(
        "Whatever becomes of the notice, it ends with 0, and it takes 5 seconds at most; only a command line or a task \
         file that is wrong keeps its code. Write `|| :` behind it where not even that may stop the backup. What \
         begins is shown for a short while; what ended takes its place where the service can do that, and a warning \
         or an error stays until somebody closes it. No e-mail goes out for a beginning.",
    );
    page.text(
        "Each channel is tried whatever became of the others, and has a line of its own in the result. Screens come \
         first; each gets 5 seconds, and no more than a fifth of the time that an e-mail behind it needs too. It counts for the exit code only in a task without e-mail. Nobody being logged in is no failure: \
         the status is `skipped`, and the reason is told on standard error (`-q` silences it).",
    );
    page.subsection("The desktop on Linux");
    page.text(
        "The notice goes to the service that shows notices in the session (`org.freedesktop.Notifications` on the \
         session bus: that of GNOME, KDE and Xfce, or dunst, mako and others). From a terminal in the session, from \
         cron or a user's own timer the session is your own: the bus that `DBUS_SESSION_BUS_ADDRESS` names, else \
         the one in `$XDG_RUNTIME_DIR` or `/run/user/`‹number›. When you are not logged in, the notice is skipped.",
    );
    page.text(
        "What ended takes the place of what began on KDE, Xfce, dunst, mako and swaync. GNOME shows both; it forgets \
         what began by itself.",
    );
    page.text(
        "As root, the notice is for the person behind `sudo`, `doas` or `pkexec` when they have a graphical session, or \
         else for whoever is active at a screen of this computer, as systemd-logind has it. When nobody is, it waits for \
         those whose screen is locked. Sessions from afar are never shown it: their owners could call any session \
         graphical. Where there is no logind, it is for everybody who has a folder in `/run/user`, 16 people at most. Of several, one who was shown it is enough for `sent`; the result \
         names the others. Root never talks to their session: a child of the program does that has become that user for \
         good, and is given the text of the notice and nothing else.",
    );
    page.subsection("Notification Center on macOS");
    page.text(
        "The notice is shown by `terminal-notifier` where that is installed (`brew install terminal-notifier`), \
         otherwise by `osascript`. Either has to be allowed under System Settings, Notifications; `osascript` goes by \
         the name Script Editor there, and is listed once Script Editor itself has shown one: run `display notification \
         \"test\"` in it. `sent` means that Notification Center was handed the notice: Focus, or a permission that is \
         missing, hides it without a word. Only with `terminal-notifier` does what ended take the place of what began.",
    );
    page.text(
        "It goes to whoever sits at the screen: as root, by `launchctl asuser` and `sudo`, in their session and as they. \
         It is skipped at the login window, and for you while somebody else has the screen. As root, `terminal-notifier` \
         is looked for in `/opt/homebrew/bin` and `/usr/local/bin` only, and used only where nobody but root can have \
         put it there. A Homebrew belongs to whoever installed it: with one, root's notices are shown by `osascript`. \
         Title and text are arguments of these programs: other users can see \
         them for a moment, and sudo may log them. `redact` takes words out.",
    );
    page.subsection("Growl");
    page.text(
        "At each notice the program registers its four kinds of notices with Growl and then sends the one that is due, \
         with an icon. How they look is Growl's business. For another computer, write `\"growl\": {\"host\": \
         \"imac.local\"}`, and let Growl there listen for incoming notifications, with a password. Keep that one by",
    );
    page.code("backup-notify password set growl:imac.local");
    page.text(
        "and write `\"password\": {\"keychain\": true}` into the object; the other sources of a password do as well. \
         Growl is sent a salted hash of it, never the password (`hash` says which hash). The notice itself is not \
         encrypted: on the way to another computer everybody can read it. Who listens can also try passwords against \
         the hash, or send the request again, so take one for Growl alone. Nothing proves that it is Growl that answers; \
         `sent` means that something took the notice. With `--growl` ‹HOST› the hash goes to that host; a password in the \
         private keychain is for one host and goes to no other.",
    );
    page.text(
        "Growl for Linux (`gol`) works with `md5`, `sha1` and `sha256`, does not check the password, and shows what ended \
         beside what began.",
    );
    page.subsection("Whether it works");
    page.text(
        "`backup-notify check` asks Growl to register the program, and the desktop's service for its name, in the \
         session where it would show the notice; neither shows anything. This shows one:",
    );
    page.code("backup-notify notify --name Trial --desktop --growl --status success");
}
