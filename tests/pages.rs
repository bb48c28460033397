//! The man page and the completions are what the program itself says of its command line.
//!
//! They are made here, from the one definition in `src/cli.rs`, the schema of the task file and the
//! list of exit codes, and they are committed, because the program prints them and packagers copy
//! them. A page that is not what would be made today fails the test and is written anew by hand.

pub(crate) mod backups;
mod bash;
pub(crate) mod examples;
mod keychain;
mod man;
pub(crate) mod overdue;
mod page;
pub(crate) mod programs;
mod prose;
mod screens;
mod security;
mod setup;
pub(crate) mod stores;
mod task_file;
pub(crate) mod templates;
mod waiting;
mod zsh_and_fish;

use std::path::{Path, PathBuf};
use std::{env, fs};

use backup_notify::cli::Cli;
use clap::CommandFactory;

use crate::support::world::World;

/// Set to write the pages instead of comparing them.
const WRITE: &str = "BACKUP_NOTIFY_WRITE_PAGES";

/// The definition with everything that clap adds when it parses: help flags, version, headings.
pub(crate) fn definition() -> clap::Command {
    let mut command = Cli::command();
    command.build();
    command
}

/// Every command that does something, as it is typed: "check", "password set".
pub(crate) fn commands(cli: &clap::Command) -> Vec<(String, &clap::Command)> {
    let mut commands = Vec::new();
    for command in cli.get_subcommands().filter(|command| command.get_name() != "help") {
        let name = command.get_name();
        let below = self::commands(command);
        if below.is_empty() {
            commands.push((name.to_owned(), command));
        }
        commands.extend(below.into_iter().map(|(word, command)| (format!("{name} {word}"), command)));
    }
    commands
}

/// Tells whether what is typed names an account.
pub(crate) fn is_account(arg: &clap::Arg) -> bool {
    arg.get_value_names().into_iter().flatten().any(|name| matches!(name.as_str(), "ACCOUNT" | "ID"))
}

/// Tells whether the value of an argument is a message that waits: the shells ask the program for those.
pub(crate) fn is_message(arg: &clap::Arg) -> bool {
    arg.get_value_names().into_iter().flatten().any(|name| name.as_str() == "MESSAGE")
}

/// Tells whether a flag names the outbox of a task, which can also be none; of "outbox" it is a folder.
pub(crate) fn is_outbox_or_none(arg: &clap::Arg) -> bool {
    arg.get_long() == Some("outbox") && arg.get_help().is_some_and(|help| help.to_string().contains("(none)"))
}

/// Which accounts are offered behind a command without a flag: what `accounts --complete` is asked for.
pub(crate) fn offer(command: &str) -> &'static str {
    match command {
        "accounts" => "all",
        "password set" => "keepable",
        "password remove" => "kept",
        other => panic!("tests/pages.rs does not know which accounts stand behind {other:?}"),
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// The other tests have their say when the pages are written and the program is built with them.
fn writing() -> bool {
    env::var_os(WRITE).is_some()
}

fn compare(path: &str, made: &str) {
    let file = root().join(path);
    if writing() {
        fs::write(&file, made).unwrap();
        return;
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    if kept == made {
        return;
    }
    let differs = kept.lines().zip(made.lines()).position(|(kept, made)| kept != made);
    let line = differs.unwrap_or_else(|| kept.lines().count().min(made.lines().count()));
    let shown = |text: &str| text.lines().nth(line).unwrap_or("(the end)").to_owned();
    panic!(
        "{path} is not what the program says today. Line {} is\n  {}\nand would be\n  {}\nWrite the pages \
         anew and read the difference:\n  {WRITE}=1 cargo test --test all pages && git diff man completions",
        line + 1,
        shown(&kept),
        shown(made),
    );
}

#[test]
fn the_man_page_is_up_to_date() {
    compare("man/backup-notify.1", &man::page());
}

#[test]
fn the_completions_are_up_to_date() {
    compare("completions/backup-notify.bash", &bash::script());
    compare("completions/_backup-notify", &zsh_and_fish::zsh());
    compare("completions/backup-notify.fish", &zsh_and_fish::fish());
}

#[test]
fn the_program_prints_the_pages_that_are_kept() {
    if writing() {
        return;
    }
    let world = World::new();
    for (arguments, path) in [
        (["man"].as_slice(), "man/backup-notify.1"),
        (&["completions", "bash"], "completions/backup-notify.bash"),
        (&["completions", "zsh"], "completions/_backup-notify"),
        (&["completions", "fish"], "completions/backup-notify.fish"),
    ] {
        let kept = fs::read_to_string(root().join(path)).unwrap();
        assert!(!kept.is_empty(), "{path}");
        world.run(arguments).assert_success().assert_stdout_is(&kept);
    }
}

#[test]
fn mandoc_finds_nothing_wrong_with_the_man_page() {
    if writing() {
        return;
    }
    let world = World::new();
    let page = root().join("man/backup-notify.1");
    let page = page.to_str().unwrap();
    let lint = world.other_command("mandoc", &["-Tlint", "-W", "warning", page]).run();
    lint.assert_success().assert_stdout_is("").assert_stderr_is_empty();
    // what people read: no escape left over, nothing that was meant as a command
    let read = world.other_command("mandoc", &["-Tutf8", "-O", "width=80", page]).run();
    read.assert_success();
    let plain = without_overstrikes(&read.stdout);
    for left_over in ["\\f", "\\-", "\\(", "`", "\n."] {
        assert!(!plain.contains(left_over), "{left_over:?} in the page that people read");
    }
    for section in man::SECTIONS {
        assert!(plain.contains(&format!("\n{section}\n")), "the page has no section {section}:\n{plain}");
    }
}

/// Takes away how terminals are told of bold and underlined letters: `x`, backspace, `x`.
fn without_overstrikes(text: &str) -> String {
    let mut plain = String::new();
    for c in text.chars() {
        if c == '\u{8}' {
            plain.pop();
        } else {
            plain.push(c);
        }
    }
    plain
}

#[test]
fn help_has_no_markdown_and_no_final_stops() {
    fn visit(command: &clap::Command) {
        let mut texts: Vec<String> = command.get_about().iter().map(ToString::to_string).collect();
        texts.extend(command.get_arguments().filter_map(|arg| arg.get_help()).map(ToString::to_string));
        for text in texts {
            assert!(!text.contains('`') && !text.ends_with('.'), "{}: {text:?}", command.get_name());
        }
        command.get_subcommands().for_each(visit);
    }
    visit(&definition());
}
