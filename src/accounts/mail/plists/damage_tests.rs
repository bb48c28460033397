//! Damage: what changed an account is remarked, and nothing panics or takes long.

use crate::accounts::mail::effort::within_seconds;

use super::read;

fn server(host: &str, user: &str, more: &str) -> String {
    format!(
        "<dict><key>AccountType</key><string>SMTPAccount</string><key>Hostname</key><string>{host}</string>\
         <key>Username</key><string>{user}</string><key>SSLEnabled</key><string>YES</string>\
         <key>ShouldUseAuthentication</key><string>YES</string>{more}</dict>"
    )
}

fn account(identifier: &str) -> String {
    format!(
        "<dict><key>AccountType</key><string>IMAPAccount</string><key>EmailAddresses</key><array>\
         <string>kim@example.com</string></array><key>SMTPIdentifier</key><string>{identifier}</string></dict>"
    )
}

fn list(servers: &str, accounts: &str) -> String {
    format!(
        "<plist version=\"1.0\"><dict><key>DeliveryAccounts</key><array>{servers}</array>\
         <key>MailAccounts</key><array>{accounts}</array></dict></plist>\n"
    )
}

fn remarks(list: &str) -> Vec<String> {
    read(list.as_bytes()).unwrap().remarks.iter().map(|remark| remark.text.clone()).collect()
}

fn good() -> String {
    list(
        &server("smtp.example.com", "kim", "<key>PortNumber</key><string>587</string>"),
        &account("smtp.example.com:kim"),
    )
}

fn good_binary() -> Vec<u8> {
    let mut binary = Vec::new();
    plist::to_writer_binary(&mut binary, &plist::Value::from_reader_xml(good().as_bytes()).unwrap()).unwrap();
    binary
}

#[test]
fn a_damaged_key_is_remarked() {
    assert!(remarks(&good()).is_empty());
    for (key, damaged) in [
        ("SSLEnabled", "SSLEnablec"),
        ("SSLEnabled", "sSLEnabled"),
        ("SSLEnabled", "smtp.example.com"),
        ("SSLEnabled", "SMTPIdentifier"),
        ("SSLEnabled", "YES"),
        ("Username", "Usernam"),
        ("PortNumber", "PortNumbes"),
        ("SMTPIdentifier", "SMTPIdentifies"),
        ("DeliveryAccounts", "EeliveryAccounts"),
        ("MailAccounts", "MailAccountr"),
    ] {
        let list = good().replacen(&format!("<key>{key}<"), &format!("<key>{damaged}<"), 1);
        assert!(!remarks(&list).is_empty(), "{damaged}");
    }
    let list = good().replace("SSLEnabled", "SSLEnablec");
    assert_eq!(
        remarks(&list),
        [
            "DeliveryAccounts, entry 1: has no SSLEnabled, but \"SSLEnablec\", which is ignored: is it damaged?"
        ]
    );
}

#[test]
fn a_key_that_is_there_twice_is_remarked() {
    let list = good().replace("<key>SSLEnabled<", "<key>Username<");
    assert_eq!(remarks(&list), ["DeliveryAccounts, entry 1: Username is there twice; the first is read"]);
}

#[test]
fn other_keys_of_mail_are_not_remarked() {
    let more = "<key>uniqueId</key><string>7</string><key>MaxMessageBytes</key><integer>1</integer>\
                <key>CertificateSerial-2</key><string>x</string>";
    assert!(remarks(&list(&server("h", "kim", more), "")).is_empty());
}

#[test]
fn a_server_torn_from_its_account_is_remarked() {
    for (host, user) in [
        ("smtp.examqle.com", "kim"),
        ("smtp.exa", "kim"),
        ("smtp.example.com", "kin"),
        ("smtp.example.com", "someone"),
        ("YES", "kim"),
    ] {
        let list = list(&server(host, user, ""), &account("smtp.example.com:kim"));
        let found = read(list.as_bytes()).unwrap();
        assert_eq!((found.outgoing.len(), found.remarks.len()), (2, 1), "{:?}", found.remarks);
        assert!(found.remarks[0].starts_with(&format!("no account uses the server \"{host}:{user}\"")));
    }
    let apart = list(&server("mail.example.org", "lee", ""), &account("smtp.example.com:kim"));
    assert!(remarks(&apart).is_empty());
    let used = list(
        &server("smtp.example.com", "kim", ""),
        &(account("smtp.example.com:kim") + &account("smtp.example.com:kin")),
    );
    assert!(remarks(&used).is_empty());
}

#[test]
fn a_file_cut_off_anywhere_is_an_error() {
    let (xml, binary) = (good(), good_binary());
    for end in 0..xml.trim_end().len() {
        assert!(read(&xml.as_bytes()[..end]).is_err(), "XML cut at {end}");
    }
    for end in 0..binary.len() {
        assert!(read(&binary[..end]).is_err(), "binary cut at {end}");
    }
}

#[test]
fn a_flipped_bit_is_never_a_panic() {
    within_seconds(20, || {
        for list in [good().into_bytes(), good_binary()] {
            let mut list = list;
            for place in 0..list.len() {
                for flip in [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xFF] {
                    list[place] ^= flip;
                    let _ = read(&list);
                    list[place] ^= flip;
                }
            }
        }
    });
}

/// The host, the user and the security of a server are there or something is said; a digit of a port
/// and a flag that became its opposite cannot be told from what a person typed, and nobody is to be
/// warned each night of a user name that two places write in upper and lower case.
#[test]
fn a_flipped_byte_does_not_change_the_server_without_a_word() {
    let mut changed = Vec::new();
    let whole = read(good().as_bytes()).unwrap().outgoing.remove(0);
    for (form, list) in [("XML", good().into_bytes()), ("binary", good_binary())] {
        let mut list = list;
        for place in 0..list.len() {
            for flip in [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xFF] {
                list[place] ^= flip;
                if let Ok(found) = read(&list)
                    && found.remarks.is_empty()
                {
                    let server = found.outgoing.first();
                    let is_same = server.is_some_and(|server| {
                        server
                            .host
                            .as_ref()
                            .zip(whole.host.as_ref())
                            .is_some_and(|(a, b)| a.eq_ignore_ascii_case(b))
                            && server.user.as_ref().map(|user| user.to_lowercase()) == whole.user
                            && server.settings.as_ref().is_some_and(|settings| settings.encrypted)
                    });
                    if !is_same {
                        changed.push(format!("{form}, place {place}, flip {flip:#x}: {found:?}"));
                    }
                }
                list[place] ^= flip;
            }
        }
    }
    assert!(changed.is_empty(), "{}", changed.join("\n"));
}

#[test]
fn what_programs_write_is_whole() {
    let binary = good_binary();
    assert!(super::super::property_list::is_whole(&binary));
    assert!(read(&binary).unwrap().remarks.is_empty());
}

#[test]
fn many_accounts_take_little_time_however_they_are_linked() {
    let many = |one: &dyn Fn(usize) -> String| (0..10_000).map(one).collect::<String>();
    for list in [
        list(&many(&|i| server(&format!("h{i}"), "kim", "")), &many(&|i| account(&format!("h{i}:kim")))),
        list(&many(&|_| server("h", "kim", "")), &many(&|_| account("h:kim"))),
        list(&many(&|i| server(&format!("a{i}"), "kim", "")), &many(&|i| account(&format!("b{i}:kim")))),
        list(&server("h", "kim", ""), &many(&|_| account("h:kim"))),
        list("", &many(&|_| account("h:kim"))),
        list(&many(&|_| "<true/>".to_owned()), &many(&|_| account(&":".repeat(500)))),
    ] {
        let found = within_seconds(5, || read(list.as_bytes()).unwrap());
        assert!(found.remarks.len() <= 101);
        assert!(found.outgoing.iter().map(|server| server.senders.len()).sum::<usize>() <= 100_000);
    }
}
