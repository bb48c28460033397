//! E-mail: from a story to a server's 250.

mod course;
mod pauses;
mod recipients;

use crate::channels::{Channel, Circumstances};
use crate::delivery::{ChannelName, Delivery, Status};
use crate::exit::Exit;
use crate::message::Story;
use crate::stages::Stages;
use crate::task::Email;
use course::{Course, Done};

/// One e-mail of a task.
#[derive(Debug)]
pub struct EmailChannel<'a> {
    email: &'a Email,
}

impl<'a> EmailChannel<'a> {
    /// Makes the channel for one e-mail.
    pub fn new(email: &'a Email) -> Self {
        Self { email }
    }
}

impl Channel for EmailChannel<'_> {
    fn deliver(&self, story: &Story<'_>, circumstances: Circumstances<'_>) -> Delivery {
        let stages = Stages::new(circumstances.watch);
        let mut course = Course::new(self.email, story, circumstances, &stages);
        let (status, exit_code, detail, hint) = match course.run() {
            Ok(Done { status, detail }) => {
                let exit = course.recipients.exit();
                let hint =
                    (exit == Exit::Refused).then(|| "check the refused addresses in \"to\"".to_owned());
                (status, exit, detail, hint)
            }
            Err(failure) => {
                // some may have been refused for good in an earlier try
                let exit = failure.exit.worse(course.recipients.exit());
                (Status::Failed, exit, failure.what, failure.hint)
            }
        };
        Delivery {
            channel: ChannelName::Email,
            status,
            exit_code,
            detail,
            hint,
            message_id: course.message_id(),
            recipients: course.recipients.into_list(),
            tls: course.tls,
            stages: stages.take(),
        }
    }
}
