//! E-mail: from a story to a server's 250.

mod course;
mod pauses;

use crate::channels::kept::Kept;
use crate::channels::{Channel, Circumstances, Line};
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

    /// Delivers a message that may have been kept before, and returns what is left of the connection.
    pub(crate) fn send(
        &self,
        story: &'a Story<'a>,
        circumstances: Circumstances<'a>,
        stages: &'a Stages<'a>,
        kept: Option<Kept<'a>>,
    ) -> (Delivery, Line<'a>) {
        let mut course = Course::new(self.email, story, circumstances, stages, kept);
        let (status, exit_code, detail, hint) = match course.run() {
            Ok(Done { status, mut detail }) => {
                let exit = course.recipients.exit();
                let hint =
                    (exit == Exit::Refused).then(|| "check the refused addresses in \"to\"".to_owned());
                if course.waits() {
                    detail.push_str("; it waits in the outbox for the others");
                }
                (status, exit, detail, hint)
            }
            Err(failure) => {
                let waits = course.failed(&failure);
                // some may have been refused for good in an earlier try
                let exit = failure.exit.worse(course.recipients.exit());
                let mut detail = failure.what;
                if waits {
                    // what is said of a certificate has lines of its own
                    let lines = detail.contains('\n');
                    detail.push_str(if lines {
                        "\n  the message waits in the outbox"
                    } else {
                        "; the message waits in the outbox"
                    });
                }
                (if waits { Status::Queued } else { Status::Failed }, exit, detail, failure.hint)
            }
        };
        let delivery = Delivery {
            channel: ChannelName::Email,
            status,
            exit_code,
            detail,
            hint,
            message_id: course.message_id(),
            recipients: course.recipients.into_list(),
            tls: course.tls,
            stages: stages.take(),
        };
        (delivery, course.line)
    }
}

impl Channel for EmailChannel<'_> {
    fn deliver(&self, story: &Story<'_>, circumstances: Circumstances<'_>) -> Delivery {
        let stages = Stages::new(circumstances.watch);
        EmailChannel { email: self.email }.send(story, circumstances, &stages, None).0
    }
}
