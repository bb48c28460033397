//! Borg, with its legacy and its modern exit codes.

pub(super) mod report;

use crate::run::Outcome::{Error, Warning};
use crate::tools::code::{Code, code, range, vague};

/// What its exit codes mean (facts/backup-tools.md). The single codes of `BORG_EXIT_CODES=modern`: Borg's
/// documentation, "All about JSON: How to develop frontends", section "Message IDs" (1.4 and 2.0).
///
/// The first row that has a code counts, so the ranges stand behind the codes in them. Borg keeps codes up
/// to 127 for warnings, and uses none above 112: 126 and 127 are what a shell says of a Borg that never
/// began, which must not pass for a backup with warnings.
pub(super) const CODES: &[Code] = &[
    vague(1, Warning, "finished with warnings"),
    vague(2, Error, "an error ended it"),
    code(3, Error, "cancelled by the user"),
    vague(4, Error, "the command is wrong"),
    code(5, Error, "a placeholder could not be filled in"),
    code(6, Error, "a placeholder is unknown"),
    code(10, Error, "there is a repository at this place already"),
    code(11, Error, "the repository is one of Attic, and has to be converted"),
    code(12, Error, "the repository is inconsistent; run borg check"),
    code(13, Error, "the repository does not exist"),
    code(14, Error, "there is not enough free space for the repository"),
    code(15, Error, "the place holds no valid repository"),
    code(16, Error, "the configuration of the repository is not valid"),
    code(17, Error, "an object is missing from the repository"),
    code(18, Error, "the folder above the repository does not exist"),
    code(19, Error, "something else is at the place of the repository already"),
    code(20, Error, "the storage quota of the repository is exceeded"),
    code(21, Error, "permission to open the repository was denied"),
    code(22, Error, "the place of an object in the repository is not known"),
    code(23, Error, "a pack is missing from the repository"),
    code(24, Error, "the repository does not permit this"),
    code(25, Error, "the repository needs a newer version of Borg"),
    code(26, Error, "the repository has no manifest"),
    code(27, Error, "the manifest needs a newer version of Borg"),
    code(30, Error, "an archive of this name exists already"),
    code(31, Error, "the archive does not exist"),
    code(32, Error, "a file name cannot be written in the encoding of the system; set LANG"),
    code(40, Error, "the key file is not valid"),
    code(41, Error, "the key file belongs to another repository"),
    code(42, Error, "there is no key file for the repository"),
    code(43, Error, "the file is no key of Borg"),
    code(44, Error, "there is no key in the repository"),
    code(45, Error, "the key belongs to another repository"),
    code(46, Error, "the repository is not encrypted, so it has no key"),
    code(47, Error, "the type of the key is not known"),
    code(48, Error, "the data needs a newer version of Borg"),
    code(49, Error, "the key needs a newer version of Borg"),
    code(50, Error, "there was no way to get the passphrase"),
    code(51, Error, "the command in BORG_PASSCOMMAND failed"),
    code(52, Error, "the passphrase is wrong"),
    code(53, Error, "a wrong passphrase was given too often"),
    code(60, Error, "the cache could not be set up"),
    code(61, Error, "the encryption of the repository has changed since the last time"),
    code(62, Error, "access to the repository was refused by the user"),
    code(63, Error, "the cache is newer than the repository: are there two with the same id?"),
    code(64, Error, "the cache is newer than the repository: an attack, or two with the same id"),
    code(70, Error, "the lock could not be had"),
    vague(71, Error, "the lock could not be had, because of an error"),
    vague(72, Error, "the lock could not be made"),
    code(73, Error, "another process held the lock for too long"),
    code(74, Error, "the lock was gone before its end"),
    code(75, Error, "the lock belonged to another process at its end"),
    code(80, Error, "the server closed the connection"),
    code(81, Error, "the server closed the connection, with a hint in the log"),
    code(82, Error, "the server does not know what was asked of it"),
    code(83, Error, "the server does not allow this place for a repository"),
    code(84, Error, "the version of Borg on the server is too old"),
    code(85, Error, "the server did not understand the data of this side"),
    code(86, Error, "this side did not understand the data of the server"),
    code(87, Error, "the connection to the server broke"),
    code(90, Error, "data in the repository is damaged"),
    code(91, Error, "a file of Borg's own is damaged"),
    vague(92, Error, "data could not be decompressed"),
    code(95, Error, "the authentication of the archive is not valid"),
    code(96, Error, "the archive is not authenticated, and has to be"),
    code(97, Error, "the authentication of the manifest is not valid"),
    code(98, Error, "the manifest is not authenticated, and has to be"),
    code(99, Error, "the authentication needs a newer version of Borg"),
    range(7..=99, Error, "an error that this version of backup-notify has no words for"),
    code(100, Warning, "some files changed while they were backed up"),
    code(101, Warning, "an include pattern matched nothing"),
    vague(102, Warning, "some files could not be backed up"),
    code(103, Warning, "some files were exchanged while they were backed up, and were left out"),
    vague(104, Warning, "the system reported errors for some files, which were left out"),
    code(105, Warning, "some files could not be read for lack of permission"),
    code(106, Warning, "some files could not be read because of read errors"),
    code(107, Warning, "some source files were not found"),
    code(108, Warning, "some files were not extracted: a folder above them is a symbolic link"),
    code(109, Warning, "some files were not extracted: their path leads out of the folder"),
    code(110, Warning, "some files were not extracted: the source of their hard link is not safe"),
    code(111, Warning, "some files took too long"),
    code(112, Warning, "some symbolic links lead nowhere"),
    range(113..=125, Warning, "a warning that this version of backup-notify has no words for"),
];

#[cfg(test)]
mod tests {
    use crate::run::Outcome::{Error, Success, Warning};
    use crate::tools::Tool;
    use crate::tools::code::check;

    #[test]
    fn every_code_has_its_class_and_its_words() {
        check(
            Tool::Borg,
            &[
                (0, Success),
                (1, Warning),
                (2, Error),
                (3, Error),
                (4, Error),
                (5, Error),
                (6, Error),
                (10, Error),
                (11, Error),
                (12, Error),
                (13, Error),
                (14, Error),
                (15, Error),
                (16, Error),
                (17, Error),
                (18, Error),
                (19, Error),
                (20, Error),
                (21, Error),
                (22, Error),
                (23, Error),
                (24, Error),
                (25, Error),
                (26, Error),
                (27, Error),
                (30, Error),
                (31, Error),
                (32, Error),
                (40, Error),
                (41, Error),
                (42, Error),
                (43, Error),
                (44, Error),
                (45, Error),
                (46, Error),
                (47, Error),
                (48, Error),
                (49, Error),
                (50, Error),
                (51, Error),
                (52, Error),
                (53, Error),
                (60, Error),
                (61, Error),
                (62, Error),
                (63, Error),
                (64, Error),
                (70, Error),
                (71, Error),
                (72, Error),
                (73, Error),
                (74, Error),
                (75, Error),
                (80, Error),
                (81, Error),
                (82, Error),
                (83, Error),
                (84, Error),
                (85, Error),
                (86, Error),
                (87, Error),
                (90, Error),
                (91, Error),
                (92, Error),
                (95, Error),
                (96, Error),
                (97, Error),
                (98, Error),
                (99, Error),
                (100, Warning),
                (101, Warning),
                (102, Warning),
                (103, Warning),
                (104, Warning),
                (105, Warning),
                (106, Warning),
                (107, Warning),
                (108, Warning),
                (109, Warning),
                (110, Warning),
                (111, Warning),
                (112, Warning),
            ],
        );
    }

    #[test]
    fn codes_of_later_versions_have_the_class_of_their_range() {
        for code in [7, 9, 28, 93, 94] {
            let meaning = Tool::Borg.meaning(code);
            assert_eq!((meaning.outcome, meaning.telling), (Error, false), "{meaning:?}");
            assert!(meaning.sentence.starts_with(&format!("borg {code}: an error that")), "{meaning:?}");
        }
        for code in [113, 125] {
            let meaning = Tool::Borg.meaning(code);
            assert_eq!((meaning.outcome, meaning.telling), (Warning, false), "{meaning:?}");
            assert!(meaning.sentence.starts_with(&format!("borg {code}: a warning that")), "{meaning:?}");
        }
        for code in [126, 127, 128] {
            assert_eq!(Tool::Borg.meaning(code).outcome, Error, "{code}");
        }
    }
}
