//! Each rule of the facts as a case of its own.

use std::path::Path;

use serde_json::json;

use super::super::record::{Harvest, Outgoing, Provider, Sender, Settings};
use super::{Resolved, resolve};
use crate::accounts::Auth;
use crate::accounts::found::Found;
use crate::task::TlsMode;

fn resolved(outgoing: Vec<Outgoing>) -> Resolved {
    let harvest = Harvest { outgoing, remarks: Vec::new() };
    resolve(harvest, Path::new("/home/Library/Accounts.plist"))
}

fn one(outgoing: Outgoing) -> Found {
    let mut resolved = resolved(vec![outgoing]);
    assert_eq!(resolved.accounts.len(), 1, "{resolved:?}");
    assert_eq!(resolved.problems, Vec::new());
    resolved.accounts.remove(0)
}

fn encrypted() -> Settings {
    Settings { encrypted: true, authenticates: true, ..Settings::default() }
}

fn server(host: &str, user: &str, settings: Settings) -> Outgoing {
    Outgoing {
        host: Some(host.to_owned()),
        user: (!user.is_empty()).then(|| user.to_owned()),
        settings: Some(settings),
        ..Outgoing::default()
    }
}

fn sender(name: &str, address: &str) -> Sender {
    Sender { name: (!name.is_empty()).then(|| name.to_owned()), address: address.to_owned() }
}

fn ids(outgoing: Vec<Outgoing>) -> Vec<String> {
    resolved(outgoing).accounts.into_iter().map(|found| found.id).collect()
}

#[test]
fn port_and_security_follow_from_each_other() {
    let clear = Settings { authenticates: true, ..Settings::default() };
    let cases = [
        (encrypted(), 587, TlsMode::Starttls),
        (Settings { port: Some(465), ..encrypted() }, 465, TlsMode::Implicit),
        (Settings { port: Some(465), direct: Some(false), ..encrypted() }, 465, TlsMode::Implicit),
        (Settings { port: Some(25), ..encrypted() }, 25, TlsMode::Starttls),
        (Settings { port: Some(2525), direct: Some(true), ..encrypted() }, 2525, TlsMode::Implicit),
        (Settings { direct: Some(true), ..encrypted() }, 465, TlsMode::Implicit),
        (clear.clone(), 25, TlsMode::None),
        // seen in a real file: the port of submission, and no TLS
        (Settings { port: Some(587), ..clear }, 587, TlsMode::None),
    ];
    for (settings, port, mode) in cases {
        let found = one(server("smtp.example.com", "kim", settings.clone()));
        assert_eq!((found.port, found.tls_mode), (Some(port), Some(mode)), "{settings:?}");
        assert!(found.usable && found.reason.is_none(), "{found:?}");
    }
}

#[test]
fn a_server_that_is_never_without_tls_and_stored_so_is_doubted() {
    let clear = Settings { authenticates: true, ..Settings::default() };
    for odd in [
        server("smtp.example.com", "kim", Settings { port: Some(465), direct: Some(true), ..clear.clone() }),
        server("smtp.gmail.com", "kim@gmail.com", Settings { port: Some(587), ..clear }),
    ] {
        let all = resolved(vec![odd]);
        assert_eq!(all.accounts[0].tls_mode, Some(TlsMode::None));
        assert_eq!(all.problems[0].account.as_ref(), Some(&all.accounts[0].id));
        assert!(all.problems[0].message.contains("without TLS"), "{:?}", all.problems);
    }
}

#[test]
fn one_that_is_protected_elsewhere_in_the_file_is_not_doubted() {
    let clear = Settings { port: Some(465), authenticates: true, ..Settings::default() };
    let both = [clear, Settings { port: Some(465), ..encrypted() }];
    let all = resolved(both.into_iter().map(|s| server("a.example.com", "kim", s)).collect());
    assert_eq!(all.accounts[0].tls_mode, Some(TlsMode::Implicit));
    assert_eq!(all.problems.len(), 1, "{:?}", all.problems);
    assert!(all.problems[0].message.contains("twice"), "{:?}", all.problems);
}

#[test]
fn no_name_can_be_taken_for_another_one() {
    let at = |host: &str, user: &str, port| server(host, user, Settings { port: Some(port), ..encrypted() });
    let ids = ids(vec![
        at("h.example.com", "kim", 587),
        at("h.example.com", "kim", 465),
        at("h.example.com", "587:kim", 465),
        at("2001:db8::1", "kim", 587),
        at("2001:db8::1:587", "kim", 587),
    ]);
    assert_eq!(
        ids,
        [
            "h.example.com:587:kim",
            "h.example.com:465:kim",
            "h.example.com:465:587:kim",
            "[2001:db8::1]:kim",
            "[2001:db8::1:587]:kim",
        ]
    );
}

#[test]
fn a_server_of_its_own_is_not_completed_by_the_provider_of_its_account() {
    let own = Outgoing {
        host: Some("smtp.corp.example".to_owned()),
        user: Some("kim@corp.example".to_owned()),
        provider: Some(Provider::Google),
        ..Outgoing::default()
    };
    let found = one(own);
    assert_eq!((found.usable, found.port), (false, None));
}

#[test]
fn what_a_file_makes_too_long_is_cut_or_refused() {
    let long = "k".repeat(10_000);
    let found =
        one(Outgoing { description: Some(long.clone()), ..server("a.example.com", &long, encrypted()) });
    assert!(!found.usable && found.id.len() < 400, "{found:?}");
    assert!(found.description.unwrap().chars().count() <= 200);
    let found = one(Outgoing { provider: Some(Provider::Icloud), user: Some(long), ..Outgoing::default() });
    assert!(!found.usable && found.id.len() < 2_000, "{found:?}");
    let senders = (0..100_000).map(|n| sender("", &format!("k{n}@example.com"))).collect();
    let found = one(Outgoing { senders, ..server("a.example.com", "kim", encrypted()) });
    assert_eq!(found.senders.len(), 200);
}

#[test]
fn what_cannot_be_signed_in_with_is_named() {
    let by = |scheme: &str| {
        let settings = Settings { scheme: Some(scheme.to_owned()), ..encrypted() };
        one(server("smtp.example.com", "kim@example.com", settings))
    };
    for scheme in ["", "PLAIN", "login", "CRAM-MD5"] {
        assert_eq!((by(scheme).auth, by(scheme).usable), (Some(Auth::Password), true), "{scheme}");
    }
    assert_eq!(by("XOAUTH2").auth, Some(Auth::Xoauth2));
    for scheme in ["DIGEST-MD5", "NTLM", "GSSAPI", "EXTERNAL", "X-APOP", "NEW\u{1b}[31m"] {
        let found = by(scheme);
        assert!(!found.usable && found.auth.is_none(), "{found:?}");
        let reason = found.reason.unwrap();
        assert!(
            reason.contains(scheme.trim_end_matches("\u{1b}[31m")) && !reason.contains('\u{1b}'),
            "{reason}"
        );
    }
    let apple = by("ATOKEN");
    assert!(!apple.usable && apple.reason.unwrap().contains("app-specific password"));
}

#[test]
fn without_authentication_there_is_no_user() {
    let open = Settings { port: Some(25), ..Settings::default() };
    for user in ["", "kim"] {
        let found = one(server("relay.example.com", user, open.clone()));
        assert_eq!((found.auth, found.user.as_deref(), found.usable), (Some(Auth::None), None, true));
        assert_eq!(found.id, "relay.example.com");
    }
    assert_eq!(one(server("relay.example.com", "", encrypted())).auth, Some(Auth::None));
}

#[test]
fn ids_hold_the_port_only_where_two_would_be_the_same() {
    let at = |port| Settings { port: Some(port), ..encrypted() };
    assert_eq!(ids(vec![server("a.example.com", "kim", at(587))]), ["a.example.com:kim"]);
    assert_eq!(
        ids(vec![
            server("a.example.com", "kim", at(587)),
            server("A.EXAMPLE.com", "kim", at(465)),
            server("a.example.com", "jon", at(465)),
            server("b.example.com", "", at(25)),
            server("b.example.com", "", at(26)),
        ]),
        [
            "a.example.com:587:kim",
            "a.example.com:465:kim",
            "a.example.com:jon",
            "b.example.com:25",
            "b.example.com:26"
        ]
    );
}

#[test]
fn duplicates_are_one_account_with_the_senders_of_both() {
    let with = |address| Outgoing {
        senders: vec![sender("", address)],
        ..server("a.example.com", "kim", encrypted())
    };
    let mut all = resolved(vec![with("kim@example.com"), with("k@example.com"), with("KIM@example.com")]);
    assert_eq!(all.accounts.len(), 1);
    assert_eq!(all.problems, Vec::new());
    let senders: Vec<String> = all.accounts.remove(0).senders.iter().map(ToString::to_string).collect();
    assert_eq!(senders, ["kim@example.com", "k@example.com"]);
}

#[test]
fn of_two_that_differ_the_protected_one_counts_and_that_is_said() {
    let clear = Settings { port: Some(587), authenticates: true, ..Settings::default() };
    for both in [[clear.clone(), encrypted()], [encrypted(), clear.clone()]] {
        let all = resolved(both.into_iter().map(|s| server("a.example.com", "kim", s)).collect());
        assert_eq!(all.accounts.len(), 1);
        assert_eq!(all.accounts[0].tls_mode, Some(TlsMode::Starttls));
        assert_eq!(all.problems.len(), 1, "{:?}", all.problems);
        assert_eq!(all.problems[0].account.as_deref(), Some("a.example.com:kim"));
    }
}

#[test]
fn a_server_that_only_a_link_names_is_completed_from_a_preset_and_says_so() {
    let linked = Outgoing {
        host: Some("smtp.gmail.com".to_owned()),
        user: Some("kim.doe".to_owned()),
        senders: vec![sender("Kim", "other@example.com"), sender("Kim Doe", "Kim.Doe@gmail.com")],
        ..Outgoing::default()
    };
    let found = one(linked.clone());
    assert_eq!(found.id, "smtp.gmail.com:Kim.Doe@gmail.com");
    assert_eq!((found.port, found.tls_mode), (Some(465), Some(TlsMode::Implicit)));
    assert_eq!((found.auth, found.usable), (Some(Auth::Password), true));
    let reason = found.reason.unwrap();
    assert!(reason.contains("preset for Gmail") && reason.contains("full address"), "{reason}");

    let nobody = one(Outgoing { senders: Vec::new(), ..linked.clone() });
    assert!(!nobody.usable, "a local part is not what Gmail wants: {nobody:?}");

    let own = one(Outgoing { host: Some("smtp.example.com".to_owned()), ..linked });
    assert_eq!((own.usable, own.port, own.tls_mode, own.auth), (false, None, None, None));
    assert_eq!(own.instead, Some(json!({ "host": "smtp.example.com", "user": "kim.doe" })));
}

#[test]
fn a_link_to_a_server_that_is_stored_adds_its_senders_and_nothing_else() {
    let linked = Outgoing {
        host: Some("a.example.com".to_owned()),
        user: Some("kim".to_owned()),
        senders: vec![sender("", "kim@example.com")],
        ..Outgoing::default()
    };
    let all = resolved(vec![linked, server("a.example.com", "kim", encrypted())]);
    assert_eq!(all.accounts.len(), 1);
    assert_eq!((all.accounts[0].port, all.accounts[0].usable), (Some(587), true));
    assert_eq!(all.accounts[0].senders.len(), 1);
}

#[test]
fn where_mail_stores_no_server_the_preset_is_offered() {
    let without = |provider, user: &str| {
        one(Outgoing { provider: Some(provider), user: Some(user.to_owned()), ..Outgoing::default() })
    };
    let icloud = without(Provider::Icloud, "kim@icloud.com");
    assert_eq!((icloud.id.as_str(), icloud.usable, icloud.port), ("icloud:kim@icloud.com", false, None));
    assert_eq!(icloud.host, None);
    assert!(icloud.reason.unwrap().contains("app-specific password"));
    assert_eq!(icloud.instead, Some(json!({ "preset": "icloud", "user": "kim@icloud.com" })));

    let google = without(Provider::Google, "kim@gmail.com");
    assert_eq!(google.id, "google:kim@gmail.com");
    assert_eq!(google.instead, Some(json!({ "preset": "gmail", "user": "kim@gmail.com" })));
    let exchange = without(Provider::Exchange, "kim@corp.example");
    assert!(exchange.id == "exchange:kim@corp.example" && exchange.reason.unwrap().contains("own protocol"));
}

#[test]
fn icloud_wants_the_full_address_from_any_of_its_servers() {
    let shard = Outgoing {
        provider: Some(Provider::Icloud),
        senders: vec![sender("Kim Doe", "kim@icloud.com")],
        ..server("p42-smtp.mail.me.com", "kim", Settings { port: Some(587), ..encrypted() })
    };
    let found = one(shard);
    assert_eq!(found.id, "p42-smtp.mail.me.com:kim@icloud.com");
    assert!(found.usable && found.reason.unwrap().contains("full address"));
}

#[test]
fn names_that_are_no_names_are_shown_and_not_used() {
    for host in ["smtp example com", "http://smtp.example.com", "smtp\u{1b}[2J.example.com", "a..b"] {
        let found = one(server(host, "kim", encrypted()));
        assert!(!found.usable && found.reason.is_some(), "{found:?}");
        assert!(!found.id.contains('\u{1b}'), "{found:?}");
    }
    let found = one(server("smtp.example.com", "kim\u{0}jon", encrypted()));
    assert!(!found.usable && !found.id.contains('\u{0}'), "{found:?}");
}

#[test]
fn senders_that_are_no_addresses_are_left_out() {
    let found = one(Outgoing {
        senders: vec![sender("Kim", "kim"), sender("Doe, Kim\u{202e}", "kim@example.com"), sender("", "")],
        ..server("a.example.com", "kim", encrypted())
    });
    let senders: Vec<String> = found.senders.iter().map(ToString::to_string).collect();
    assert_eq!(senders, ["\"Doe, Kim\u{fffd}\" <kim@example.com>"]);
}
