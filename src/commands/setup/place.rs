//! The file to write: where it is, what is in it, and whether it could be written.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::sys::signal::kill;
use nix::unistd::{AccessFlags, Pid, faccessat, geteuid};

use crate::error::Failure;
use crate::exit::Exit;
use crate::files::{self, FileFault, Over, Purpose};
use crate::home;
use crate::settings;
use crate::task::MAX_BYTES;
use crate::text::{io_words, is_active, one_line, shell_word};

/// A task file, there or still to be made.
#[derive(Debug)]
pub(super) struct Place {
    /// The path by which the hook names it.
    pub(super) path: PathBuf,
    /// Where it really is: a link is followed, so that it goes on leading there.
    target: PathBuf,
    /// What is in it.
    pub(super) bytes: Option<Vec<u8>>,
}

impl Place {
    /// Finds it and reads it; what nobody but its owner may have written is required of it already now.
    pub(super) fn find(typed: &Path) -> Result<Self, Failure> {
        let path = path_of(typed)?;
        let there = path.symlink_metadata().is_ok();
        if !there {
            may_be_made(&path)?;
            return Ok(Self { target: path.clone(), path, bytes: None });
        }
        let bytes = files::read_trusted(&path, Purpose::TaskFile, MAX_BYTES);
        let bytes = bytes.map_err(|error| {
            let failure = kept(Failure::from_situation(&error));
            if path.is_symlink() && error.is_not_found() {
                return failure.with_hint("remove the link, or make what it leads to");
            }
            failure
        })?;
        let target = path.canonicalize().map_err(|error| cannot(&path, &io_words(&error)))?;
        may_be_made(&target)?;
        Ok(Self { path, target, bytes: Some(bytes) })
    }

    /// Returns the folder that relative paths in the file start at.
    pub(super) fn base(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
    }

    /// Returns the folder that has to be made first.
    pub(super) fn missing_folder(&self) -> Option<&Path> {
        self.target.parent().filter(|folder| !folder.exists())
    }

    /// Writes the file: as a whole or not at all, and only over what was read. Returns what is in doubt
    /// of a file that is there.
    pub(super) fn write(&self, bytes: &[u8]) -> Result<Option<Failure>, Failure> {
        let made = match self.missing_folder() {
            Some(folder) => make_folders(folder)?,
            None => Vec::new(),
        };
        self.remove_pieces();
        let written = self.write_file(bytes);
        if written.is_err() {
            unmake(&made);
        }
        written
    }

    /// Removes what was left beside the file by a setup that was killed (kill -9) while it wrote.
    fn remove_pieces(&self) {
        let (Some(folder), Some(name)) = (self.target.parent(), self.target.file_name()) else { return };
        let (Some(name), Ok(entries)) = (name.to_str(), fs::read_dir(folder)) else { return };
        for entry in entries.flatten() {
            let piece = entry.file_name();
            let gone = piece
                .to_str()
                .and_then(|piece| writer_of(piece, name))
                .is_some_and(|writer| kill(writer, None) == Err(Errno::ESRCH));
            // of the entry itself: a link is none of ours
            let ours = |meta: fs::Metadata| meta.is_file() && meta.uid() == geteuid().as_raw();
            if gone && entry.metadata().is_ok_and(ours) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn write_file(&self, bytes: &[u8]) -> Result<Option<Failure>, Failure> {
        let over = match &self.bytes {
            None => Over::Nothing,
            Some(before) => {
                let now = files::read_trusted(&self.target, Purpose::TaskFile, MAX_BYTES);
                let now = now.map_err(|error| Failure::from_situation(&error))?;
                if now != *before {
                    let what = format!("\"{}\" was changed by somebody meanwhile", self.path.display());
                    return Err(Failure::new(Exit::CannotWrite, what).with_hint("run setup once more"));
                }
                Over::Anything
            }
        };
        match files::write_private(&self.target, bytes, over) {
            Ok(()) => Ok(None),
            Err(error) if error.there => Ok(Some(Failure::from_situation(&error))),
            Err(error) => Err(Failure::from_situation(&error)),
        }
    }
}

/// Makes a folder and those above it, for their owner only, each in one that was judged; returns those
/// that were not there, or leaves none of them.
fn make_folders(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let missing = folder.ancestors().take_while(|folder| !folder.exists()).map(Path::to_owned);
    let mut missing: Vec<PathBuf> = missing.collect();
    missing.reverse();
    match files::make_private_folder(folder, Purpose::TaskFile) {
        Ok(_) => Ok(missing),
        Err(error) => {
            unmake(&missing);
            Err(Failure::from_situation(&error))
        }
    }
}

/// Removes folders again, the innermost first; one in which something is by now stays.
fn unmake(made: &[PathBuf]) {
    for folder in made.iter().rev() {
        let _ = fs::remove_dir(folder);
    }
}

/// Returns the process that made a piece of the file `name` while it wrote it: `name.PID-0.new`.
fn writer_of(piece: &str, name: &str) -> Option<Pid> {
    let numbers = piece.strip_prefix(name)?.strip_prefix('.')?.strip_suffix(".new")?;
    let (process, number) = numbers.split_once('-')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // 0 would mean a whole group of processes to kill(2)
    let process = process.parse::<i32>().ok().filter(|pid| digits(process) && *pid > 0)?;
    digits(number).then(|| Pid::from_raw(process))
}

/// Says that a file that is there stays as it is.
fn kept(mut failure: Failure) -> Failure {
    failure.what.push_str("\nthe file stays as it is");
    failure
}

fn cannot(path: &Path, said: &str) -> Failure {
    let what = format!("\"{}\" cannot be written: {said}", path.display());
    Failure::new(Exit::CannotWrite, what).with_hint("give the path of a file in a folder that you can write")
}

/// Turns what was typed into a path that a line can hold.
fn path_of(typed: &Path) -> Result<PathBuf, Failure> {
    let path = whole_path(typed)?;
    if path.to_str().is_some_and(|path| !path.contains(is_active)) {
        return Ok(path);
    }
    let what = format!("the path \"{}\" cannot stand in a script", one_line(&path.to_string_lossy()));
    Err(Failure::new(Exit::Usage, what).with_hint("give one without control characters, in UTF-8"))
}

/// Makes a whole path of what was typed: a name means the configuration folder, as after --task.
fn whole_path(typed: &Path) -> Result<PathBuf, Failure> {
    let name = typed.to_string_lossy();
    // what begins so cannot be typed after --task, and would be taken for a flag
    if name.starts_with('-') && name != "-" {
        let what = format!("\"{}\" begins as a flag does", one_line(&name));
        return Err(Failure::new(Exit::Usage, what).with_hint(format!(
            "give another name, or a path: {}",
            shell_word(&format!("./{}", one_line(&name)))
        )));
    }
    if name.is_empty() || name == "-" || name.ends_with('/') {
        let what = format!("\"{}\" is no file that could be written", one_line(&name));
        return Err(Failure::new(Exit::Usage, what).with_hint("give a path such as ./home.json, or a name"));
    }
    if settings::is_name(typed) {
        let places = home::configuration_folders().into_iter().map(|dir| dir.join(format!("{name}.json")));
        let places: Vec<PathBuf> = places.collect();
        let found = places.iter().find(|place| place.symlink_metadata().is_ok()).or(places.first());
        return found.cloned().ok_or_else(|| Failure::new(Exit::Usage, "there is no configuration folder"));
    }
    std::path::absolute(typed).map_err(|error| cannot(typed, &io_words(&error)))
}

/// Finds out before the first question what would be in the way after the last one.
fn may_be_made(path: &Path) -> Result<(), Failure> {
    let folders = path.ancestors().skip(1);
    let Some(folder) = folders.into_iter().find(|folder| folder.symlink_metadata().is_ok()) else {
        return Ok(());
    };
    files::check_folder(folder, Purpose::TaskFile).map_err(|error| {
        let failure = Failure::from_situation(&error);
        match *error.fault {
            FileFault::ForeignOwner { .. } => {
                failure.with_hint("give a file in a folder of your own, or a name: backup-notify setup home")
            }
            _ => failure,
        }
    })?;
    faccessat(AT_FDCWD, folder, AccessFlags::W_OK | AccessFlags::X_OK, AtFlags::AT_EACCESS)
        .map_err(|errno| cannot(path, &errno.desc().to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::writer_of;

    #[test]
    fn a_piece_tells_who_made_it() {
        assert_eq!(writer_of("x.json.4711-0.new", "x.json").map(nix::unistd::Pid::as_raw), Some(4711));
        for other in
            ["x.json", "x.json.0-0.new", "x.json.-1-0.new", "x.json.+1-0.new", "x.json.1-.new", "x.json.1-0"]
        {
            assert_eq!(writer_of(other, "x.json"), None, "{other}");
        }
        assert_eq!(writer_of("xx.json.4711-0.new", "x.json"), None);
    }
}
