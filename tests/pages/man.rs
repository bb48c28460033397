//! The man page: its order, and everything in it that the program knows already.

use backup_notify::accounts::PRESETS;
use backup_notify::exit::Exit;
use clap::{Arg, ArgAction, Command};

use super::examples::EXAMPLES;
use super::page::Page;
use super::{
    commands as every_command, definition, overdue, programs, prose, stores, task_file, templates, waiting,
};

/// When the words of the page were last gone through.
const DATE: &str = "2026-11-23";

/// The sections, in their order.
pub(crate) const SECTIONS: [&str; 25] = [
    "NAME",
    "SYNOPSIS",
    "DESCRIPTION",
    "COMMANDS",
    "OPTIONS",
    "TASK FILE",
    "TEMPLATES",
    "BACKUP PROGRAMS",
    "RUNNING A COMMAND",
    "LOGS",
    "NOTICES ON A SCREEN",
    "OVERDUE BACKUPS",
    "WHEN IT CANNOT BE SENT",
    "SIGNALS",
    "TRUST",
    "WHO MAY WRITE WHAT",
    "PRIVATE KEYCHAIN",
    "SECRET STORES",
    "RESULT FOR PROGRAMS",
    "EXIT STATUS",
    "FILES",
    "ENVIRONMENT",
    "SECURITY",
    "EXAMPLES",
    "SEE ALSO",
];

/// The groups of flags that several commands share, each described once.
const SHARED: [&str; 4] = ["The task", "The run", "Overrides of the task", "Output"];

pub(crate) fn page() -> String {
    let cli = definition();
    let version = format!("backup-notify {}", cli.get_version().unwrap());
    let mut page = Page::new(&["BACKUP-NOTIFY", "1", DATE, &version, "User Commands"]);
    for section in SECTIONS {
        page.section(section);
        match section {
            "NAME" => {
                let about = lower(&cli.get_about().unwrap().to_string());
                page.text(&format!("{} - {about}", cli.get_name()));
            }
            "SYNOPSIS" => synopsis(&mut page, &cli),
            "COMMANDS" => commands(&mut page, &cli),
            "OPTIONS" => options(&mut page, &cli),
            "TASK FILE" => task_file::describe(&mut page),
            "SECRET STORES" => stores::describe(&mut page),
            "TEMPLATES" => templates::describe(&mut page),
            "BACKUP PROGRAMS" => programs::programs(&mut page),
            "RUNNING A COMMAND" => programs::running(&mut page),
            "LOGS" => programs::logs(&mut page),
            "OVERDUE BACKUPS" => overdue::describe(&mut page),
            "WHEN IT CANNOT BE SENT" => waiting::describe(&mut page),
            "SIGNALS" => waiting::signals(&mut page),
            "EXIT STATUS" => exit_status(&mut page),
            "EXAMPLES" => {
                for example in EXAMPLES {
                    page.text(example.about);
                    page.code(example.code);
                }
            }
            _ => prose::section(&mut page, section),
        }
    }
    page.finish()
}

fn synopsis(page: &mut Page, cli: &Command) {
    let own = |name: &str, command: &Command| {
        let mut line = format!("`{} {name}`", cli.get_name());
        for arg in command.get_arguments() {
            if arg.is_positional() && !arg.is_last_set() {
                let name = value_names(arg);
                line.push_str(&if arg.is_required_set() {
                    format!(" ‹{name}›")
                } else {
                    format!(" [‹{name}›]")
                });
            }
        }
        if command.get_arguments().any(|arg| arg.get_id() == "task") {
            line.push_str(" (`--task` ‹FILE› | `--name` ‹NAME›) [‹options›]");
        } else if name.contains(' ') || name == "setup" {
            line.push_str(" [‹options›]");
        }
        if let Some(words) = command.get_arguments().find(|arg| arg.is_last_set()) {
            let words = (value_names(words), words.is_required_set());
            line.push_str(&match words {
                (name, true) => format!(" `--` ‹{name}›…"),
                (name, false) => format!(" [`--` ‹{name}›…]"),
            });
        }
        line
    };
    for (name, command) in every_command(cli) {
        page.line(&own(&name, command));
    }
}

/// Describes each command with the flags that it has for itself.
fn commands(page: &mut Page, cli: &Command) {
    for (name, command) in every_command(cli) {
        page.subsection(&name);
        page.text(&format!("{}.", command.get_about().unwrap()));
        if let Some(more) = prose::command(&name) {
            page.text(more);
        }
        for arg in command
            .get_arguments()
            .filter(|arg| !is_everywhere(arg) && shared(arg).is_none() && !arg.is_hide_set())
        {
            option(page, arg);
        }
        let groups: Vec<&str> = SHARED
            .into_iter()
            .filter(|group| command.get_arguments().any(|arg| shared(arg) == Some(group)))
            .collect();
        if !groups.is_empty() {
            page.text(&format!("Further options: {}.", groups.join(", ")));
        }
    }
}

/// Describes the flags that several commands share.
fn options(page: &mut Page, cli: &Command) {
    for group in SHARED {
        page.subsection(group);
        page.text(prose::group(group));
        let mut described: Vec<(String, String)> = Vec::new();
        let commands = every_command(cli);
        let arguments = commands.iter().flat_map(|(_, command)| command.get_arguments());
        for arg in arguments.filter(|arg| shared(arg) == Some(group)) {
            let (name, help) = (arg.get_id().to_string(), help(arg));
            if let Some((_, known)) = described.iter().find(|(known, _)| *known == name) {
                assert_eq!(*known, help, "one flag, two meanings: {name}");
            } else {
                option(page, arg);
                described.push((name, help));
            }
        }
    }
    page.subsection("Everywhere");
    for arg in cli.get_arguments().filter(|arg| is_everywhere(arg)) {
        option(page, arg);
    }
}

fn shared(arg: &Arg) -> Option<&str> {
    let heading = arg.get_help_heading()?;
    assert!(SHARED.contains(&heading), "the man page does not know the heading {heading:?}");
    Some(heading)
}

fn is_everywhere(arg: &Arg) -> bool {
    matches!(
        arg.get_action(),
        ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong | ArgAction::Version
    )
}

fn option(page: &mut Page, arg: &Arg) {
    let mut names: Vec<String> = Vec::new();
    names.extend(arg.get_short().map(|short| format!("`-{short}`")));
    names.extend(arg.get_long().map(|long| format!("`--{long}`")));
    let mut term = names.join(", ");
    if arg.is_positional() {
        term = format!("‹{}›", value_names(arg));
    } else if arg.get_action().takes_values() {
        let optional = arg.get_num_args().is_some_and(|range| range.min_values() == 0);
        let value = format!("‹{}›", value_names(arg));
        term.push_str(&if optional { format!(" [{value}]") } else { format!(" {value}") });
    }
    page.item(&term, &help(arg));
}

/// The help of a flag in sentences, with its words and its default.
fn help(arg: &Arg) -> String {
    let mut text = format!("{}.", arg.get_help().unwrap());
    if is_everywhere(arg) {
        // clap explains here which of its two helps is the longer one
        text = text.split(" (see").next().unwrap().trim_end_matches('.').to_owned() + ".";
    }
    let words: Vec<String> = arg
        .get_possible_values()
        .iter()
        .filter(|_| arg.get_action().takes_values() && !arg.is_hide_possible_values_set())
        .map(|word| format!("`{}`", word.get_name()))
        .collect();
    if !words.is_empty() {
        text.push_str(&format!(" One of {}.", words.join(", ")));
    }
    if let Some(default) = arg.get_default_values().first().filter(|_| arg.get_action().takes_values()) {
        text.push_str(&format!(" Without it: `{}`.", default.to_string_lossy()));
    }
    if let Some(more) = prose::flag(arg.get_id().as_str()) {
        text.push_str(&format!(" {more}"));
    }
    text
}

fn value_names(arg: &Arg) -> String {
    arg.get_value_names().unwrap_or_default().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn exit_status(page: &mut Page) {
    page.text("The numbers are those of `sysexits.h`. Scripts may rely on them.");
    for exit in Exit::ALL {
        let mut meaning = exit.meaning().to_owned();
        meaning.replace_range(..1, &meaning[..1].to_uppercase());
        page.item(&format!("`{}`", exit.code()), &format!("{meaning}."));
    }
    let mut order = Exit::ALL.to_vec();
    order.retain(|exit| *exit != Exit::Ok);
    order.sort_by(
        |a, b| if a.worse(*b) == *a { std::cmp::Ordering::Less } else { std::cmp::Ordering::Greater },
    );
    let order: Vec<String> = order.iter().map(|exit| exit.code().to_string()).collect();
    page.text(&format!(
        "A task with several e-mails ends with the most serious code, in this order: {}. When a server refuses \
         some recipients, the others get the message, each refused one is named, and the code is 69, or 75 when \
         the refusal is for now only.",
        order.join(", ")
    ));
    page.text(
        "With `--hook` and with `--event begin` the code is 0 whatever became of the deliveries; faults of the \
         command line, of the task file and of the report keep their codes. Growl and the desktop set the code \
         only when the task has no e-mail. A report that is wrong or cannot be read costs no notice where `--status`, \
         an exit code or what the program hands over says how the backup ended: the notice goes out, says so, and the \
         code is 65 or 66 all the same.",
    );
    page.text(
        "`run` ends as its command has ended: with the command's code, or by its signal; 127 when it is not found, 126 when \
         it cannot be started, 64 when the command line is wrong. `--json-file` has the code of the notice.",
    );
}

/// Lists the providers that `preset` knows.
pub(super) fn presets(page: &mut Page) {
    for preset in &PRESETS {
        page.item(
            &format!("`{}`", preset.word),
            &format!("{}, by {} port {}; wants {}.", preset.title, preset.host, preset.port, preset.secret),
        );
    }
}

fn lower(text: &str) -> String {
    text.chars().take(1).flat_map(char::to_lowercase).chain(text.chars().skip(1)).collect()
}

/// Puts a description into the middle of a sentence; names of programs keep their capital.
pub(super) fn lower_unless_name(text: &str) -> String {
    let name = ["Borg", "Carbon", "GNU", "MD5", "SHA"].iter().any(|name| text.starts_with(name));
    if name { text.to_owned() } else { lower(text) }
}
