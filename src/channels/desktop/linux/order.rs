//! What is to be shown, as it is handed to the child that shows it.

use serde::{Deserialize, Serialize};

use crate::channels::Effort;
use crate::channels::screen::ScreenNotice;
use crate::decide::ScreenEvent;
use crate::text::shorten;

/// The longest title and the longest text, in characters: more than any service shows, and so that
/// everything fits into a pipe before anybody reads (`child::run_with`), at four bytes each.
const TITLE: usize = 160;
const TEXT: usize = 640;

/// One notice, and whether it is only to be rehearsed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Order {
    /// The word of the event.
    event: String,
    pub(super) title: String,
    pub(super) text: String,
    pub(super) id: String,
    /// Whether it is not to be shown.
    pub(super) rehearse: bool,
}

impl Order {
    pub(super) fn new(notice: &ScreenNotice, effort: Effort) -> Self {
        Self {
            event: notice.event.word().to_owned(),
            title: shorten(&notice.title, TITLE).into_owned(),
            text: shorten(&notice.text, TEXT).into_owned(),
            id: notice.id.clone(),
            rehearse: effort != Effort::Deliver,
        }
    }

    pub(super) fn event(&self) -> ScreenEvent {
        let known = ScreenEvent::WORDS.into_iter().find(|(word, _)| *word == self.event);
        // nobody but this program writes it
        known.map_or(ScreenEvent::Error, |(_, event)| event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_notice_fits_into_a_pipe() {
        let odd = |c: &str| ScreenNotice {
            event: ScreenEvent::Warning,
            title: c.repeat(5000),
            text: c.repeat(5000),
            id: "0123456789abcdef".to_owned(),
        };
        for text in ["\u{1F5C4}", "\"", "\n", "\u{FFFD}"] {
            let order = Order::new(&odd(text), Effort::Deliver);
            let json = serde_json::to_vec(&order).unwrap();
            assert!(json.len() <= 4096, "{}", json.len());
            let back: Order = serde_json::from_slice(&json).unwrap();
            assert_eq!((&back, back.event()), (&order, ScreenEvent::Warning));
        }
    }
}
