//! The one deadline that bounds the whole run of the program.

use std::fmt;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::interrupt;

/// How often what waits for another thread looks whether somebody has asked the program to end: only
/// system calls are ended by a signal.
const LOOK: Duration = Duration::from_millis(100);

/// A moment after which nothing may be waited for any more.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    at: Instant,
    length: Duration,
    /// How long after a signal there is still time.
    grace: Duration,
}

/// How long after a signal an answer is waited for without which a message might be sent twice.
const GRACE: Duration = Duration::from_millis(500);

/// Why nothing is waited for any more, for messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// This time was over.
    After(Duration),
    /// This signal has asked the program to end.
    By(&'static str),
}

impl Over {
    /// Returns the signal, if it was one.
    pub fn signal(self) -> Option<&'static str> {
        match self {
            Self::After(_) => None,
            Self::By(signal) => Some(signal),
        }
    }
}

impl fmt::Display for Over {
    /// Writes what became of that which was waited for: "the sign-in did not end before …".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::After(length) => {
                write!(f, "did not end before the deadline of {} s", length.as_secs_f32())
            }
            Self::By(signal) => write!(f, "was interrupted by {signal}"),
        }
    }
}

impl Deadline {
    /// Sets the deadline `length` after `start`.
    pub fn after(start: Instant, length: Duration) -> Self {
        // an addition that overflows is a deadline nobody will see: a century does as well
        let century = Duration::from_secs(100 * 365 * 86_400);
        let at = start.checked_add(length.min(century)).unwrap_or(start);
        Self { at, length, grace: Duration::ZERO }
    }

    /// Returns the time that is left, or `None` when it is over: after a signal that asks the program to
    /// end, every time is.
    pub fn remaining(&self) -> Option<Duration> {
        let left = self.left()?;
        match interrupt::since() {
            None => Some(left),
            Some(since) => {
                self.grace.checked_sub(since).filter(|rest| !rest.is_zero()).map(|rest| rest.min(left))
            }
        }
    }

    /// Returns the same deadline for what has to be known even after a signal: whether something that is
    /// out of our hands has been accepted.
    #[must_use]
    pub(crate) fn to_the_last_word(self) -> Self {
        Self { grace: GRACE, ..self }
    }

    fn left(&self) -> Option<Duration> {
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

    /// Waits for what another thread sends; an error when the time is over first.
    pub(crate) fn receive<T>(&self, receiver: &Receiver<T>) -> Result<T, RecvTimeoutError> {
        loop {
            let left = self.remaining().unwrap_or_default();
            match receiver.recv_timeout(left.min(LOOK)) {
                Err(RecvTimeoutError::Timeout) if !left.is_zero() => {}
                ended => return ended,
            }
        }
    }

    /// Waits for this long; tells whether there is time left then.
    pub(crate) fn pause(&self, length: Duration) -> bool {
        let until = self.at_most(length);
        while let Some(left) = until.remaining() {
            thread::sleep(left.min(LOOK));
        }
        self.remaining().is_some()
    }

    /// Returns why there is no time left: to be asked when there is none.
    pub fn over(&self) -> Over {
        match interrupt::signal().filter(|_| self.left().is_some()) {
            Some(signal) => Over::By(signal),
            None => Over::After(self.length),
        }
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
    fn another_thread_is_waited_for_until_the_deadline() {
        let (sender, receiver) = std::sync::mpsc::channel();
        let short = Deadline::after(Instant::now(), Duration::from_millis(250));
        assert_eq!(short.receive(&receiver), Err(RecvTimeoutError::Timeout));
        assert!(short.remaining().is_none());
        sender.send(1).unwrap();
        // what is there is taken all the same
        assert_eq!(short.receive(&receiver), Ok(1));
        drop(sender);
        assert_eq!(seconds(60).receive(&receiver), Err(RecvTimeoutError::Disconnected));
    }

    #[test]
    fn a_pause_ends_with_the_deadline_and_says_so() {
        assert!(seconds(60).pause(Duration::from_millis(120)));
        let begun = Instant::now();
        assert!(!Deadline::after(begun, Duration::from_millis(120)).pause(Duration::from_secs(60)));
        assert!(begun.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn why_there_is_no_time_left_is_said_in_words() {
        assert_eq!(seconds(60).over().to_string(), "did not end before the deadline of 60 s");
        assert_eq!(Over::By("SIGTERM").to_string(), "was interrupted by SIGTERM");
    }

    #[test]
    fn several_share_what_is_left_and_say_so_in_tenths() {
        let third = seconds(10).share(3);
        assert_eq!((left(third), third.length()), (3, Duration::from_millis(3300)));
        assert_eq!(left(seconds(10).share(1)), 10);
    }
}
