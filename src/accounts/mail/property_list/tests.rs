//! Good lists in both forms, and hostile ones: every one ends, in time, with a sentence.

use crate::accounts::mail::effort::within_seconds;

use super::{Node, parse};

fn xml(body: &str) -> Result<Node, String> {
    parse(format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\">{body}</plist>\n").as_bytes())
}

fn text(text: &str) -> Node {
    Node::Text(text.to_owned())
}

/// Makes a binary list of objects as they stand in the file; the first is the root.
pub(super) fn binary(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = b"bplist00".to_vec();
    let mut table = Vec::new();
    for object in objects {
        table.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
        bytes.extend(object);
    }
    let table_at = bytes.len() as u64;
    bytes.extend(table);
    bytes.extend([0, 0, 0, 0, 0, 0, 4, 4]);
    bytes.extend((objects.len() as u64).to_be_bytes());
    bytes.extend(0_u64.to_be_bytes());
    bytes.extend(table_at.to_be_bytes());
    bytes
}

/// Makes an array of references.
fn array(references: &[u32]) -> Vec<u8> {
    let mut object = vec![0xAF, 0x12];
    object.extend(u32::try_from(references.len()).unwrap().to_be_bytes());
    object.extend(references.iter().flat_map(|reference| reference.to_be_bytes()));
    object
}

#[test]
fn every_kind_of_xml_value_is_read() {
    let list = xml("<dict> <key>a</key><string>x &amp; &#x79;&#122; &lt;</string><!-- no -->
        <key>b</key><array><integer>-7</integer><integer>0x1F</integer><real>1.5</real><true/><false></false></array>
        <key>c</key><data>\n\tAAEC\n\t</data><key>d</key><date>2009-11-18T20:14:03Z</date><key>e</key><dict/>
        <key/><string/><key>f</key><string>a<![CDATA[<b>&amp;]]>c<!-- no --><?no?>\r\nd</string></dict>");
    let expected = [
        ("a", text("x & yz <")),
        (
            "b",
            Node::Array(vec![
                Node::Integer(-7),
                Node::Integer(31),
                Node::Real(1.5),
                Node::Boolean(true),
                Node::Boolean(false),
            ]),
        ),
        ("c", Node::Data(vec![0, 1, 2])),
        ("d", text("2009-11-18T20:14:03Z")),
        ("e", Node::Dictionary(vec![])),
        ("", text("")),
        ("f", text("a<b>&amp;c\nd")),
    ];
    let expected = expected.map(|(key, node)| (key.into(), node)).to_vec();
    assert_eq!(list, Ok(Node::Dictionary(expected)));
}

#[test]
fn every_kind_of_binary_value_is_read() {
    let uid = vec![0x80, 9];
    let date = [vec![0x33], (-63_114_076_800_f64).to_be_bytes().to_vec()].concat();
    let wide = vec![0x62, 0x00, 0xE9, 0x26, 0x05];
    let list = binary(&[
        array(&[1, 2, 3, 4, 5, 6, 7]),
        uid,
        date,
        wide,
        vec![0x13, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE],
        vec![0x42, 1, 2],
        vec![0x09],
        [vec![0xD1], 8_u32.to_be_bytes().to_vec(), 6_u32.to_be_bytes().to_vec()].concat(),
        b"\x53key".to_vec(),
    ]);
    let expected = Node::Array(vec![
        Node::Integer(9),
        // Apple's "distant past", the first of January of the year 1 in the calendar of that time
        text("0000-12-30T00:00:00Z"),
        text("é★"),
        Node::Integer(-2),
        Node::Data(vec![1, 2]),
        Node::Boolean(true),
        Node::Dictionary(vec![("key".into(), Node::Boolean(true))]),
    ]);
    assert_eq!(parse(&list), Ok(expected));
}

#[test]
fn what_the_plist_crate_writes_is_read_alike_in_both_forms() {
    let mut entries = plist::Dictionary::new();
    entries.insert("Hostname".into(), "smtp.example.com".into());
    entries.insert("Name".into(), "Kim ★ <&>".into());
    entries.insert("Port".into(), 587.into());
    entries.insert("Flags".into(), plist::Value::Array(vec![true.into(), 2.5.into()]));
    let value = plist::Value::Dictionary(entries);
    let (mut in_xml, mut in_binary) = (Vec::new(), Vec::new());
    plist::to_writer_xml(&mut in_xml, &value).unwrap();
    plist::to_writer_binary(&mut in_binary, &value).unwrap();
    let list = parse(&in_xml).unwrap();
    assert_eq!(list.get("Name"), Some(&text("Kim ★ <&>")));
    assert_eq!(parse(&in_binary), Ok(list));
}

#[test]
fn a_key_that_is_there_twice_is_kept_twice_and_the_first_is_found() {
    let list = xml("<dict><key>a</key><true/><key>a</key><false/></dict>").unwrap();
    assert_eq!(list.get("a"), Some(&Node::Boolean(true)));
    assert!(matches!(list, Node::Dictionary(entries) if entries.len() == 2));
}

#[test]
fn a_number_that_is_none_costs_only_itself() {
    let list = xml(
        "<array><integer>5x7</integer><real>?</real><data>!</data><date>9999-12-31T23:59:59-01:00</date>\
                    <integer>99999999999999999999</integer></array>",
    );
    let expected =
        [text("5x7"), text("?"), text("!"), text("9999-12-31T23:59:59-01:00"), Node::Integer(i64::MAX)];
    assert_eq!(list, Ok(Node::Array(expected.to_vec())));
}

#[test]
fn what_is_no_list_is_named() {
    let utf16: Vec<u8> = "<?xml".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (bytes, expected) in [
        (&b""[..], "it is empty"),
        (b" \n", "it is empty"),
        (&utf16, "it is text in UTF-16"),
        (&[&[0xFF, 0xFE], &utf16[..]].concat(), "it is text in UTF-16"),
        (b"{ DeliveryAccounts = (); }", "it is an old-style (ASCII) property list"),
        (b"SQLite format 3\0", "it is no property list"),
        (b"bplist15", "it is a binary property list of an unknown version"),
        (b"bplist00", "it is damaged: its table of objects is none"),
        (b"<html></html>", "it is damaged: an element \"html\""),
        (b"<plist><string>\xFF</string></plist>", "it is damaged: not UTF-8"),
        (b"<plist><string>&foo;</string></plist>", "it is damaged: an entity \"foo\""),
        (b"<plist><string>&#xD800;</string></plist>", "it is damaged: an entity \"#xD800\""),
        (b"<!DOCTYPE plist [<!ENTITY a \"b\">]><plist/>", "it declares entities, which are not read"),
        (
            b"<plist><array><dict></array></plist>",
            "it is damaged: ill-formed document: expected `</dict>`, but `</array>` was found",
        ),
        (b"</plist>", "it is damaged: ill-formed document: close tag `</plist>` does not match any open tag"),
        (b"<plist><string><true/></string></plist>", "it is damaged: an element within text"),
        (b"<plist><dict><true/></dict></plist>", "it is damaged: a dictionary has a value without a key"),
        (b"<plist><dict><key/></dict></plist>", "it is damaged: a dictionary has a key without a value"),
        (b"<plist/>", "it is damaged: it has no value"),
        (b"<plist><true/><true/></plist>", "it is damaged: more than one value"),
        (b"<plist><true/></plist><plist/>", "it is damaged: more than one value"),
        (b"<plist><array>x</array></plist>", "it is damaged: text outside of its values"),
        (b"<plist><array><![CDATA[x]]></array></plist>", "it is damaged: text outside of its values"),
        (b"<plist><array>&amp;</array></plist>", "it is damaged: text outside of its values"),
        (b"<plist><true/></plist>x", "it is damaged: text outside of its values"),
        (b"<plist><array>", "it is damaged: it ends too early"),
        (b"<plist><true/>", "it is damaged: it ends too early"),
        (b"<?xml version=\"1.0\"?>", "it is damaged: it ends too early"),
        (b"<plist><tr", "it is damaged: syntax error: tag not closed: `>` not found before end of input"),
        (b"<\x1B[2J\xE2\x80\xAE></plist>", "it is damaged: it has control characters"),
    ] {
        assert_eq!(parse(bytes), Err(expected.to_owned()), "{}", String::from_utf8_lossy(bytes));
    }
    assert_eq!(parse(b"\xEF\xBB\xBF<plist><true/></plist>"), Ok(Node::Boolean(true)));
}

#[test]
fn a_date_out_of_every_calendar_is_damage_and_no_panic() {
    for seconds in [f64::NAN, f64::INFINITY, -1e11, 1e300, 252_500_000_000.0, -63_145_526_401.0, f64::MIN] {
        let date = [vec![0x33], seconds.to_be_bytes().to_vec()].concat();
        assert_eq!(
            parse(&binary(&[date])),
            Err("it is damaged: a date in it is none".to_owned()),
            "{seconds}"
        );
    }
    for seconds in [-63_145_440_000.0_f64, 252_423_907_199.9, 0.0, -0.5] {
        let date = [vec![0x33], seconds.to_be_bytes().to_vec()].concat();
        assert!(parse(&binary(&[date])).is_ok(), "{seconds}");
    }
}

#[test]
fn deep_nesting_ends_at_once() {
    let deep = Err("it is nested deeper than 32 levels".to_owned());
    let hundred_thousand = 100_000;
    within_seconds(5, || {
        assert_eq!(xml(&"<array>".repeat(hundred_thousand)), deep);
        assert_eq!(xml(&"<dict><key>a</key>".repeat(hundred_thousand)), deep);
        let arrays: Vec<Vec<u8>> = (1..=100_000).map(|next| array(&[next])).chain([vec![0x08]]).collect();
        assert_eq!(parse(&binary(&arrays)), deep);
    });
    assert!(xml(&format!("{}{}", "<array>".repeat(33), "</array>".repeat(33))).is_ok());
    assert_eq!(xml(&format!("{}{}", "<array>".repeat(34), "</array>".repeat(34))), deep);
}

#[test]
fn shared_objects_cannot_multiply() {
    let layers: Vec<Vec<u8>> = (1..=10).map(|next| array(&[next; 10])).chain([b"\x53lol".to_vec()]).collect();
    let large = [vec![0x5F, 0x12], 4_000_000_u32.to_be_bytes().to_vec(), vec![b'a'; 4_000_000]].concat();
    within_seconds(5, || {
        assert_eq!(parse(&binary(&layers)), Err("it has more than 1000000 values".to_owned()));
        assert_eq!(
            parse(&binary(&[array(&[1; 1000]), large])),
            Err("it has more than 32 MiB of text".to_owned())
        );
    });
}

#[test]
fn an_object_that_holds_itself_is_damage() {
    assert_eq!(parse(&binary(&[array(&[0])])), Err("it is damaged: recursive object (offset 8)".to_owned()));
    assert!(parse(&binary(&[array(&[1]), array(&[0])])).is_err());
}

#[test]
fn announced_counts_are_not_believed() {
    for marker in [0x4F, 0x5F, 0x6F, 0xAF, 0xDF] {
        for count in [u64::MAX, 1 << 62, 1 << 40, 1 << 30, 900_000] {
            let object = [vec![marker, 0x13], count.to_be_bytes().to_vec()].concat();
            assert!(parse(&binary(&[object])).is_err(), "{marker:x} {count}");
        }
    }
    let mut list = binary(&[vec![0x08]]);
    let trailer = list.len() - 32;
    for count in [0, 2, 1 << 20, u64::MAX] {
        list[trailer + 8..trailer + 16].copy_from_slice(&count.to_be_bytes());
        assert!(parse(&list).is_err(), "{count}");
    }
}

#[test]
fn containers_that_share_their_bytes_are_counted_before_they_are_read() {
    // each takes 400,000 references from the same place: a hundred of them would be 320 MB
    let mut list = b"bplist00".to_vec();
    let head = [vec![0xAF, 0x12], 400_000_u32.to_be_bytes().to_vec()].concat();
    let starts: Vec<u32> = (0..100_u32).map(|i| 8 + 6 * i).collect();
    list.extend(head.repeat(starts.len()));
    list.extend(vec![1; 400_000]);
    let table_at = list.len() as u64;
    list.extend(starts.iter().flat_map(|start| start.to_be_bytes()));
    list.extend([0, 0, 0, 0, 0, 0, 4, 1]);
    list.extend(100_u64.to_be_bytes());
    list.extend(0_u64.to_be_bytes());
    list.extend(table_at.to_be_bytes());
    assert_eq!(parse(&list), Err("it has more than 1000000 values".to_owned()));
}

#[test]
fn a_million_values_in_xml_are_the_end() {
    let body = format!("<array>{}</array>", "<true/>".repeat(1_000_000));
    within_seconds(5, || assert_eq!(xml(&body), Err("it has more than 1000000 values".to_owned())));
}
