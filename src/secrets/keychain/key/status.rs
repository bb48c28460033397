//! What the numbers mean that the keychains of macOS answer with.
//!
//! The numbers and their words are those of Apple's `Security/SecBase.h`; what is said beside some
//! of them is from elsewhere, and named there. Portable, so that it is tested on every system.

use super::super::absent::Who;

/// What a keychain answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The item is not there.
    Absent,
    /// There is no keychain at all, as for a user who never logs in.
    NoKeychain,
    /// It would have to ask somebody: it is locked, or this program is not the one that stored the
    /// item.
    MustAsk,
    /// It does not let this program.
    Denied,
    /// Somebody was asked, and said no.
    Cancelled,
    /// It cannot be written.
    Unwritable,
    /// Anything else.
    Other,
}

/// Sorts a number.
pub(crate) fn meaning(status: i32) -> Meaning {
    match status {
        // errSecItemNotFound: "The specified item could not be found in the keychain."
        -25300 => Meaning::Absent,
        // errSecNoSuchKeychain: "The specified keychain could not be found."
        -25294 => Meaning::NoKeychain,
        // errSecNoDefaultKeychain: "A default keychain could not be found."
        -25307 => Meaning::NoKeychain,
        // errSecInteractionNotAllowed: "User interaction is not allowed."
        -25308 => Meaning::MustAsk,
        // errSecInteractionRequired: "User interaction is required, but is currently not allowed."
        -25315 => Meaning::MustAsk,
        // errSecInDarkWake: "In dark wake, no UI possible": a Mac that wakes at night for a backup
        -25320 => Meaning::MustAsk,
        // errSecAuthFailed: "The user name or passphrase you entered is not correct."; also what a
        // daemon gets that the item does not know (https://stackoverflow.com/questions/40638218)
        -25293 => Meaning::Denied,
        // errSecNoAccessForItem: "The specified item has no access control."
        -25243 => Meaning::Denied,
        // errSecUserCanceled: "User canceled the operation."
        -128 => Meaning::Cancelled,
        // errSecWrPerm: "write permissions error"
        -61 => Meaning::Unwritable,
        // errSecReadOnly: "This keychain cannot be modified."
        -25292 => Meaning::Unwritable,
        // errSecDskFull, errSecDiskFull: "The disk is full."
        -34 => Meaning::Unwritable,
        _ => Meaning::Other,
    }
}

impl Meaning {
    /// Says it, after the name of the keychain.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Absent => "does not hold it",
            Self::NoKeychain => "does not exist",
            Self::MustAsk => {
                "would have to ask somebody: it is locked, or another version of this program stored the key"
            }
            Self::Denied => "does not give it to this program: another version may have stored it",
            Self::Cancelled => "was not allowed to give it",
            Self::Unwritable => "cannot be written",
            Self::Other => "failed",
        }
    }

    /// Says what to do about it; `who` tells whose keychain it is.
    pub(in super::super) fn hint(self, who: Who) -> String {
        let root = who != Who::Person;
        let look = format!("{}backup-notify password list", who.sudo());
        match self {
            Self::MustAsk | Self::Denied | Self::Cancelled if root => {
                format!("type {look} in a terminal on that Mac, and answer \"Always Allow\"")
            }
            Self::MustAsk | Self::Denied | Self::Cancelled => format!(
                "log in on that Mac, or type security unlock-keychain there; then {look} in a terminal, and answer \
                 \"Always Allow\""
            ),
            Self::Unwritable => {
                "see in Keychain Access whether the keychain is in order, and the disk not full".to_owned()
            }
            Self::Absent | Self::NoKeychain | Self::Other => {
                format!("see in Keychain Access whether the keychain is in order; then type {look}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_not_there_leads_to_the_next_place() {
        let on: Vec<i32> = (-70_000..=70_000)
            .filter(|status| matches!(meaning(*status), Meaning::Absent | Meaning::NoKeychain))
            .collect();
        assert_eq!(on, [-25307, -25300, -25294]);
    }

    #[test]
    fn a_keychain_that_would_have_to_ask_is_no_broken_one() {
        for status in [-25308, -25315, -25320] {
            assert_eq!(meaning(status), Meaning::MustAsk);
            assert!(meaning(status).words().contains("locked"));
            assert!(meaning(status).hint(Who::Person).contains("security unlock-keychain"));
            assert!(meaning(status).hint(Who::Sudo).contains("sudo backup-notify password list"));
            assert!(!meaning(status).hint(Who::Root).contains("sudo"));
        }
        assert_eq!(meaning(-25293), Meaning::Denied);
        assert_eq!(meaning(-25291), Meaning::Other);
    }
}
