//! Growl and the desktop: their place. This version cannot show notices on a screen, and says so.

use crate::channels::{Channel, Circumstances};
use crate::delivery::{ChannelName, Delivery, Status};
use crate::exit::Exit;
use crate::message::Story;

/// A screen channel that a task asks for.
#[derive(Debug)]
pub struct ScreenChannel(pub ChannelName);

impl Channel for ScreenChannel {
    fn deliver(&self, _: &Story<'_>, _: Circumstances<'_>) -> Delivery {
        // "skipped" would look like a choice; nobody saw anything
        let detail = match self.0 {
            ChannelName::Growl => "this version cannot show notices through Growl",
            _ => "this version cannot show notices on the desktop",
        };
        let mut delivery = Delivery::plain(self.0, Status::Failed, Exit::Refused, detail);
        delivery.hint = Some("tell people by \"email\" for now".to_owned());
        delivery
    }
}
