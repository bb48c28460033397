//! The parent's side alone: what it asks for and what it believes. The child is tested with the
//! real program (`tests/other_home.rs`).

#![allow(clippy::string_slice, reason = "the texts are ASCII")]

use super::*;
use crate::accounts::Auth;
use crate::task::TlsMode;

fn honest() -> Found {
    Found {
        id: "smtp.example.test:kim".into(),
        description: None,
        host: Some("smtp.example.test".into()),
        port: Some(587),
        user: Some("kim".into()),
        tls_mode: Some(TlsMode::Starttls),
        auth: Some(Auth::Password),
        senders: Vec::new(),
        source: "/home/kim/Library".into(),
        usable: true,
        reason: None,
        instead: None,
    }
}

#[test]
fn an_account_is_believed_when_its_id_says_where_it_leads() {
    assert!(is_honest(&honest()));
    assert!(is_honest(&Found { id: "smtp.example.test:587:kim".into(), ..honest() }));
    let without_user = Found { user: None, auth: Some(Auth::None), ..honest() };
    assert!(is_honest(&Found { id: "smtp.example.test".into(), ..without_user.clone() }));
    assert!(is_honest(&Found { id: "smtp.example.test:587".into(), ..without_user }));
    // as it is stored, for people to see: it cannot be used
    let odd = Found { id: "no host!:kim".into(), host: Some("no host!".into()), ..honest() };
    assert!(!is_honest(&odd));
    assert!(is_honest(&Found { usable: false, port: None, tls_mode: None, auth: None, ..odd }));
    let icloud = Found { id: "icloud:kim@icloud.com".into(), host: None, usable: false, ..honest() };
    assert!(is_honest(&icloud));
    assert!(!is_honest(&Found { usable: true, ..icloud }));
}

#[test]
fn an_account_that_leads_elsewhere_or_nowhere_is_not() {
    for lie in [
        Found { host: Some("evil.example.test".into()), ..honest() },
        Found { id: "smtp.example.test:ops".into(), ..honest() },
        Found { id: "smtp.example.test:465:kim".into(), ..honest() },
        Found { host: Some("SMTP.example.test".into()), id: "SMTP.example.test:kim".into(), ..honest() },
        Found { user: Some("k\r\nQUIT".into()), id: "smtp.example.test:k\r\nQUIT".into(), ..honest() },
        Found { port: Some(0), ..honest() },
        Found { port: None, ..honest() },
        Found { tls_mode: None, ..honest() },
        Found { auth: None, ..honest() },
    ] {
        assert!(!is_honest(&lie), "{lie:?}");
    }
}

#[test]
fn the_child_gets_the_owner_the_group_and_nothing_else() {
    let home = Home { path: "/home/-kim".into(), owner: Uid::from_raw(4242) };
    let command = command(&home, Gid::from_raw(50)).unwrap();
    let arguments: Vec<_> = command.get_args().map(|argument| argument.to_str().unwrap()).collect();
    assert_eq!(arguments, ["read-mail-home", "--user", "4242", "--", "/home/-kim"]);
    assert_eq!(command.get_current_dir(), Some(Path::new("/")));
    assert_eq!(command.get_envs().count(), 0);
}

#[test]
fn an_answer_is_one_list_of_accounts_or_nothing() {
    let listing = Listing { accounts: vec![honest()], ..Listing::default() };
    let good = serde_json::to_string(&listing).unwrap();
    assert_eq!(believed(good.as_bytes()), Ok(listing));
    assert_eq!(believed(format!("{good}\n").as_bytes()).unwrap().accounts.len(), 1);
    let deep = "[".repeat(1_000_000);
    let cut = &good[..good.len() - 1];
    let unknown = good.replacen("\"host\"", "\"hots\"", 1);
    let two = format!("{good}{good}");
    for bad in ["", "null", "[]", "{}", "\u{0}", &deep, cut, &unknown, &two] {
        assert!(believed(bad.as_bytes()).unwrap_err().contains("no list"), "{}", &bad[..bad.len().min(60)]);
    }
    assert!(believed(b"\xff\xfe").is_err());
    let lie = good.replacen("smtp.example.test", "evil.example.test", 1);
    assert!(believed(lie.as_bytes()).unwrap_err().contains("contradicts"));
}
