//! The pauses between the tries of one message: each twice as long as the one before, and none exactly
//! as long as somebody else's.

use std::time::Duration;

use crate::deadline::Deadline;
use crate::random;

/// The first pause, before it is varied.
const FIRST: Duration = Duration::from_secs(1);
/// The longest.
const LONGEST: Duration = Duration::from_secs(30);
/// What a try needs at least: with less, nobody is asked in vain.
const TRY: Duration = Duration::from_millis(250);

/// The pauses of one message.
#[derive(Debug)]
pub(super) struct Pauses {
    next: Duration,
}

impl Pauses {
    pub(super) fn new() -> Self {
        Self { next: FIRST }
    }

    /// Returns how long to wait before the next try; `None` when the time is too short for one.
    pub(super) fn next(&mut self, deadline: Deadline) -> Option<Duration> {
        let left = deadline.remaining()?.checked_sub(TRY)?;
        let pause = varied(self.next);
        if pause > left {
            return None;
        }
        self.next = (self.next * 2).min(LONGEST);
        Some(pause)
    }
}

/// Makes a pause up to a half longer. Many hooks end in the same minute, and a server that is busy with
/// all of them must not find all of them again at the same moment.
fn varied(pause: Duration) -> Duration {
    let mut byte = [0];
    // a system without random numbers has every pause as it is
    let _ = random::fill(&mut byte);
    let [byte] = byte;
    pause + pause * u32::from(byte) / 512
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn within(seconds: u64) -> Deadline {
        Deadline::after(Instant::now(), Duration::from_secs(seconds))
    }

    #[test]
    fn each_pause_is_longer_and_none_is_over_its_bounds() {
        let mut pauses = Pauses::new();
        for base in [1, 2, 4, 8, 16, 30, 30] {
            let base = Duration::from_secs(base);
            let pause = pauses.next(within(3600)).unwrap();
            assert!(pause >= base && pause < base * 3 / 2, "{pause:?} for {base:?}");
        }
    }

    #[test]
    fn they_vary() {
        let first = || Pauses::new().next(within(3600));
        let all: std::collections::HashSet<_> = (0..100).map(|_| first()).collect();
        assert!(all.len() > 20);
    }

    #[test]
    fn nobody_pauses_until_it_is_too_late_for_a_try() {
        assert!(Pauses::new().next(within(0)).is_none());
        assert!(Pauses::new().next(within(1)).is_none());
        assert!(Pauses::new().next(within(2)).is_some());
    }
}
