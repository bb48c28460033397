//! What stands for the password on the wire: a hash that only who knows the password can make.
//!
//! GNTP 1.0 hashes the password with a salt to a key, and sends the hash of that key. Whoever
//! reads along cannot read the password from it, but can try guesses, and nothing else of a
//! request is hidden: README says so.

use md5::Md5;
use sha1::Sha1;
use sha2::digest::Digest;
use sha2::{Sha256, Sha512};
use zeroize::Zeroize as _;

use crate::random::{self, NoRandom};
use crate::secrets::{Secret, wipe_stack};
use crate::task::GrowlHash;
use crate::text::hex;

/// The length of a salt, 4 bytes at least and 16 at most (GNTP 1.0, "Security").
const SALT: usize = 16;

/// Returns what the first line of a request ends with when it is made by somebody who knows the
/// password: the hash, and a salt that no other request has.
pub(super) fn proof(password: &Secret, hash: GrowlHash) -> Result<String, NoRandom> {
    let mut salt = [0_u8; SALT];
    random::fill(&mut salt)?;
    let proof = with_salt(password, hash, &salt);
    wipe_stack();
    Ok(proof)
}

/// Makes the proof with this salt.
///
/// Never a part of its caller: a hash in the making keeps the last bytes it was given, password
/// included, in the frame that it is made in, and only frames below the caller's are wiped.
#[inline(never)]
fn with_salt(password: &Secret, hash: GrowlHash, salt: &[u8]) -> String {
    let password = password.reveal().as_bytes();
    let (name, hash) = match hash {
        GrowlHash::Md5 => ("MD5", twice::<Md5>(password, salt)),
        GrowlHash::Sha1 => ("SHA1", twice::<Sha1>(password, salt)),
        GrowlHash::Sha256 => ("SHA256", twice::<Sha256>(password, salt)),
        GrowlHash::Sha512 => ("SHA512", twice::<Sha512>(password, salt)),
    };
    // in capitals, as in the examples of GNTP: not every receiver reads both
    format!("{name}:{hash}.{}", hex(salt)).to_uppercase()
}

fn twice<D: Digest>(password: &[u8], salt: &[u8]) -> String {
    let mut key = D::new().chain_update(password).chain_update(salt).finalize();
    let hash = D::digest(&key);
    // the key is as good as the password for as long as the salt is used
    key.as_mut_slice().zeroize();
    hex(&hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashed(password: &str, hash: GrowlHash, salt: &[u8]) -> String {
        with_salt(&Secret::new(password).unwrap(), hash, salt)
    }

    #[test]
    fn the_hash_is_that_of_other_makers() {
        // of `password` with the salt 0123456789, as Growl's own documentation counts it
        let salt = [0x01, 0x23, 0x45, 0x67, 0x89];
        let table = [
            (GrowlHash::Md5, "MD5:B80A1CD3F719006F932A3FAAC90FEEA5"),
            (GrowlHash::Sha1, "SHA1:926D135D821E07CD720E63FAB2629887E67A3601"),
            (GrowlHash::Sha256, "SHA256:CF0D52E2716F54C0EA9D6BAD563F1E1C7C46122BE8BE9FB1A09587D064C723C7"),
            (
                GrowlHash::Sha512,
                "SHA512:710F213B1F8E97C5BF04089367B4AE08BBDF82285557B4986E3170A3F214165B6320E4C63A8A55A6BD31652FEB9\
                 B17B8191B2884AE76D36AFEBF72298B982511",
            ),
        ];
        for (hash, known) in table {
            assert_eq!(hashed("password", hash, &salt), format!("{known}.0123456789"));
        }
    }

    #[test]
    fn a_password_in_other_scripts_is_hashed_as_utf_8() {
        let salt = 0x0123_4567_89AB_CDEF_0011_2233_4455_6677_u128.to_be_bytes();
        let table = [
            (GrowlHash::Md5, "MD5:5D7B98E09F1DA93C688FA902F5361FFF"),
            (GrowlHash::Sha256, "SHA256:236827B0B8FF95CA1EE7DC09A00C3D156DB1DC8C7596B92E2655CB0C96EC400C"),
        ];
        for (hash, known) in table {
            assert_eq!(hashed("s3crét", hash, &salt), format!("{known}.0123456789ABCDEF0011223344556677"));
        }
    }

    #[test]
    fn no_salt_is_used_twice() {
        let password = Secret::new("password").unwrap();
        let [one, other] = [(); 2].map(|()| proof(&password, GrowlHash::Sha256).unwrap());
        assert_eq!(one.len(), "SHA256:".len() + 64 + ".".len() + 2 * SALT);
        let salt = |proof: &str| proof.rsplit('.').next().unwrap().to_owned();
        assert_ne!(salt(&one), salt(&other));
    }
}
