//! Accounts to try the pages with.

use crate::accounts::{Auth, Found};
use crate::task::TlsMode;

/// An account that can be used.
pub(super) fn work() -> Found {
    Found {
        id: "smtp.example.com:kim".into(),
        description: Some("Work".into()),
        host: Some("smtp.example.com".into()),
        port: Some(587),
        user: Some("kim".into()),
        tls_mode: Some(TlsMode::Starttls),
        auth: Some(Auth::Password),
        senders: ["Kim Doe <kim@example.com>", "office@example.com"].map(|s| s.parse().unwrap()).into(),
        source: "/Users/kim/Library/Mail/V2/MailData/Accounts.plist".into(),
        usable: true,
        reason: None,
        instead: None,
    }
}

/// A managed account whose server Mail does not store.
pub(super) fn icloud() -> Found {
    Found {
        id: "icloud:kim@icloud.com".into(),
        description: Some("iCloud".into()),
        host: None,
        port: None,
        user: Some("kim@icloud.com".into()),
        tls_mode: None,
        auth: None,
        senders: vec!["kim@icloud.com".parse().unwrap()],
        source: "/Users/kim/Library/Accounts/Accounts4.sqlite".into(),
        usable: false,
        reason: Some("Mail stores no server for this iCloud account; the preset knows it".into()),
        instead: Some(serde_json::json!({ "preset": "icloud", "user": "kim@icloud.com" })),
    }
}
