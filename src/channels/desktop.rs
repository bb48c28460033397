//! The desktop: its place. This version cannot show notices there, and says so.

use crate::channels::{Channel, Circumstances};
use crate::delivery::{ChannelName, Delivery, Status};
use crate::exit::Exit;
use crate::message::Story;

/// The desktop of whoever sits at this computer.
#[derive(Debug)]
pub struct DesktopChannel;

impl Channel for DesktopChannel {
    fn deliver(&self, _: &Story<'_>, _: Circumstances<'_>) -> Delivery {
        let detail = "this version cannot show notices on the desktop";
        let mut delivery = Delivery::plain(ChannelName::Desktop, Status::Failed, Exit::Refused, detail);
        delivery.hint = Some("tell people by \"email\" for now".to_owned());
        delivery
    }
}
