//! The address of a bus, as its variable has it (D-Bus specification, "Server Addresses").

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::text::{one_line, shorten};

/// How many addresses of a list are tried.
const MOST: usize = 8;
/// How many characters of an address are shown.
const SHOWN: usize = 120;

/// Where a bus listens on this computer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A socket with a file.
    Path(PathBuf),
    /// A name that only the kernel knows (unix(7), "abstract").
    Abstract(Vec<u8>),
}

impl Place {
    /// Names it as an address does, for people and for the child.
    pub(super) fn address(&self) -> OsString {
        let (mut address, bytes) = match self {
            Self::Path(path) => (b"unix:path=".to_vec(), path.as_os_str().as_bytes()),
            Self::Abstract(name) => (b"unix:abstract=".to_vec(), name.as_slice()),
        };
        for byte in bytes {
            if byte.is_ascii_alphanumeric() || b"-_/.\\*".contains(byte) {
                address.push(*byte);
            } else {
                address.extend(format!("%{byte:02x}").bytes());
            }
        }
        OsString::from_vec(address)
    }

    /// Names it for people.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Path(path) => clean(path.as_os_str()),
            Self::Abstract(_) => clean(&self.address()),
        }
    }
}

/// Cleans an address for people.
pub(super) fn clean(address: &OsStr) -> String {
    shorten(&one_line(&address.to_string_lossy()), SHOWN).into_owned()
}

/// Returns the places that a list of addresses names, in its order. What this program cannot reach is
/// left out: other transports, and places that only a server can use.
pub(super) fn places(list: &OsStr) -> Vec<Place> {
    list.as_bytes().split(|byte| *byte == b';').filter_map(place).take(MOST).collect()
}

fn place(address: &[u8]) -> Option<Place> {
    let pairs = address.strip_prefix(b"unix:")?;
    let (mut path, mut name) = (None, None);
    for pair in pairs.split(|byte| *byte == b',') {
        let split = pair.iter().position(|byte| *byte == b'=')?;
        let (key, value) = pair.split_at_checked(split)?;
        let place = match key {
            b"path" => &mut path,
            b"abstract" => &mut name,
            // what a server makes its address of
            b"dir" | b"tmpdir" | b"runtime" => return None,
            // such as "guid"
            _ => continue,
        };
        if place.replace(unescape(value.get(1..)?)?).is_some() {
            return None;
        }
    }
    match (path, name) {
        // one that is not absolute would be another socket in every folder
        (Some(path), None) => {
            let path = PathBuf::from(OsString::from_vec(path));
            (path.is_absolute() && is_whole(&path)).then_some(Place::Path(path))
        }
        (None, Some(name)) => (!name.is_empty()).then_some(Place::Abstract(name)),
        _ => None,
    }
}

fn is_whole(path: &Path) -> bool {
    !path.as_os_str().as_bytes().contains(&0)
}

/// Takes back what is written as `%` and two hexadecimal digits. What ought to be written so and is not
/// is taken as it stands.
fn unescape(value: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = value.iter();
    let mut plain = Vec::new();
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'%' => {
                let digits = [*bytes.next()?, *bytes.next()?];
                if !digits.iter().all(u8::is_ascii_hexdigit) {
                    return None;
                }
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            byte => *byte,
        });
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn paths(list: &str) -> Vec<Place> {
        places(OsStr::new(list))
    }

    fn path(path: &str) -> Place {
        Place::Path(path.into())
    }

    #[test]
    fn the_places_of_a_list_are_found_in_their_order() {
        assert_eq!(paths("unix:path=/run/user/1000/bus"), [path("/run/user/1000/bus")]);
        assert_eq!(
            paths("unix:path=/a,guid=0123;tcp:host=localhost,port=1;unix:abstract=/tmp/dbus-x;"),
            [path("/a"), Place::Abstract(b"/tmp/dbus-x".to_vec())]
        );
        assert_eq!(paths("unix:guid=ab,path=/a%20b%2cc%3B"), [path("/a b,c;")]);
        assert_eq!(paths("unix:path=/a b"), [path("/a b")]);
        assert_eq!(paths(&"unix:path=/a;".repeat(50)).len(), MOST);
    }

    #[test]
    fn what_cannot_be_reached_is_no_place() {
        for list in [
            "",
            ";",
            "unix:",
            "unix:path",
            "unix:path=",
            "unix:path=bus",
            "unix:path=/a%2",
            "unix:path=/a%+1",
            "unix:path=/a%00b",
            "unix:path=/a,path=/b",
            "unix:path=/a,abstract=b",
            "unix:abstract=",
            "unix:tmpdir=/tmp",
            "unix:runtime=yes",
            "tcp:host=127.0.0.1,port=4",
            "nonce-tcp:host=127.0.0.1",
            "unixexec:path=/bin/sh",
            "autolaunch:",
            "/run/user/1000/bus",
        ] {
            assert_eq!(paths(list), [], "{list}");
        }
    }

    proptest! {
        #[test]
        fn what_is_named_is_found_again(bytes in proptest::collection::vec(1u8.., 1..40)) {
            let path = Place::Path(PathBuf::from(OsString::from_vec([b"/".to_vec(), bytes.clone()].concat())));
            prop_assert_eq!(places(&path.address()), [path]);
            let name = Place::Abstract(bytes);
            prop_assert_eq!(places(&name.address()), [name]);
        }

        #[test]
        fn no_list_is_too_odd(list in proptest::collection::vec(any::<u8>(), 0..60)) {
            places(&OsString::from_vec([b"unix:path=".to_vec(), list].concat()));
        }
    }
}
