use plist::Value;
use rusqlite::Connection;

use super::read;
use super::testing::{Row, add, archive, bytes, database, dictionary, number, property, text};
use crate::accounts::mail::record::{Harvest, Outgoing, Provider, Sender, Settings};

fn harvest(rows: Vec<Row<'_>>) -> Harvest {
    let connection = database();
    for row in rows {
        add(&connection, row);
    }
    of(connection)
}

fn of(connection: Connection) -> Harvest {
    read(bytes(connection), None).unwrap()
}

/// The only account of a harvest without remarks.
fn only(rows: Vec<Row<'_>>) -> Outgoing {
    let Harvest { mut outgoing, remarks } = harvest(rows);
    assert_eq!(remarks, Vec::<String>::new());
    assert_eq!(outgoing.len(), 1, "{outgoing:?}");
    outgoing.remove(0)
}

fn yes() -> Value {
    Value::Boolean(true)
}

fn smtp(properties: Vec<(&str, Value)>) -> Row<'_> {
    Row { number: 1, kind: 7, identifier: Some("S-1"), properties, ..Row::default() }
}

fn sender(name: Option<&str>, address: &str) -> Sender {
    Sender { name: name.map(str::to_owned), address: address.to_owned() }
}

/// An iCloud account, as the facts have seen its part for mail.
fn icloud() -> Row<'static> {
    Row {
        number: 20,
        kind: 9,
        identifier: Some("P-1"),
        description: Some("iCloud"),
        user: Some("kim@elsewhere.example"),
        mail: Some(dictionary([
            ("smtpHostname", text("p42-smtp.mail.me.com")),
            ("smtpPort", number(587)),
            ("smtpRequiresSSL", yes()),
            ("EmailAddress", text("kim@icloud.com")),
            ("Username", text("kim")),
            ("FullUserName", text("Kim Doe")),
        ])),
        ..Row::default()
    }
}

#[test]
fn an_account_with_its_own_settings_is_taken_as_stored() {
    let found = only(vec![
        smtp(vec![
            ("Hostname", text("smtp.example.com")),
            ("PortNumber", number(465)),
            ("SSLEnabled", yes()),
            ("SSLIsDirect", yes()),
            ("Username", text("kim")),
            ("AuthenticationScheme", text("CRAM-MD5")),
        ]),
        Row {
            number: 2,
            kind: 8,
            description: Some("Work"),
            properties: vec![
                ("SendingAccountIdentifier", text("s-1")),
                ("IdentityEmailAddress", text("kim@example.com")),
                ("ACPropertyFullName", text("Kim Doe")),
            ],
            ..Row::default()
        },
    ]);
    let expected = Outgoing {
        record: Some(1),
        description: Some("Work".to_owned()),
        host: Some("smtp.example.com".to_owned()),
        user: Some("kim".to_owned()),
        settings: Some(Settings {
            port: Some(465),
            encrypted: true,
            direct: Some(true),
            authenticates: true,
            scheme: Some("CRAM-MD5".to_owned()),
        }),
        provider: None,
        senders: vec![sender(Some("Kim Doe"), "kim@example.com")],
    };
    assert_eq!(found, expected);
}

#[test]
fn what_an_account_lacks_is_its_parents() {
    let child = Row { parent: Some(20), ..smtp(vec![]) };
    let found = only(vec![icloud(), child]);
    assert_eq!(found.host.as_deref(), Some("p42-smtp.mail.me.com"));
    assert_eq!(found.user.as_deref(), Some("kim@icloud.com"));
    assert_eq!(found.description.as_deref(), Some("iCloud"));
    assert_eq!(found.provider, Some(Provider::Icloud));
    let settings = found.settings.unwrap();
    assert_eq!((settings.port, settings.encrypted, settings.authenticates), (Some(587), true, true));
    assert_eq!(found.senders, [sender(Some("Kim Doe"), "kim@icloud.com")]);
}

#[test]
fn what_an_account_has_is_not_its_parents() {
    let own = vec![
        ("Hostname", text("smtp.example.com")),
        ("PortNumber", number(2525)),
        ("SSLEnabled", Value::Boolean(false)),
        ("Username", text("other@example.com")),
    ];
    let found = only(vec![icloud(), Row { parent: Some(20), ..smtp(own) }]);
    assert_eq!(found.host.as_deref(), Some("smtp.example.com"));
    assert_eq!(found.user.as_deref(), Some("other@example.com"));
    let settings = found.settings.unwrap();
    assert_eq!((settings.port, settings.encrypted), (Some(2525), false));
}

#[test]
fn the_user_name_is_looked_for_in_four_places() {
    let parent = || Row { number: 2, kind: 14, user: Some("parent"), ..Row::default() };
    let user = |own: Option<&'static str>, properties| {
        only(vec![parent(), Row { parent: Some(2), user: own, ..smtp(properties) }]).user.unwrap()
    };
    assert_eq!(user(None, vec![]), "parent");
    assert_eq!(user(Some("row"), vec![]), "row");
    assert_eq!(user(Some("row"), vec![("IdentityEmailAddress", text("a@example.com"))]), "a@example.com");
    let all = vec![("IdentityEmailAddress", text("a@example.com")), ("Username", text("own"))];
    assert_eq!(user(Some("row"), all), "own");
}

#[test]
fn without_authentication_there_is_no_user() {
    let found = only(vec![smtp(vec![
        ("Hostname", text("relay.example.com")),
        ("Username", text("kim")),
        ("ShouldUseAuthentication", text("NO")),
    ])]);
    assert_eq!(found.user, None);
    assert!(!found.settings.unwrap().authenticates);
    let found = only(vec![smtp(vec![("Hostname", text("relay.example.com"))])]);
    assert_eq!(found.settings, Some(Settings::default()));
}

#[test]
fn flags_and_ports_of_every_spelling_are_read() {
    for flag in [yes(), number(1), text("YES")] {
        for port in [number(465), text("465")] {
            let found = only(vec![smtp(vec![("SSLEnabled", flag.clone()), ("PortNumber", port)])]);
            let settings = found.settings.unwrap();
            assert_eq!((settings.encrypted, settings.port), (true, Some(465)));
        }
    }
    let found = only(vec![smtp(vec![("UseDefaultPorts", yes()), ("PortNumber", number(465))])]);
    assert_eq!(found.settings.unwrap().port, None);
}

#[test]
fn values_that_are_no_archives_are_read_as_well() {
    let connection = database();
    add(&connection, smtp(vec![]));
    connection
        .execute_batch(
            "INSERT INTO ZACCOUNTPROPERTY (ZOWNER, ZKEY, ZVALUE) VALUES (1, 'Hostname', 'smtp.example.com'),
             (1, 'PortNumber', 2525), (1, 'SSLEnabled', NULL)",
        )
        .unwrap();
    let found = of(connection).outgoing.remove(0);
    assert_eq!(found.host.as_deref(), Some("smtp.example.com"));
    assert_eq!(found.settings.unwrap().port, Some(2525));
}

#[test]
fn a_port_that_is_none_is_left_out_and_said() {
    let Harvest { outgoing, remarks } = harvest(vec![smtp(vec![("PortNumber", number(70000))])]);
    assert_eq!(outgoing[0].settings, Some(Settings::default()));
    assert!(remarks[0].contains("PortNumber") && remarks[0].contains("70000"), "{remarks:?}");
}

#[test]
fn a_setting_that_cannot_be_read_leaves_no_settings() {
    for key in ["SSLEnabled", "SSLIsDirect", "PortNumber", "Hostname", "ShouldUseAuthentication"] {
        let connection = database();
        add(&connection, Row { user: Some("kim"), ..smtp(vec![("AuthenticationScheme", text("PLAIN"))]) });
        property(&connection, 1, key, b"garbage");
        let Harvest { outgoing, remarks } = of(connection);
        assert_eq!(outgoing[0].settings, None, "{key}");
        assert!(
            remarks[0].starts_with(&format!("account \"kim\": its {key} cannot be read: ")),
            "{remarks:?}"
        );
    }
    let Harvest { outgoing, remarks } = harvest(vec![smtp(vec![("SSLEnabled", text("perhaps"))])]);
    assert_eq!((outgoing[0].settings.as_ref(), remarks.len()), (None, 1));
    let twice = vec![("SSLEnabled", yes()), ("SSLEnabled", Value::Boolean(false))];
    let Harvest { outgoing, remarks } = harvest(vec![smtp(twice)]);
    assert_eq!(outgoing[0].settings, None);
    assert!(remarks[0].contains("more than once"), "{remarks:?}");
}

#[test]
fn a_missing_parent_does_not_switch_encryption_off() {
    let orphan = |properties| Row { parent: Some(99), ..smtp(properties) };
    let Harvest { outgoing, remarks } = harvest(vec![orphan(vec![("Hostname", text("smtp.example.com"))])]);
    assert_eq!(outgoing[0].settings, None);
    assert!(remarks[0].contains("encrypted"), "{remarks:?}");
    assert!(only(vec![orphan(vec![("SSLEnabled", yes())])]).settings.unwrap().encrypted);
    let garbage = Row { mail: Some(yes()), ..icloud() };
    let connection = database();
    add(&connection, garbage);
    add(&connection, Row { parent: Some(20), ..smtp(vec![]) });
    connection.execute_batch("UPDATE ZACCOUNT SET ZDATACLASSPROPERTIES = x'00' WHERE Z_PK = 20").unwrap();
    assert_eq!(of(connection).outgoing[0].settings, None);
}

#[test]
fn senders_are_the_identities_of_the_incoming_accounts() {
    let alias = |address: &str, name: &str, primary, enabled| {
        dictionary([
            ("DisplayName", text(name)),
            ("EmailAddresses", Value::Array(vec![text(address)])),
            ("IsPrimary", Value::Boolean(primary)),
            ("IsEnabled", Value::Boolean(enabled)),
        ])
    };
    let aliases = Value::Array(vec![
        alias("second@example.com", "", false, true),
        alias("off@example.com", "Off", false, false),
        alias("first@example.com", "Kim", true, true),
    ]);
    let parent = Row {
        number: 5,
        kind: 10,
        properties: vec![("EmailAliases", aliases), ("ACPropertyFullName", text("Kim Doe"))],
        ..Row::default()
    };
    let imap = |number, address: &str| Row {
        number,
        kind: 8,
        parent: Some(5),
        properties: vec![("SendingAccountIdentifier", text("S-1")), ("IdentityEmailAddress", text(address))],
        ..Row::default()
    };
    let own = smtp(vec![("IdentityEmailAddress", text("own@example.com"))]);
    let found = only(vec![parent, imap(6, "me@example.com"), imap(7, "FIRST@example.com"), own]);
    let expected = [
        sender(Some("Kim"), "first@example.com"),
        sender(Some("Kim Doe"), "me@example.com"),
        sender(Some("Kim Doe"), "second@example.com"),
        sender(None, "own@example.com"),
    ];
    assert_eq!(found.senders, expected);
}

#[test]
fn a_managed_account_with_mail_and_no_server_is_shown_without_one() {
    let found = only(vec![icloud()]);
    assert_eq!((found.host, found.settings), (None, None));
    assert_eq!(found.provider, Some(Provider::Icloud));
    assert_eq!(found.user.as_deref(), Some("kim@icloud.com"));
    let google = Row { number: 3, kind: 10, user: Some("kim@gmail.com"), ..Row::default() };
    let imap = Row { number: 4, kind: 8, parent: Some(3), ..Row::default() };
    let found = only(vec![google, imap]);
    assert_eq!((found.provider, found.user.as_deref()), (Some(Provider::Google), Some("kim@gmail.com")));
    let exchange = Row {
        number: 3,
        kind: 11,
        properties: vec![("IdentityEmailAddress", text("kim@corp.example"))],
        user: Some("CORP\\kim"),
        ..Row::default()
    };
    let found = only(vec![exchange]);
    assert_eq!((found.provider, found.user.as_deref()), (Some(Provider::Exchange), Some("kim@corp.example")));
    assert_eq!(found.senders, [sender(None, "kim@corp.example")]);
}

#[test]
fn a_managed_account_without_mail_is_not_shown() {
    let off = Row { mail: Some(dictionary([])), ..icloud() };
    let calendars = Row { number: 3, kind: 10, user: Some("kim@gmail.com"), ..Row::default() };
    let caldav = Row { number: 4, kind: 14, parent: Some(3), ..Row::default() };
    assert!(harvest(vec![off, calendars, caldav]).outgoing.is_empty());
}

#[test]
fn an_exchange_account_that_sends_through_a_server_is_shown_once() {
    let exchange = Row {
        number: 3,
        kind: 11,
        properties: vec![
            ("SendingAccountIdentifier", text("S-1")),
            ("IdentityEmailAddress", text("kim@corp.example")),
        ],
        ..Row::default()
    };
    let found = only(vec![exchange, smtp(vec![("Hostname", text("smtp.corp.example"))])]);
    assert_eq!(found.senders, [sender(None, "kim@corp.example")]);
}

#[test]
fn parents_in_a_circle_do_no_harm() {
    let one = Row { parent: Some(2), ..smtp(vec![("Hostname", text("smtp.example.com"))]) };
    let two = Row { number: 2, kind: 10, parent: Some(1), ..Row::default() };
    let own = Row { number: 3, kind: 7, parent: Some(3), ..Row::default() };
    assert_eq!(harvest(vec![one, two, own]).outgoing.len(), 2);
}

#[test]
fn a_database_in_utf_16_is_read() {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch("PRAGMA encoding = 'UTF-16be'").unwrap();
    connection.execute_batch(super::testing::SCHEMA).unwrap();
    add(&connection, Row { description: Some("Büro"), ..smtp(vec![("Hostname", text("smtp.example.com"))]) });
    let found = of(connection).outgoing.remove(0);
    assert_eq!(
        (found.description.as_deref(), found.host.as_deref()),
        (Some("Büro"), Some("smtp.example.com"))
    );
}

#[test]
fn the_newest_port_is_found_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("Accounts4.sqlite");
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch("PRAGMA journal_mode = WAL").unwrap();
    connection.execute_batch(super::testing::SCHEMA).unwrap();
    add(&connection, smtp(vec![("Hostname", text("smtp.example.com")), ("PortNumber", number(25))]));
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let change = "UPDATE ZACCOUNTPROPERTY SET ZVALUE = ? WHERE ZKEY = 'PortNumber'";
    connection.execute(change, [archive(&number(2525))]).unwrap();
    let database = std::fs::read(&path).unwrap();
    let wal = std::fs::read(folder.path().join("Accounts4.sqlite-wal")).unwrap();
    let port = |harvest: Harvest| harvest.outgoing[0].settings.as_ref().unwrap().port;
    assert_eq!(port(read(database.clone(), None).unwrap()), Some(25));
    let harvest = read(database, Some(&wal)).unwrap();
    assert_eq!(harvest.remarks, Vec::<String>::new());
    assert_eq!(port(harvest), Some(2525));
}
