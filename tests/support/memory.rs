//! Looks for secrets in the memory of a process: all of it that can be read.
//!
//! This reads `/proc/PID/mem`, as root, because the process lets nobody else.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use super::leaks::Secret;

/// How long a piece of a secret counts: 12 hex digits are 48 bits, 12 letters of base64 are 72.
const PIECE: usize = 12;

/// What is looked for, by its first two bytes, so that one pass over the memory is enough.
pub(crate) struct Search {
    by_beginning: HashMap<[u8; 2], Vec<(&'static str, Vec<u8>)>>,
    /// Whether anything begins with these two bytes.
    begins: Vec<bool>,
}

/// What was found: how many bytes belong to each form of the secret, in each part of the memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found(BTreeMap<(String, &'static str), usize>);

impl Found {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The forms that were found, in order.
    pub(crate) fn forms(&self) -> Vec<&'static str> {
        let mut forms: Vec<_> = self.0.keys().map(|(_, form)| *form).collect();
        forms.sort_unstable();
        forms.dedup();
        forms
    }
}

impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = String::new();
        for ((place, form), count) in &self.0 {
            let _ = write!(text, "; {place}: {form}, {count} pieces");
        }
        f.write_str(text.trim_start_matches("; "))
    }
}

impl Search {
    pub(crate) fn new(secrets: &[Secret]) -> Self {
        let mut search = Self { by_beginning: HashMap::new(), begins: vec![false; 1 << 16] };
        for (form, piece) in secrets.iter().flat_map(|secret| secret.pieces(PIECE)) {
            search.add(form, &piece);
        }
        search
    }

    /// Looks for pieces of these bytes too.
    pub(crate) fn and_bytes(mut self, name: &'static str, bytes: &[u8]) -> Self {
        for piece in bytes.windows(PIECE) {
            self.add(name, piece);
        }
        self
    }

    fn add(&mut self, form: &'static str, piece: &[u8]) {
        self.begins[usize::from(piece[0]) << 8 | usize::from(piece[1])] = true;
        let known = self.by_beginning.entry([piece[0], piece[1]]).or_default();
        // without a special letter in it, some forms are the same
        if known.iter().all(|(_, other)| other != piece) {
            known.push((form, piece.to_vec()));
        }
    }

    /// Looks through all memory of a process that stands still, but for its environment, which is
    /// its caller's.
    pub(crate) fn memory(&self, pid: u32) -> Found {
        self.but_for(pid, &environment(pid))
    }

    /// The same, environment included.
    pub(crate) fn all_memory(&self, pid: u32) -> Found {
        self.but_for(pid, &(0..0))
    }

    fn but_for(&self, pid: u32, left_out: &Range<u64>) -> Found {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            match self.as_mapped(pid, left_out) {
                Ok(found) => return found,
                // a process that has just begun to wait still gives memory back: all is looked at anew
                Err(line) => assert!(Instant::now() < until, "{line} cannot be read"),
            }
        }
    }

    /// Looks through what is mapped now, or names what is mapped no longer.
    fn as_mapped(&self, pid: u32, left_out: &Range<u64>) -> Result<Found, String> {
        let maps = fs::read_to_string(format!("/proc/{pid}/maps")).expect("the process lives");
        let memory = File::open(format!("/proc/{pid}/mem")).expect("only root can look into it");
        let mut found = Found::default();
        for line in maps.lines() {
            let mut words = line.split_ascii_whitespace();
            let (range, rights) = (words.next().unwrap(), words.next().unwrap());
            let place = words.nth(3).unwrap_or("anonymous");
            // the kernel's own, which holds nothing of the process and cannot be read like this
            if !rights.starts_with('r') || place.starts_with("[v") {
                continue;
            }
            let (begin, end) = range.split_once('-').unwrap();
            let (begin, end) = [begin, end].map(|n| u64::from_str_radix(n, 16).unwrap()).into();
            let mut bytes = vec![0; usize::try_from(end - begin).unwrap()];
            memory.read_exact_at(&mut bytes, begin).map_err(|error| format!("{line}: {error}"))?;
            for at in left_out.clone().filter(|at| (begin..end).contains(at)) {
                bytes[usize::try_from(at - begin).unwrap()] = 0;
            }
            let offset = u64::from_str_radix(line.split_ascii_whitespace().nth(2).unwrap(), 16).unwrap();
            let on_disk = read_at(place, offset, bytes.len());
            let name = place.rsplit('/').next().unwrap();
            for part in changed(&bytes, &on_disk) {
                self.bytes(name, &bytes[part], &mut found);
            }
        }
        // what ended while it was read was not looked through
        assert!(!environment(pid).is_empty(), "process {pid} has ended");
        Ok(found)
    }

    fn bytes(&self, place: &str, bytes: &[u8], found: &mut Found) {
        let mut last = 0;
        for (at, &byte) in bytes.iter().enumerate() {
            let pair = [last, byte];
            last = byte;
            if at == 0 || !self.begins[usize::from(pair[0]) << 8 | usize::from(byte)] {
                continue;
            }
            for (form, piece) in &self.by_beginning[&pair] {
                if bytes[at - 1..].starts_with(piece) {
                    *found.0.entry((place.to_owned(), form)).or_default() += 1;
                }
            }
        }
    }
}

/// What a mapped file has there; nothing where it is no file.
fn read_at(path: &str, offset: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let read = File::open(path).and_then(|file| file.read_at(&mut bytes, offset)).unwrap_or(0);
    bytes.truncate(read);
    bytes
}

/// The parts of the memory in which something else is than nothing, or than on the disk: going
/// through the rest byte by byte would take most of the time.
fn changed(bytes: &[u8], on_disk: &[u8]) -> Vec<Range<usize>> {
    const PAGE: usize = 4096;
    let zero = [0; PAGE];
    let mut parts: Vec<Range<usize>> = Vec::new();
    for begin in (0..bytes.len()).step_by(PAGE) {
        let end = (begin + PAGE).min(bytes.len());
        let page = &bytes[begin..end];
        if page == &zero[..end - begin] || on_disk.get(begin..end) == Some(page) {
            continue;
        }
        // a piece may begin in the page before, or end in the one behind
        let (begin, end) = (begin.saturating_sub(64), (end + 64).min(bytes.len()));
        match parts.last_mut() {
            Some(last) if last.end >= begin => last.end = end,
            _ => parts.push(begin..end),
        }
    }
    parts
}

/// Where the environment is that the process was given (proc(5): fields 50 and 51 of `stat`).
fn environment(pid: u32) -> Range<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process is there");
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    // the first field after the name is number 3
    let field = |number: usize| fields[number - 3].parse().unwrap();
    field(50)..field(51)
}
