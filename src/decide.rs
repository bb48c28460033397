//! The decision: does this outcome deserve a notice?
//!
//! A pure function over three small enums (design, section 4). It is made before anything is
//! opened, and it always comes with its reason, because silence that cannot be explained looks like
//! a notifier that is broken.

use schemars::JsonSchema;

use crate::run::{Event, Outcome};

/// Which outcomes are worth an e-mail (`when` in a task).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum Policy {
    /// Every outcome.
    #[default]
    Finish,
    /// Warnings, errors and interruptions.
    Warning,
    /// Errors and interruptions.
    Error,
}

impl Policy {
    /// Every policy, as spelled in a task and after `--when`.
    pub const WORDS: [(&'static str, Self); 3] =
        [("finish", Self::Finish), ("warning", Self::Warning), ("error", Self::Error)];

    /// Returns the word that stands for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Finish => "finish",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// An event that a screen channel can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum ScreenEvent {
    /// The backup begins.
    Begin,
    /// It ended well.
    Success,
    /// It ended with warnings, or was skipped.
    Warning,
    /// It ended with an error, or was interrupted.
    Error,
}

impl ScreenEvent {
    /// Every event, as spelled in `events`.
    pub const WORDS: [(&'static str, Self); 4] = [
        ("begin", Self::Begin),
        ("success", Self::Success),
        ("warning", Self::Warning),
        ("error", Self::Error),
    ];

    /// Returns the word that stands for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Begin => "begin",
            Self::Success => "success",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// Returns the event that the beginning or the end of a backup is: interrupted counts as error,
    /// skipped as warning (design, section 3).
    pub fn of(event: Event, outcome: Outcome) -> Self {
        match (event, outcome) {
            (Event::Begin, _) => Self::Begin,
            (Event::End | Event::Overdue, Outcome::Success) => Self::Success,
            (Event::End | Event::Overdue, Outcome::Warning | Outcome::Skipped) => Self::Warning,
            (Event::End | Event::Overdue, Outcome::Error | Outcome::Interrupted) => Self::Error,
        }
    }

    /// Every event: the default of `events`.
    pub fn all() -> Vec<Self> {
        Self::WORDS.iter().map(|(_, event)| *event).collect()
    }
}

/// What was decided, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// A notice is to go out.
    Notify(Reason),
    /// Nothing is to be said.
    Silent(Reason),
}

impl Decision {
    /// Tells whether a notice is to go out.
    pub fn notifies(self) -> bool {
        matches!(self, Self::Notify(_))
    }

    /// Returns the reason, whichever way it went.
    pub fn reason(self) -> Reason {
        match self {
            Self::Notify(reason) | Self::Silent(reason) => reason,
        }
    }
}

/// The reason for a decision; `Display` says it in a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// An e-mail is only ever about how a backup ended.
    NoMailForBegin,
    /// The policy names this outcome, or does not.
    Policy(Policy, Outcome),
    /// A person asked for it by hand, whatever the policy says.
    Asked,
    /// The last success is not too old.
    InTime,
    /// The channel's `events` name this one.
    Listed(ScreenEvent),
    /// The channel's `events` do not name this one.
    NotListed(ScreenEvent),
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Self::NoMailForBegin => {
                f.write_str("the backup is only beginning, and e-mail tells how it ended")
            }
            Self::Policy(policy, outcome) => write!(
                f,
                "the outcome is {} and the policy \"{}\" covers {}",
                outcome.word(),
                policy.word(),
                match policy {
                    Policy::Finish => "every outcome",
                    Policy::Warning => "warning, error and interrupted only",
                    Policy::Error => "error and interrupted only",
                }
            ),
            Self::Asked => f.write_str("asked for by hand"),
            Self::InTime => f.write_str("the last success is recent enough"),
            Self::Listed(event) => write!(f, "\"events\" has \"{}\"", event.word()),
            Self::NotListed(event) => write!(f, "\"events\" does not have \"{}\"", event.word()),
        }
    }
}

/// Decides whether an e-mail goes out.
pub fn decide(event: Event, outcome: Outcome, policy: Policy) -> Decision {
    if event == Event::Begin {
        return Decision::Silent(Reason::NoMailForBegin);
    }
    let worth_it = match (policy, outcome) {
        (Policy::Finish, _) => true,
        (Policy::Warning, Outcome::Warning | Outcome::Error | Outcome::Interrupted)
        | (Policy::Error, Outcome::Error | Outcome::Interrupted) => true,
        (Policy::Warning, Outcome::Success | Outcome::Skipped)
        | (Policy::Error, Outcome::Success | Outcome::Warning | Outcome::Skipped) => false,
    };
    let reason = Reason::Policy(policy, outcome);
    if worth_it { Decision::Notify(reason) } else { Decision::Silent(reason) }
}

/// Decides whether a screen channel shows a notice.
pub fn decide_screen(event: Event, outcome: Outcome, events: &[ScreenEvent]) -> Decision {
    let shown = ScreenEvent::of(event, outcome);
    if events.contains(&shown) {
        Decision::Notify(Reason::Listed(shown))
    } else {
        Decision::Silent(Reason::NotListed(shown))
    }
}

#[cfg(test)]
mod tests {
    use super::{Decision, Policy, ScreenEvent, decide, decide_screen};
    use crate::run::{Event, Outcome};

    /// The whole table of design section 4: five outcomes under three policies, at begin and end.
    #[test]
    fn every_case_of_the_table() {
        use Outcome::{Error, Interrupted, Skipped, Success, Warning};
        let (yes, no) = (true, false);
        //                    finish warning error
        let table = [
            (Success, [yes, no, no]),
            (Warning, [yes, yes, no]),
            (Error, [yes, yes, yes]),
            (Interrupted, [yes, yes, yes]),
            (Skipped, [yes, no, no]),
        ];
        for (outcome, row) in table {
            for (policy, expected) in [Policy::Finish, Policy::Warning, Policy::Error].into_iter().zip(row) {
                let end = decide(Event::End, outcome, policy);
                assert_eq!(end.notifies(), expected, "{outcome:?} under {policy:?}");
                let said = end.reason().to_string();
                assert!(said.contains(outcome.word()) && said.contains(policy.word()), "{said}");

                let begin = decide(Event::Begin, outcome, policy);
                assert!(matches!(begin, Decision::Silent(_)), "{outcome:?} under {policy:?} at begin");
                assert!(begin.reason().to_string().contains("beginning"));
            }
        }
    }

    /// The other half of design section 4: interrupted counts as error, skipped as warning.
    #[test]
    fn screen_channels_follow_their_events() {
        use ScreenEvent::{Begin, Error, Success, Warning};
        let table = [
            (Event::End, Outcome::Success, Success),
            (Event::End, Outcome::Warning, Warning),
            (Event::End, Outcome::Skipped, Warning),
            (Event::End, Outcome::Error, Error),
            (Event::End, Outcome::Interrupted, Error),
            (Event::Begin, Outcome::Success, Begin),
            (Event::Begin, Outcome::Error, Begin),
        ];
        for (event, outcome, counts_as) in table {
            for listed in ScreenEvent::all() {
                let decision = decide_screen(event, outcome, &[listed]);
                assert_eq!(decision.notifies(), listed == counts_as, "{event:?} {outcome:?} {listed:?}");
                assert!(decision.reason().to_string().contains(counts_as.word()));
            }
        }
    }
}
