//! Every rule for the two plists.

use super::super::record::{Harvest, Outgoing, Provider, Sender, Settings};
use super::read;

/// Reads the two arrays, given as the inside of each.
fn harvest(deliveries: &[&str], accounts: &[&str]) -> Harvest {
    let entries = |entries: &[&str]| match entries {
        [] => String::new(),
        entries => format!("<dict>{}</dict>", entries.join("</dict><dict>")),
    };
    read(&list(&format!(
        "<key>DeliveryAccounts</key><array>{}</array><key>MailAccounts</key><array>{}</array>",
        entries(deliveries),
        entries(accounts)
    )))
    .unwrap()
}

fn list(body: &str) -> Vec<u8> {
    format!("<plist version=\"1.0\"><dict>{body}</dict></plist>").into_bytes()
}

/// Writes keys with text: `Hostname=a; Username=b`; what begins with "<" stays as it is.
fn keys(pairs: &str) -> String {
    let element = |pair: &str| {
        let (key, value) = pair.trim().split_once('=').unwrap();
        if value.starts_with('<') {
            format!("<key>{key}</key>{value}")
        } else {
            format!("<key>{key}</key><string>{value}</string>")
        }
    };
    pairs.split(';').filter(|pair| !pair.trim().is_empty()).map(element).collect()
}

fn smtp(pairs: &str) -> String {
    keys(&format!("AccountType=SMTPAccount;{pairs}"))
}

/// A server at which Mail signs in.
const KIM: &str = "Hostname=smtp.example.com;Username=kim;ShouldUseAuthentication=YES;SSLEnabled=YES";

fn settings(pairs: &str) -> (Settings, Vec<String>) {
    let harvest = harvest(&[&smtp(&format!("Hostname=h;{pairs}"))], &[]);
    let remarks = harvest.remarks.iter().map(|remark| remark.text.clone()).collect();
    (harvest.outgoing[0].settings.clone().unwrap(), remarks)
}

fn sender(name: &str, address: &str) -> Sender {
    Sender { name: (!name.is_empty()).then(|| name.to_owned()), address: address.to_owned() }
}

fn emails(addresses: &[&str]) -> String {
    let each = addresses.join("</string><string>");
    format!("<key>EmailAddresses</key><array><string>{each}</string></array>")
}

/// A mail account with an identifier.
fn imap(identifier: &str, addresses: &[&str]) -> String {
    let pairs = format!("AccountType=IMAPAccount;FullUserName=Kim Doe;SMTPIdentifier={identifier}");
    keys(&pairs) + &emails(addresses)
}

#[test]
fn a_whole_server_is_read_in_the_spelling_of_10_6() {
    let pairs = format!("{KIM};AccountName=Work;PortNumber=465;AuthenticationScheme=CRAM-MD5");
    let found = harvest(&[&smtp(&pairs)], &[&imap("smtp.example.com:kim", &["kim@example.com"])]);
    assert!(found.remarks.is_empty(), "{:?}", found.remarks);
    let expected = Outgoing {
        record: Some(1),
        description: Some("Work".to_owned()),
        host: Some("smtp.example.com".to_owned()),
        user: Some("kim".to_owned()),
        settings: Some(Settings {
            port: Some(465),
            encrypted: true,
            direct: None,
            authenticates: true,
            scheme: Some("CRAM-MD5".to_owned()),
        }),
        provider: None,
        senders: vec![sender("Kim Doe", "kim@example.com")],
    };
    assert_eq!(found.outgoing, [expected]);
}

#[test]
fn a_server_is_read_in_the_spelling_of_10_10() {
    let (read, remarks) = settings(
        "Username=kim;PortNumber=<integer>587</integer>;SSLEnabled=<true/>;ShouldUseAuthentication=<integer>1</integer>",
    );
    assert!(remarks.is_empty());
    assert_eq!((read.port, read.encrypted, read.authenticates), (Some(587), true, true));
}

#[test]
fn what_is_absent_is_not_encrypted_and_not_authenticated() {
    let (read, remarks) = settings("PortNumber=587");
    assert!(remarks.is_empty());
    assert_eq!(read, Settings { port: Some(587), ..Settings::default() });
}

#[test]
fn a_flag_that_cannot_be_read_takes_the_careful_meaning_and_is_remarked() {
    let (read, remarks) =
        settings("SSLEnabled=YDS;ShouldUseAuthentication=?;Username=kim;UseDefaultPorts=?;PortNumber=26");
    assert_eq!((read.encrypted, read.authenticates, read.port), (true, true, Some(26)));
    assert_eq!(remarks.len(), 3);
    assert_eq!(
        remarks[0],
        "DeliveryAccounts, entry 1: SSLEnabled is \"YDS\", neither yes nor no; taken for yes"
    );
}

#[test]
fn default_ports_win_over_the_port() {
    assert_eq!(settings("UseDefaultPorts=YES;PortNumber=587").0.port, None);
    assert_eq!(settings("UseDefaultPorts=NO;PortNumber=587").0.port, Some(587));
    let (read, remarks) = settings("PortNumber=70000");
    assert_eq!(read.port, None);
    assert_eq!(
        remarks,
        ["DeliveryAccounts, entry 1: PortNumber is \"70000\", no port from 1 to 65535; it is ignored"]
    );
}

#[test]
fn security_layer_3_without_a_port_is_tls_from_the_start() {
    let layer = "SecurityLayerType=<integer>3</integer>";
    assert_eq!(settings(&format!("SSLEnabled=YES;{layer}")).0.direct, Some(true));
    assert_eq!(settings(&format!("SSLEnabled=YES;PortNumber=587;{layer}")).0.direct, None);
    assert_eq!(settings(&format!("SSLEnabled=NO;{layer}")).0.direct, None);
    assert_eq!(settings("SSLEnabled=YES;SecurityLayerType=<integer>2</integer>").0.direct, None);
}

#[test]
fn without_authentication_there_is_no_user() {
    let found =
        harvest(&[&smtp("Hostname=h;Username=kim")], &[&imap("h:kim", &["k@h"]), &imap("h", &["l@h"])]);
    assert_eq!(found.outgoing.len(), 1);
    assert_eq!(found.outgoing[0].user, None);
    assert_eq!(found.outgoing[0].senders, [sender("Kim Doe", "k@h"), sender("Kim Doe", "l@h")]);
    let (read, remarks) = settings("ShouldUseAuthentication=YES");
    // Mail's own rule (facts, section 2): both, or it does not sign in
    assert!(!read.authenticates);
    assert_eq!(remarks, Vec::<String>::new());
}

#[test]
fn only_outgoing_servers_count_and_what_is_left_out_is_said() {
    let found = harvest(
        &[
            &keys("AccountType=SMTPAccounu;Hostname=a"),
            &smtp("AccountName=No host"),
            &keys("Hostname=b"),
            &smtp("Hostname=<array/>"),
        ],
        &[],
    );
    assert_eq!(found.outgoing.len(), 1);
    assert_eq!(found.outgoing[0].host.as_deref(), Some("b"));
    assert_eq!(
        found.remarks,
        [
            "DeliveryAccounts, entry 1: its AccountType is \"SMTPAccounu\", not SMTPAccount; it is ignored",
            "DeliveryAccounts, entry 2 (No host): has no Hostname; it is ignored",
            "DeliveryAccounts, entry 3: has no AccountType; taken for an outgoing server",
            "DeliveryAccounts, entry 4: Hostname is an array, not text; it is ignored",
            "DeliveryAccounts, entry 4: has no Hostname; it is ignored",
        ]
    );
}

#[test]
fn a_link_finds_its_server_whatever_the_host_case_and_the_colons() {
    for (host, user, identifier) in [
        ("SMTP.Example.com", "kim", "smtp.example.COM:kim"),
        ("2001:db8::1", "kim:x", "2001:DB8::1:kim:x"),
        ("[2001:db8::1]", "kim", "[2001:db8::1]:kim"),
        ("h", "a:b:c", "h:a:b:c"),
    ] {
        let pairs = format!("Hostname={host};Username={user};ShouldUseAuthentication=YES");
        let found = harvest(&[&smtp(&pairs)], &[&imap(identifier, &["kim@h"])]);
        assert_eq!(found.outgoing.len(), 1, "{identifier}");
        assert_eq!(found.outgoing[0].senders.len(), 1, "{identifier}");
        assert!(found.remarks.is_empty(), "{:?}", found.remarks);
    }
}

#[test]
fn a_user_in_another_case_is_linked() {
    let found = harvest(&[&smtp(KIM)], &[&imap("smtp.example.com:Kim", &["kim@h"])]);
    assert_eq!(found.outgoing[0].senders.len(), 1);
    assert!(found.remarks.is_empty());
    let upper = KIM.replace("Username=kim", "Username=Kim");
    let found = harvest(&[&smtp(KIM), &smtp(&upper)], &[&imap("smtp.example.com:Kim", &["kim@h"])]);
    assert_eq!((found.outgoing[0].senders.len(), found.outgoing[1].senders.len()), (0, 1));
    assert!(found.remarks.is_empty());
}

#[test]
fn two_servers_that_an_identifier_cannot_tell_apart_both_get_the_senders() {
    let (one, other) = (format!("{KIM};PortNumber=587"), format!("{KIM};PortNumber=465"));
    let found = harvest(&[&smtp(&one), &smtp(&other)], &[&imap("smtp.example.com:kim", &["kim@h"])]);
    assert!(found.outgoing.iter().all(|server| server.senders == [sender("Kim Doe", "kim@h")]));
}

#[test]
fn senders_are_read_in_every_form_without_repeats() {
    let account =
        imap("smtp.example.com:kim", &["kim@a", "\"Doe, K.\" &lt;kd@a&gt;, other@a", "KIM@a", "", "nobody"]);
    let account = account + &keys("CanonicalEmailAddress=canon@a");
    let second = keys("SMTPIdentifier=smtp.example.com:kim;EmailAddresses=lee@a");
    let own = format!("{KIM};CanonicalEmailAddress=own@a");
    let found = harvest(&[&smtp(&own)], &[&account, &second]);
    let expected = [
        sender("Kim Doe", "kim@a"),
        sender("Doe, K.", "kd@a"),
        sender("Kim Doe", "other@a"),
        sender("Kim Doe", "canon@a"),
        sender("", "lee@a"),
        sender("", "own@a"),
    ];
    assert_eq!(found.outgoing[0].senders, expected);
    assert_eq!(
        found.remarks,
        ["MailAccounts, entry 1: an entry of EmailAddresses is no address; it is ignored"]
    );
}

#[test]
fn a_link_to_nothing_is_an_entry_of_its_own_once() {
    let accounts =
        [imap("smtp.gmail.com:kim", &["kim@gmail.com"]), imap("SMTP.gmail.com:kim", &["k2@gmail.com"])];
    let found = harvest(&[], &[&accounts[0], &accounts[1]]);
    assert_eq!(found.outgoing.len(), 1);
    let server = &found.outgoing[0];
    assert_eq!((server.host.as_deref(), server.user.as_deref()), (Some("smtp.gmail.com"), Some("kim")));
    assert_eq!((&server.settings, server.provider), (&None, None));
    assert_eq!(server.senders, [sender("Kim Doe", "kim@gmail.com"), sender("Kim Doe", "k2@gmail.com")]);
}

#[test]
fn a_link_to_nothing_is_split_where_the_host_ends() {
    for (identifier, host, user) in [
        ("h", "h", None),
        ("h:", "h", None),
        ("h:a:b", "h", Some("a:b")),
        ("2001:db8::1:kim", "2001:db8::1", Some("kim")),
        ("2001:db8::1", "2001:db8::1", None),
        ("[::1]:kim:x", "[::1]", Some("kim:x")),
        ("[::1]", "[::1]", None),
    ] {
        let found = harvest(&[], &[&imap(identifier, &[])]);
        let server = &found.outgoing[0];
        assert_eq!((server.host.as_deref(), server.user.as_deref()), (Some(host), user), "{identifier}");
    }
    let found = harvest(&[], &[&imap(":kim", &[])]);
    assert!(found.outgoing.is_empty());
    assert_eq!(found.remarks, ["MailAccounts, entry 1: its SMTPIdentifier names no server; it is ignored"]);
}

#[test]
fn managed_accounts_without_a_server_are_named() {
    for (kind, identifier, provider) in [
        ("iToolsAccount", "", Provider::Icloud),
        ("AosImapAccount", "SMTPIdentifier=:kim", Provider::Icloud),
        ("ExchangeAccount", "", Provider::Exchange),
        ("EWSAccount", "", Provider::Exchange),
        ("ExchangeIMAPAccount", "SMTPIdentifier= ", Provider::Exchange),
    ] {
        let account = keys(&format!("AccountType={kind};AccountName=Mine;Username=kim;{identifier}"))
            + &emails(&["other@me.com", "kim@icloud.com"]);
        let found = harvest(&[], &[&account]);
        let server = &found.outgoing[0];
        assert_eq!((server.provider, server.host.as_deref()), (Some(provider), None), "{kind}");
        assert_eq!(server.user.as_deref(), Some("kim@icloud.com"));
        assert_eq!((server.description.as_deref(), server.senders.len()), (Some("Mine"), 2));
    }
}

#[test]
fn other_accounts_without_a_link_are_silent() {
    let accounts = ["LocalAccount", "RSSAccount", "IMAPAccount", "POPAccount", "Unheard-of"]
        .map(|kind| keys(&format!("AccountType={kind};Hostname=imap.example.com")));
    let accounts: Vec<&str> = accounts.iter().map(String::as_str).collect();
    let found = harvest(&[], &accounts);
    assert!(found.outgoing.is_empty() && found.remarks.is_empty(), "{found:?}");
}

#[test]
fn a_managed_account_with_a_stored_server_is_only_a_sender() {
    let account =
        keys("AccountType=ExchangeIMAPAccount;SMTPIdentifier=smtp.example.com:kim") + &emails(&["kim@h"]);
    let found = harvest(&[&smtp(KIM)], &[&account]);
    assert_eq!((found.outgoing.len(), found.outgoing[0].provider), (1, None));
}

#[test]
fn missing_arrays_and_other_settings_are_no_servers() {
    for body in ["", "<key>DeliveryAccounts</key><array/>", "<key>AccountsVersion</key><integer>5</integer>"]
    {
        let found = read(&list(body)).unwrap();
        assert!(found.outgoing.is_empty() && found.remarks.is_empty(), "{body}");
    }
    assert_eq!(read(b"<plist><array/></plist>").unwrap_err(), "it is a property list of something else");
}

#[test]
fn what_is_of_the_wrong_kind_does_not_hide_the_rest() {
    let body = format!(
        "<key>MailAccounts</key><string>x</string><key>DeliveryAccounts</key><array><true/><dict>{}</dict></array>",
        smtp(KIM)
    );
    let found = read(&list(&body)).unwrap();
    assert_eq!(found.outgoing.len(), 1);
    assert_eq!(
        found.remarks,
        [
            "DeliveryAccounts, entry 1: is true or false, not a dictionary",
            "MailAccounts is text, not an array"
        ]
    );
}

#[test]
fn both_forms_say_the_same() {
    let xml = list(&format!("<key>DeliveryAccounts</key><array><dict>{}</dict></array>", smtp(KIM)));
    let value = plist::Value::from_reader_xml(&xml[..]).unwrap();
    let mut binary = Vec::new();
    plist::to_writer_binary(&mut binary, &value).unwrap();
    assert_eq!(read(&xml).unwrap().outgoing, read(&binary).unwrap().outgoing);
}
