//! `password set` at a terminal: what is asked, what is shown, and what is kept when somebody leaves.

use crate::site::Site;
use crate::support::conversation::{Conversation, Talked};
use crate::support::smtp_server::{Mode, SmtpServer};
use crate::support::world::World;

const ACCOUNT: &str = "smtp.example.com:587:kim";
const PROMPT: &str = "Password for kim at smtp.example.com:587: ";
const AGAIN: &str = "The same once more: ";
const TRY: &str = "Try it on the server first? [Y/n] ";
const KEEP: &str = "Keep it all the same? [y/N] ";
const DIFFERENT: &str = "The two are not the same.";

/// How many passwords are kept.
fn kept(world: &World) -> usize {
    let result = world.run(&["password", "list", "--json"]).assert_success().json();
    result["passwords"].as_array().unwrap().len()
}

fn set<'w>(world: &'w World, more: &[&str]) -> Conversation<'w> {
    world.at_a_terminal(&[&["password", "set", ACCOUNT], more].concat())
}

/// Types the secret of the world, and then that.
fn typed<'w>(talk: Conversation<'w>, world: &World, then: &str) -> Conversation<'w> {
    talk.secret(PROMPT, world.secret()).secret(AGAIN, then)
}

#[test]
fn a_password_is_typed_twice_and_never_shown() {
    let world = World::new();
    for secret in [world.secret(), world.odd_secret(), " two  words ", "pässwörd 密码"] {
        let talk = set(&world, &[]).undumpable("Password for ").secret(": ", secret).secret(AGAIN, secret);
        let talked = talk.answer(TRY, "n").run();
        talked.assert_code(0).assert_shown("goes into the private keychain of root").assert_shown(PROMPT);
        talked.assert_shown(&format!("kept: {ACCOUNT}"));
        assert!(!talked.shown().contains(secret.trim()), "{}", talked.output);
        assert_eq!(kept(&world), 1);
    }
}

#[test]
fn two_answers_that_differ_are_told_and_asked_for_again() {
    let world = World::new();
    let talk = typed(set(&world, &["--no-test"]), &world, "something else").sees(DIFFERENT);
    typed(talk, &world, world.secret()).run().assert_code(0);
    assert_eq!(kept(&world), 1);
    // an empty second answer is another answer
    let world = World::new();
    let mut talk = set(&world, &["--no-test"]);
    for _ in 0..2 {
        talk = talk.secret(PROMPT, "a").secret(AGAIN, "").sees(DIFFERENT);
    }
    let talked = talk.secret(PROMPT, "a").secret(AGAIN, "b").run();
    talked.assert_code(77).assert_shown("it was not typed twice alike");
    assert_eq!(kept(&world), 0);
}

#[test]
fn who_leaves_keeps_nothing() {
    let world = World::new();
    for keys in ["\u{3}", "\u{4}", "half\u{3}", "\r"] {
        set(&world, &[]).key(PROMPT, keys, true).run().assert_code(77);
    }
    for keys in ["\u{3}", "\u{4}"] {
        let talk = set(&world, &[]).secret(PROMPT, world.secret()).key(AGAIN, keys, true);
        talk.run().assert_code(77).assert_shown("the prompt was cancelled");
    }
    // at a question Ctrl-C ends the program as it ends every other
    for (keys, code) in [("\u{3}", -2), ("\u{4}", 77)] {
        let talk = typed(set(&world, &[]), &world, world.secret());
        talk.key(TRY, keys, false).run().assert_code(code);
    }
    assert_eq!(kept(&world), 0);
    assert!(!world.home().join(".local/share/backup-notify/keychain/vault").exists());
}

#[test]
fn the_prompts_end_at_the_deadline() {
    let world = World::new();
    let talked = set(&world, &["--deadline", "1s"]).silence(PROMPT, true).run();
    talked.assert_code(77).assert_shown("nothing was typed before the time for the whole run was over (1s)");
    let talk = typed(set(&world, &["--deadline", "3s"]), &world, world.secret());
    talk.silence(TRY, false).run().assert_code(77).assert_shown("the question was left without an answer");
    assert_eq!(kept(&world), 0);
}

#[test]
fn a_terminal_as_standard_input_is_read_without_echo_and_once() {
    let world = World::new();
    let talked = set(&world, &["--stdin", "--no-test"]).secret(PROMPT, world.secret()).run();
    talked.assert_code(0).assert_shown(&format!("kept: {ACCOUNT}"));
    assert_eq!(kept(&world), 1);
}

/// Types a secret for the account of this server, and what the answers are.
fn tried(site: &Site, server: &SmtpServer, more: &[&str], secret: &str, answers: &[(&str, &str)]) -> Talked {
    let place = format!("{}:{}", server.host(), server.port());
    let account = format!("{place}:jon");
    let arguments = [&["password", "set", &account, "--tls-trust", "ca-file:ca.pem"], more].concat();
    let prompt = format!("Password for jon at {place}: ");
    let talk = site.world.at_a_terminal(&arguments).secret(&prompt, secret).secret(AGAIN, secret);
    answers.iter().fold(talk, |talk, (question, line)| talk.answer(question, line)).run()
}

#[test]
fn a_password_is_tried_where_somebody_wants_it_and_nothing_is_sent() {
    let site = Site::new();
    let server = site.server(Mode::Implicit).start();
    let talked = tried(&site, &server, &[], site.world.secret(), &[(TRY, "")]);
    talked.assert_code(0).assert_shown(":jon, after a sign-in with it\n");
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
    for answer in ["", "n", "No"] {
        let talked = tried(&site, &server, &more, "another", &[(KEEP, answer)]);
        talked.assert_code(77).assert_shown("refused the sign-in of \"jon\"");
        talked.assert_shown("what to do: ").assert_shown("the password was not kept");
        assert_eq!(kept(&site.world), 0);
    }
    let unclear = [(KEEP, "perhaps"), (KEEP, "yes")];
    let talked = tried(&site, &server, &more, "another", &unclear);
    talked.assert_code(0).assert_shown("Type yes or no.").assert_shown(":jon\n");
    assert_eq!(kept(&site.world), 1);
}
