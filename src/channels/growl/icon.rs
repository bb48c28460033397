//! The picture of each event, drawn by `icons/draw.py`.

use sha2::{Digest as _, Sha256};

use crate::decide::ScreenEvent;
use crate::text::hex;

/// A picture that goes with a request.
#[derive(Debug, Clone)]
pub(super) struct Icon {
    /// What it is called in the request: the same for the same picture, so that a receiver can keep it.
    pub(super) id: String,
    /// A PNG file.
    pub(super) png: &'static [u8],
}

impl Icon {
    /// Returns the picture of an event.
    pub(super) fn of(event: ScreenEvent) -> Self {
        let png: &[u8] = match event {
            ScreenEvent::Begin => include_bytes!("icons/begin.png"),
            ScreenEvent::Success => include_bytes!("icons/success.png"),
            ScreenEvent::Warning => include_bytes!("icons/warning.png"),
            ScreenEvent::Error => include_bytes!("icons/error.png"),
        };
        Self { id: hex(&Sha256::digest(png)), png }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_a_small_picture_of_its_own() {
        let icons = ScreenEvent::WORDS.map(|(_, event)| Icon::of(event));
        for (n, icon) in icons.iter().enumerate() {
            assert!(icon.png.starts_with(b"\x89PNG\r\n\x1a\n"));
            assert!(icon.png.len() < 3072, "{}", icon.png.len());
            assert!(icons.iter().skip(n + 1).all(|other| other.id != icon.id));
        }
    }
}
