//! The words of the man page about `setup`.

use super::page::Page;

/// What is to say of it beside its flags.
pub(super) const COMMAND: &str = "It goes through five steps: when, account, password, recipients, a test message by \
             the path of `notify`. What is not given as an option is asked on the terminal, with the default in \
             brackets; without a terminal everything that is missing is listed, and `--yes` takes every default. With \
             `--password-stdin` standard input is no terminal, so nobody is asked: give the other answers as options \
             too. The server is asked when TLS begins there. When its certificate is not accepted, it is shown with \
             the rules that would accept it, from the best to the worst; for the providers of `preset` no exception is \
             offered. Nothing is kept before the last answer, and Ctrl-C leaves everything as it was. Then the \
             password goes into the private keychain and the task into ‹FILE›, for you alone (mode 0600), and the file \
             is checked as `check` does it. A task that is there is edited: what is not asked about stays. At the end \
             stand the lines to paste: one with `run` for any command, and those for rsync, restic, Borg, Carbon Copy Cloner, cron, launchd and systemd that call `notify`; they \
             alone go to standard output. Everything is tested and kept for the user who runs it: where root will run \
             the hook, it begins again by `sudo`. As root, and with `--mail-home`, an account of Mail is written out, \
             so that the task does not change with that person's files.";

/// What it prints for programs.
pub(super) fn results(page: &mut Page) {
    page.text("`setup` prints this object:");
    page.item("`file`, `written`", "The task file, and whether it is as you wanted it now.");
    page.item(
        "`account`, `vault`",
        "The account in full; the private keychain that has its password, or null.",
    );
    page.item("`test`, `check`", "Objects as of `test-email` and `check`, or null.");
    page.item("`hooks`", "What to paste: objects with `tool`, `place` (where it belongs) and `text`.");
}
