//! The pages for people, over accounts made up here.

use std::path::Path;

use lettre::message::Mailbox;
use serde_json::Value;

use super::samples::{icloud, work};
use super::{detail, offered, table};
use crate::accounts::{AccountSpec, Auth, Found, Listing};
use crate::cli::Offer;
use crate::commands::screen::{Screen, columns};
use crate::task::{Task, TlsMode, read_task};

const PLAIN: Screen = Screen { width: None, colours: false };

fn terminal(width: usize) -> Screen {
    Screen { width: Some(width), colours: false }
}

#[test]
fn a_table_is_aligned_and_says_what_to_write_instead() {
    let page = table::page(&[work(), icloud()], PLAIN);
    let expected = "\
ID                     PORT          SENDER                                DESCRIPTION  USABLE
smtp.example.com:kim   587 STARTTLS  Kim Doe <kim@example.com> and 1 more  Work         yes
icloud:kim@icloud.com  -             kim@icloud.com                        iCloud       no
  Mail stores no server for this iCloud account; the preset knows it
  write in the task: \"account\": {\"preset\": \"icloud\", \"user\": \"kim@icloud.com\"}
";
    assert_eq!(page, expected);
}

#[test]
fn wide_letters_and_combining_marks_leave_the_columns_where_they_are() {
    let mut wide = work();
    wide.description = Some("仕事のメール".into());
    let mut marked = work();
    marked.description = Some("Bu\u{308}ro".into());
    let page = table::page(&[wide, marked, work()], PLAIN);
    let ends: Vec<usize> = page.lines().map(|line| columns(line.rsplit_once(' ').unwrap().0)).collect();
    assert!(ends.iter().all(|end| *end == ends[0]), "{ends:?}\n{page}");
}

#[test]
fn a_column_without_anything_in_it_is_left_out() {
    let mut found = work();
    found.description = None;
    assert!(!table::page(&[found], PLAIN).contains("DESCRIPTION"));
}

#[test]
fn a_table_keeps_to_the_width_of_its_terminal_and_never_cuts_an_id() {
    let mut long = work();
    long.description = Some("The account that I use for everything, most of all on Sundays".into());
    let page = table::page(&[long.clone(), work()], terminal(80));
    assert!(page.starts_with("ID "), "{page}");
    assert!(page.lines().all(|line| columns(line) <= 80), "{page}");
    assert!(page.contains('…') && page.contains("smtp.example.com:kim "), "{page}");
    // one below the other, and whole
    let page = table::page(&[long, icloud()], terminal(40));
    assert!(page.starts_with("smtp.example.com:kim\n  port: 587 STARTTLS\n"), "{page}");
    assert!(page.contains("\n\nicloud:kim@icloud.com\n") && !page.contains('…'), "{page}");
    let lines = page.lines().filter(|line| !line.contains("write in the task"));
    assert!(lines.clone().all(|line| columns(line) <= 40), "{page}");
    assert!(page.contains("  usable: no\n"), "{page}");
}

#[test]
fn one_very_long_text_does_not_fill_every_row_with_blanks() {
    let mut long = work();
    long.id = format!("smtp.example.com:{}", "k".repeat(5000));
    long.description = Some("d".repeat(5000));
    let page = table::page(&[long.clone(), work()], PLAIN);
    assert!(page.contains(&long.id), "an id is whole");
    assert!(page.len() < 6000, "{}", page.len());
}

#[test]
fn colours_change_nothing_but_the_colour() {
    let colours = Screen { width: None, colours: true };
    let page = table::page(&[work(), icloud()], colours);
    assert!(page.contains("\x1b[32myes\x1b[0m") && page.contains("\x1b[33mno\x1b[0m"), "{page:?}");
    let mut plain = page;
    for mark in ["\x1b[0m", "\x1b[1m", "\x1b[32m", "\x1b[33m"] {
        plain = plain.replace(mark, "");
    }
    assert_eq!(plain, table::page(&[work(), icloud()], PLAIN));
}

#[test]
fn nothing_that_comes_from_a_file_can_act() {
    let mut hostile = icloud();
    hostile.id = "icloud:k\u{1b}[2J".into();
    hostile.description = Some("a\u{1b}]0;b\u{7}\u{202E}c\u{9b}31m\nd".into());
    hostile.reason = Some("\u{1b}[31mred\u{2066}".into());
    hostile.instead = Some(serde_json::json!({ "preset": "icloud", "user": "k\u{202E}\u{9b}" }));
    hostile.source = "/Users/\u{1b}[2J".into();
    for screen in [PLAIN, terminal(40), terminal(200)] {
        for page in [table::page(&[hostile.clone()], screen), detail::page(&hostile, None, screen)] {
            let active = |c: char| crate::text::is_active(c) && c != '\n';
            assert!(!page.chars().any(active), "{page:?}");
        }
    }
    let listing = Listing { accounts: vec![hostile, work()], ..Listing::default() };
    assert_eq!(offered(&listing, Offer::All), "smtp.example.com:kim\tWork\n");
}

/// The lines to paste, read as JSON.
fn pasted(page: &str) -> Value {
    let lines = page.split("\n\n").filter(|part| part.contains("\":\n")).map(|part| {
        let lines: Vec<&str> = part.lines().filter(|line| line.starts_with("  ")).collect();
        serde_json::from_str::<Value>(&format!("{{{}}}", lines.join("\n"))).unwrap()
    });
    Value::from(lines.collect::<Vec<_>>())
}

/// What is offered is a task that can be read, in one way or two.
fn accepted(page: &str) -> Task {
    task_of(&pasted(page))
}

/// The second way to write an account.
fn second_way(page: &str) -> Task {
    let (_, lines) = page.split_once("\nor, with ").unwrap();
    let lines: Vec<&str> = lines.lines().skip(1).take_while(|line| line.starts_with("  ")).collect();
    task_of(&serde_json::from_str(&format!("[{{{}}}]", lines.join("\n"))).unwrap())
}

fn task_of(lines: &Value) -> Task {
    let mut email = lines[0].clone();
    email["to"] = "ops@example.com".into();
    let mut task = serde_json::json!({ "name": "x", "email": email });
    if let Some(more) = lines.get(1).and_then(Value::as_object) {
        task.as_object_mut().unwrap().extend(more.clone());
    }
    read_task(task.to_string().as_bytes(), "x", Path::new("/tasks")).unwrap()
}

#[test]
fn one_in_detail_ends_with_lines_that_a_task_accepts() {
    let page = detail::page(&work(), None, PLAIN);
    assert!(page.contains("  port         587\n  security     STARTTLS\n"), "{page}");
    assert!(
        page.contains("  senders      Kim Doe <kim@example.com>\n               office@example.com\n"),
        "{page}"
    );
    assert!(page.contains("\n  \"account\": \"smtp.example.com:kim\",\n"), "{page}");
    let keep = "and keep the password in the private keychain, as the user whose hook it is:\n  backup-notify password \
                set smtp.example.com:kim\n";
    assert!(page.ends_with(keep), "{page}");
    assert!(
        page.contains(":\n  backup-notify setup home --account smtp.example.com:kim\n\nOr by hand. "),
        "{page}"
    );
    accepted(&page);
    let page = detail::page(&work(), Some(Path::new("/Users/kim")), PLAIN);
    assert_eq!(accepted(&page).mail_home.unwrap(), Path::new("/Users/kim"));
    assert!(page.contains(" --account smtp.example.com:kim --mail-home /Users/kim\n"), "{page}");

    let mut odd = work();
    odd.id = "smtp.example.com:a \"b\" \\ $(c)".into();
    let page = detail::page(&odd, None, PLAIN);
    assert_eq!(pasted(&page)[0]["account"], odd.id.as_str());
    assert!(page.contains("\n  backup-notify password set 'smtp.example.com:a \"b\" \\ $(c)'\n"), "{page}");
}

#[test]
fn one_that_cannot_be_used_says_why_and_what_to_write_in_its_place() {
    let page = detail::page(&icloud(), Some(Path::new("/Users/kim")), terminal(80));
    assert!(page.contains("  why not      Mail stores no server"), "{page}");
    assert!(page.contains("iCloud wants an app-specific password."), "{page}");
    assert!(!page.contains("mail_home"), "it is written out: {page}");
    assert!(page.contains("\n  backup-notify password set icloud:kim@icloud.com\n"), "{page}");
    accepted(&page);
    let mut unknown = icloud();
    assert!(
        page.contains("\n  backup-notify setup home --account icloud:kim@icloud.com --mail-home"),
        "{page}"
    );
    unknown.instead = None;
    let page = detail::page(&unknown, None, PLAIN);
    assert!(page.contains("\n\nWrite into the task") && !page.contains("setup"), "{page}");
    assert!(page.contains("\n  backup-notify password set smtp.example.com:587:you@example.com\n"), "{page}");
    accepted(&page);
    // the server says whose it is
    unknown.host = Some("p42-smtp.mail.me.com".into());
    let page = detail::page(&unknown, None, PLAIN);
    assert!(page.contains("{\"preset\": \"icloud\", \"user\": \"you@example.com\"}"), "{page}");
    accepted(&page);
}

#[test]
fn an_account_without_encryption_is_offered_with_it() {
    let open = Found { tls_mode: Some(TlsMode::None), port: Some(25), ..work() };
    let page = detail::page(&open, None, PLAIN);
    assert!(page.contains("A password is refused over such a connection"), "{page}");
    assert!(page.contains("it then goes to port 587"), "{page}");
    assert_eq!(accepted(&page).email[0].tls.mode, Some(TlsMode::Starttls));
    let elsewhere = Found { port: Some(2525), ..open.clone() };
    assert!(!detail::page(&elsewhere, None, PLAIN).contains("587"), "its port stays");
    // nobody listens inside a computer
    let here = Found { host: Some("127.0.0.1".into()), ..open.clone() };
    assert!(!detail::page(&here, None, PLAIN).contains("tls"));
    // without a password there is nothing to protect
    let free = Found { auth: Some(Auth::None), ..open };
    let page = detail::page(&free, None, PLAIN);
    assert!(!page.contains("\"tls\"") && !page.contains("\"password\""), "{page}");
}

#[test]
fn an_account_that_has_no_address_asks_for_one() {
    let bare = Found { senders: Vec::new(), ..work() };
    let page = detail::page(&bare, None, PLAIN);
    assert!(page.contains("\"from\": \"you@example.com\""), "{page}");
    accepted(&page);
}

#[test]
fn what_stands_in_place_of_an_account_says_who_sends() {
    let from = |found: &Found| accepted(&detail::page(found, None, PLAIN)).email[0].from.clone();
    assert_eq!(from(&icloud()), None, "the user name says it");
    for sender in [
        "Kim Doe <kim@icloud.com>",
        "kim@example.com",
        "\"Doe, Kim \\\"K\\\" (home)\" <kim@icloud.com>",
        "Zoë Müller 金 <kim@icloud.com>",
        "O'Neil & Söhne <kim@icloud.com>",
    ] {
        let sender: Mailbox = sender.parse().unwrap();
        assert_eq!(
            from(&Found { senders: vec![sender.clone()], ..icloud() }).unwrap().to_string(),
            sender.to_string()
        );
    }
    // the server stays, and its user name is no address
    let kim = Some(serde_json::json!({ "host": "mail.example.com", "user": "kim" }));
    let named = Found { instead: kim, ..icloud() };
    assert_eq!(from(&named).unwrap().to_string(), "kim@icloud.com");
    let bare = Found { senders: Vec::new(), ..named };
    assert_eq!(from(&bare).unwrap().to_string(), "you@example.com");
    assert!(detail::page(&bare, None, PLAIN).contains("Mail stores no sender for it"));
    let nobody =
        Found { instead: Some(serde_json::json!({ "host": "h.example.com", "auth": "none" })), ..bare };
    assert_eq!(from(&nobody).unwrap().to_string(), "you@example.com");
}

#[test]
fn an_account_that_wants_a_token_is_offered_a_password_where_that_does_as_well() {
    let token = |host: &str| Found {
        host: Some(host.into()),
        user: Some("kim@example.com".into()),
        auth: Some(Auth::Xoauth2),
        ..work()
    };
    for (host, word) in
        [("smtp.gmail.com", "gmail"), ("smtp.mail.yahoo.com", "yahoo"), ("smtp.aol.com", "aol")]
    {
        let page = detail::page(&token(host), None, PLAIN);
        let (first, second) = page.split_once("\nor, with an app password and no token:\n").unwrap();
        assert!(first.contains("print-token") && !first.contains("app password"), "{page}");
        assert!(
            second.contains(" wants an app password.\n")
                && second.contains(&format!("\n  backup-notify password set {word}:kim@example.com\n"))
                && !second.contains("OAuth"),
            "{page}"
        );
        accepted(&page);
        let email = &second_way(&page).email[0];
        assert!(
            matches!(&email.account, AccountSpec::Preset(p) if p.preset.word == word && p.user == "kim@example.com"),
            "{page}"
        );
        assert_eq!(email.from.as_ref().unwrap().to_string(), "Kim Doe <kim@example.com>");
    }
    let page = detail::page(&token("smtp-mail.outlook.com"), None, PLAIN);
    assert!(page.contains("Outlook.com takes only a token now.") && !page.contains("\nor, with"), "{page}");
    // of another server nothing is known
    assert!(!detail::page(&token("smtp.example.com"), None, PLAIN).contains("\nor, with"));
}

#[test]
fn a_password_for_a_provider_that_wants_a_token_is_doubted() {
    for (host, word) in [("smtp.office365.com", "microsoft365"), ("smtp-mail.outlook.com", "outlook")] {
        let page = detail::page(&Found { host: Some(host.into()), ..work() }, None, PLAIN);
        assert!(page.contains(" no longer takes the password of most accounts."), "{page}");
        accepted(&page);
        let (_, second) = page.split_once("\nor, with a token and no password:\n").unwrap();
        assert!(second.contains("print-token") && second.contains(" takes only a token now."), "{page}");
        let account = second_way(&page).email[0].account.clone();
        // the full address, where Mail has "kim"
        assert!(
            matches!(&account, AccountSpec::Preset(p) if p.preset.word == word && p.user == "kim@example.com"),
            "{page}"
        );
    }
    let gmail = Found { host: Some("smtp.gmail.com".into()), ..work() };
    let page = detail::page(&gmail, None, PLAIN);
    assert!(page.contains("Gmail wants an app password.\n") && !page.contains("\nor, with"), "{page}");
}

#[test]
fn the_completions_offer_for_a_task_what_a_task_can_use() {
    let listing = Listing { accounts: vec![work(), icloud()], ..Listing::default() };
    assert_eq!(offered(&listing, Offer::Usable), "smtp.example.com:kim\tWork\n");
    assert_eq!(offered(&listing, Offer::All).lines().count(), 2);
    // the password of the other one can be kept as well: a task writes it in another way
    assert_eq!(offered(&listing, Offer::Keepable).lines().count(), 2);
    let open = Listing {
        accounts: vec![Found { auth: Some(Auth::None), ..work() }, Found { instead: None, ..icloud() }],
        ..Listing::default()
    };
    assert_eq!(offered(&open, Offer::Keepable), "");
    let bare = Listing { accounts: vec![Found { description: None, ..work() }], ..Listing::default() };
    assert_eq!(offered(&bare, Offer::All), "smtp.example.com:kim\tkim@example.com\n");
}
