//! `password set` at a terminal: what is asked, what is shown, and what is kept when somebody leaves.

use crate::site::Site;
use crate::support::output::Output;
use crate::support::smtp_server::{Mode, SmtpServer};
use crate::support::terminal::Act::{self, Echoed, Hidden, Sees, Types, Undumpable};
use crate::support::terminal::at_a_terminal;
use crate::support::world::World;

const ACCOUNT: &str = "smtp.example.com:587:kim";
const PROMPT: Act<'_> = Sees("Password for kim at smtp.example.com:587: ");
const AGAIN: Act<'_> = Sees("The same once more: ");
const TRY: Act<'_> = Sees("Try it on the server first? [Y/n] ");
const KEEP: Act<'_> = Sees("Keep it all the same? [y/N] ");

/// How many passwords are kept.
fn kept(world: &World) -> usize {
    let result = world.run(&["password", "list", "--json"]).assert_success().json();
    result["passwords"].as_array().unwrap().len()
}

fn set(world: &World, more: &[&str], acts: &[Act<'_>]) -> Output {
    let arguments = [&["password", "set", ACCOUNT], more].concat();
    at_a_terminal(world, &arguments, acts)
}

/// The secret of a world, and Enter.
fn entered(world: &World) -> String {
    world.secret().to_owned() + "\r"
}

#[test]
fn a_password_is_typed_twice_and_never_shown() {
    let world = World::new();
    let odd = world.odd_secret().to_owned() + "\r";
    for keys in [entered(&world), odd, " two  words \r".to_owned(), "pässwörd 密码\r".to_owned()] {
        let typed = Types(&keys);
        let output = set(
            &world,
            &[],
            &[PROMPT, Hidden, Undumpable, typed, AGAIN, Hidden, typed, TRY, Echoed, Types("n\r")],
        );
        output.assert_success().assert_stdout_has("goes into the private keychain of root");
        output.assert_stdout_has(&format!("kept: {ACCOUNT}"));
        assert!(!output.stdout.contains(keys.trim()), "{output}");
        assert_eq!(kept(&world), 1);
    }
}

#[test]
fn two_answers_that_differ_are_told_and_asked_for_again() {
    let world = World::new();
    let right = entered(&world);
    let (right, wrong) = (Types(&right), Types("something else\r"));
    let once = [PROMPT, Hidden, right, AGAIN, Hidden, wrong, Sees("The two are not the same.")];
    let at_last = [PROMPT, Hidden, right, AGAIN, Hidden, right];
    let output = set(&world, &["--no-test"], &[&once[..], &at_last].concat());
    output.assert_success();
    assert_eq!(kept(&world), 1);
    // an empty second answer is another answer
    let world = World::new();
    let empty = [PROMPT, Hidden, Types("a\r"), AGAIN, Hidden, Types("\r"), Sees("The two are not the same.")];
    let third = [PROMPT, Hidden, Types("a\r"), AGAIN, Hidden, Types("b\r")];
    let output = set(&world, &["--no-test"], &[&empty[..], &empty, &third].concat());
    output.assert_code(77).assert_stdout_has("it was not typed twice alike");
    assert_eq!(kept(&world), 0);
}

#[test]
fn who_leaves_keeps_nothing() {
    let world = World::new();
    let right = entered(&world);
    let typed = Types(&right);
    for (keys, code) in [("\u{3}", 77), ("\u{4}", 77), ("half\u{3}", 77), ("\r", 77)] {
        set(&world, &[], &[PROMPT, Hidden, Types(keys)]).assert_code(code);
    }
    for keys in ["\u{3}", "\u{4}"] {
        let output = set(&world, &[], &[PROMPT, Hidden, typed, AGAIN, Hidden, Types(keys)]);
        output.assert_code(77).assert_stdout_has("the prompt was cancelled");
    }
    // at a question Ctrl-C ends the program as it ends every other
    for (keys, code) in [("\u{3}", 128 + 2), ("\u{4}", 77)] {
        let acts = [PROMPT, Hidden, typed, AGAIN, Hidden, typed, TRY, Echoed, Types(keys)];
        set(&world, &[], &acts).assert_code(code);
    }
    assert_eq!(kept(&world), 0);
    assert!(!world.home().join(".local/share/backup-notify/keychain/vault").exists());
}

#[test]
fn the_prompts_end_at_the_deadline() {
    let world = World::new();
    let output = set(&world, &["--deadline", "1s"], &[PROMPT, Hidden]);
    output
        .assert_code(77)
        .assert_stdout_has("nothing was typed before the time for the whole run was over (1s)");
    let right = entered(&world);
    let typed = Types(&right);
    let output = set(&world, &["--deadline", "3s"], &[PROMPT, Hidden, typed, AGAIN, Hidden, typed, TRY]);
    output.assert_code(77).assert_stdout_has("the question was left without an answer");
    assert_eq!(kept(&world), 0);
}

#[test]
fn a_terminal_as_standard_input_is_read_without_echo_and_once() {
    let world = World::new();
    let right = entered(&world);
    let output = set(&world, &["--stdin", "--no-test"], &[PROMPT, Hidden, Types(&right)]);
    output.assert_success().assert_stdout_has(&format!("kept: {ACCOUNT}"));
    assert_eq!(kept(&world), 1);
}

/// Types the secret of the site for the account of this server, and answers.
fn tried(site: &Site, server: &SmtpServer, more: &[&str], secret: &str, answers: &[Act<'_>]) -> Output {
    let place = format!("{}:{}", server.host(), server.port());
    let (prompt, keys) = (format!("Password for jon at {place}: "), format!("{secret}\r"));
    let typed = [Sees(&prompt), Hidden, Types(&keys), AGAIN, Hidden, Types(&keys)];
    let account = format!("{place}:jon");
    let arguments = [&["password", "set", &account, "--tls-trust", "ca-file:ca.pem"], more].concat();
    at_a_terminal(&site.world, &arguments, &[&typed[..], answers].concat())
}

#[test]
fn a_password_is_tried_where_somebody_wants_it_and_nothing_is_sent() {
    let site = Site::new();
    let server = site.server(Mode::Implicit).start();
    let output = tried(&site, &server, &[], site.world.secret(), &[TRY, Echoed, Types("\r")]);
    output.assert_success().assert_stdout_has(":jon, after a sign-in with it\n");
    assert_eq!(kept(&site.world), 1);
    server.assert_clean();
    let [session] = &server.finish()[..] else { panic!("one session") };
    assert_eq!(session.verbs(), "EHLO AUTH QUIT", "{session}");
    assert_eq!(session.messages().count(), 0, "{session}");
}

#[test]
fn a_refused_password_is_kept_only_when_somebody_says_so() {
    let site = Site::new();
    let server = site.server(Mode::Starttls).start();
    let more = ["--tls-mode", "starttls", "--test"];
    for answer in ["\r", "n\r", "No\r"] {
        let output = tried(&site, &server, &more, "another", &[KEEP, Echoed, Types(answer)]);
        output.assert_code(77).assert_stdout_has("refused the sign-in of \"jon\"");
        output.assert_stdout_has("what to do: ").assert_stdout_has("the password was not kept");
        assert_eq!(kept(&site.world), 0);
    }
    let unclear = [KEEP, Echoed, Types("perhaps\r"), Sees("Type yes or no."), KEEP, Types("yes\r")];
    let output = tried(&site, &server, &more, "another", &unclear);
    output.assert_success().assert_stdout_has(":jon\n");
    assert_eq!(kept(&site.world), 1);
}
