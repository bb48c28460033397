//! Where the generations of Mail keep outgoing servers (facts/apple-mail-accounts.md, section 1).

use std::path::{Path, PathBuf};

/// What kind of file a place holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// A database of accounts (10.11 and later).
    Database,
    /// A property list (until 10.10).
    PropertyList,
}

/// Where macOS keeps accounts today.
pub(super) const TODAY: &str = "Library/Accounts/Accounts4.sqlite";

/// Every place below a home folder, in the order of authority: what an upgrade leaves behind stands
/// below what has taken its place.
///
/// The case of a name matters on some disks, so `com.apple.mail.plist` has both spellings. Mail of
/// 10.7 and later can be reached through its container, too.
const PLACES: [(&str, Format); 7] = [
    (TODAY, Format::Database),
    ("Library/Accounts/Accounts3.sqlite", Format::Database),
    ("Library/Mail/V2/MailData/Accounts.plist", Format::PropertyList),
    ("Library/Containers/com.apple.mail/Data/Library/Mail/V2/MailData/Accounts.plist", Format::PropertyList),
    ("Library/Preferences/com.apple.mail.plist", Format::PropertyList),
    ("Library/Preferences/com.apple.Mail.plist", Format::PropertyList),
    ("Library/Containers/com.apple.mail/Data/Library/Preferences/com.apple.mail.plist", Format::PropertyList),
];

/// Returns every place below a home folder, in the order of authority.
pub(super) fn places(home: &Path) -> impl Iterator<Item = (PathBuf, Format)> {
    PLACES.iter().map(move |(place, format)| (home.join(place), *format))
}
