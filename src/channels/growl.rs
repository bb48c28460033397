//! Growl: its place. This version cannot show notices through it, and says so.

use crate::channels::{Channel, Circumstances};
use crate::delivery::{ChannelName, Delivery, Status};
use crate::exit::Exit;
use crate::message::Story;
use crate::task::Growl;

/// Growl, on this computer or another one.
#[derive(Debug)]
pub struct GrowlChannel<'a> {
    growl: &'a Growl,
}

impl<'a> GrowlChannel<'a> {
    /// Makes the channel.
    pub fn new(growl: &'a Growl) -> Self {
        Self { growl }
    }
}

impl Channel for GrowlChannel<'_> {
    fn deliver(&self, _: &Story<'_>, _: Circumstances<'_>) -> Delivery {
        let detail = format!("this version cannot show notices through Growl on {}", self.growl.host);
        let mut delivery = Delivery::plain(ChannelName::Growl, Status::Failed, Exit::Refused, detail);
        delivery.hint = Some("tell people by \"email\" for now".to_owned());
        delivery
    }
}
