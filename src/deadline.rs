//! The one deadline that bounds the whole run of the program.

use std::time::{Duration, Instant};

/// A moment after which nothing may be waited for any more.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    at: Instant,
    length: Duration,
}

impl Deadline {
    /// Sets the deadline `length` after `start`.
    pub fn after(start: Instant, length: Duration) -> Self {
        // an addition that overflows is a deadline nobody will see: a century does as well
        let century = Duration::from_secs(100 * 365 * 86_400);
        let at = start.checked_add(length.min(century)).unwrap_or(start);
        Self { at, length }
    }

    /// Returns the time that is left, or `None` when it is over.
    pub fn remaining(&self) -> Option<Duration> {
        self.at.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }

    /// Returns a deadline that comes earlier, unless that would leave less than half of what is left.
    #[must_use]
    pub fn earlier_by(&self, reserve: Duration) -> Option<Self> {
        let left = self.remaining()?;
        let at = self.at.checked_sub(reserve)?;
        (reserve < left / 2).then_some(Self { at, ..*self })
    }

    /// Returns the deadline of the first of `parts` things that have to be done one after the other:
    /// none of them can use up the time of the next, and what one leaves over is theirs.
    #[must_use]
    pub fn share(&self, parts: u32) -> Self {
        match self.remaining() {
            Some(left) if parts > 1 => Self::counted(left / parts),
            _ => *self,
        }
    }

    /// Returns an earlier deadline, so that `reserve` is left for what comes after it, but no more than a
    /// fifth: what comes first matters more.
    #[must_use]
    pub fn leaving(&self, reserve: Duration) -> Self {
        let left = self.remaining().unwrap_or_default();
        self.within(left.saturating_sub(reserve.min(left / 5)))
    }

    /// Returns a deadline of its own for one thing that may take `most`, or what is left.
    #[must_use]
    pub fn within(&self, most: Duration) -> Self {
        match self.remaining() {
            Some(left) => Self::counted(most.min(left)),
            None => *self,
        }
    }

    /// Returns a deadline from now, whose length is said in messages: to a tenth of a second.
    fn counted(length: Duration) -> Self {
        let tenths = u64::try_from((length.as_millis() + 50) / 100).unwrap_or(u64::MAX);
        let said = Duration::from_millis(tenths.saturating_mul(100));
        Self { length: said, ..Self::after(Instant::now(), length) }
    }

    /// Returns a deadline that comes `most` from now, or this one when it comes sooner.
    #[must_use]
    pub fn at_most(&self, most: Duration) -> Self {
        let sooner = Instant::now().checked_add(most).map_or(self.at, |at| at.min(self.at));
        Self { at: sooner, ..*self }
    }

    /// Waits for so long, or until the deadline; tells whether that is still to come.
    pub fn pause(&self, length: Duration) -> bool {
        std::thread::sleep(length.min(self.remaining().unwrap_or_default()));
        self.remaining().is_some()
    }

    /// Returns how long the whole was, for messages.
    pub fn length(&self) -> Duration {
        self.length
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(length: u64) -> Deadline {
        Deadline::after(Instant::now(), Duration::from_secs(length))
    }

    /// What is left, to the nearest second.
    fn left(deadline: Deadline) -> u64 {
        deadline.remaining().map_or(0, |left| (left + Duration::from_millis(500)).as_secs())
    }

    #[test]
    fn what_comes_later_keeps_its_time_or_a_fifth_of_it() {
        for (whole, reserve, first) in [(60, 5, 55), (60, 10, 50), (10, 5, 8), (5, 60, 4)] {
            let early = seconds(whole).leaving(Duration::from_secs(reserve));
            assert_eq!(left(early), first, "{whole} with {reserve}");
            assert_eq!(left(seconds(whole).leaving(Duration::ZERO)), whole);
        }
    }

    #[test]
    fn one_thing_takes_its_own_time_at_most() {
        let five = Duration::from_secs(5);
        let short = seconds(60).within(five);
        assert_eq!((left(short), short.length()), (5, five));
        assert_eq!(left(seconds(3).within(five)), 3);
        let over = Deadline::after(Instant::now(), Duration::ZERO);
        assert!(over.within(five).remaining().is_none() && over.leaving(five).remaining().is_none());
    }

    #[test]
    fn several_share_what_is_left_and_say_so_in_tenths() {
        let third = seconds(10).share(3);
        assert_eq!((left(third), third.length()), (3, Duration::from_millis(3300)));
        assert_eq!(left(seconds(10).share(1)), 10);
    }
}
