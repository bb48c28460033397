//! What a command printed, kept within a bound: its beginning and its end.

use std::collections::VecDeque;

/// How much of the beginning is kept, in bytes.
const HEAD: usize = 1024 * 1024;
/// How much of the end is kept, in bytes: the reason of a failure stands there.
const TAIL: usize = 4 * 1024 * 1024;

/// The output of a command, in the order in which it came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Captured {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    left_out: u64,
}

impl Captured {
    /// Takes the next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        let (first, rest) = bytes.split_at(bytes.len().min(HEAD - self.head.len()));
        self.head.extend_from_slice(first);
        // of more than the end holds, only the end counts
        let over = (self.tail.len() + rest.len()).saturating_sub(TAIL);
        let old = over.min(self.tail.len());
        self.tail.drain(..old);
        self.tail.extend(rest.get(over - old..).unwrap_or_default());
        self.left_out += u64::try_from(over).unwrap_or(u64::MAX);
    }

    /// Returns the beginning; everything, where nothing was left out and there is no end.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// Returns the end, in two pieces.
    pub fn tail(&self) -> (&[u8], &[u8]) {
        self.tail.as_slices()
    }

    /// Returns how many bytes between the two were left out.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_and_the_end_are_kept_and_the_rest_is_counted() {
        let mut captured = Captured::default();
        captured.push(b"first\n");
        assert_eq!((captured.head(), captured.left_out()), (&b"first\n"[..], 0));
        let block = vec![b'x'; 70_000];
        for _ in 0..100 {
            captured.push(&block);
        }
        captured.push(b"last\n");
        assert_eq!((captured.head().len(), captured.tail.len()), (HEAD, TAIL));
        assert_eq!(captured.left_out(), 7_000_011 - (HEAD + TAIL) as u64);
        let (a, b) = captured.tail();
        assert!([a, b].concat().ends_with(b"xlast\n") && captured.head().starts_with(b"first\n"));

        let mut at_once = Captured::default();
        at_once.push(&vec![b'y'; HEAD + TAIL + 3]);
        assert_eq!((at_once.head.len(), at_once.tail.len(), at_once.left_out()), (HEAD, TAIL, 3));
    }
}
