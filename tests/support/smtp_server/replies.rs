//! How replies go out: as is right, or as the script says.

use super::record::End;
use super::script::{Action, Stage};
use super::session::Session;

impl Session {
    /// Does what the script asks for where no reply is due.
    pub(super) fn act_without_reply(&mut self, stage: Stage) -> Result<(), End> {
        let handshake = stage == Stage::Handshake;
        match self.action(stage) {
            Some(Action::Reply(bytes)) => {
                self.wire.send(&bytes);
                self.wire.flush()?;
                // instead of a handshake there is nothing more to come
                if handshake {
                    return Err(self.wire.drain());
                }
                Ok(())
            }
            Some(Action::Drip(_)) | None => Ok(()),
            Some(action) => self.act(&action, b"").map(drop),
        }
    }

    /// Replies as is right at this stage, or as the script says. True when it was a yes.
    pub(super) fn reply(&mut self, stage: Stage, normal: &str) -> Result<bool, End> {
        let bytes = self.config().script.render(normal);
        let action = self.action(stage);
        let note = match &action {
            Some(action) => shorten(format!("S: {normal:?}, but {action:?}")),
            None => shorten(format!("S: {normal}")),
        };
        self.record(|record| record.transcript.push(note));
        let Some(action) = action else {
            self.wire.send(&bytes);
            return Ok(is_yes(&bytes));
        };
        self.act(&action, &bytes)
    }

    /// Replies where no fault can be asked for.
    #[allow(clippy::unnecessary_wraps, reason = "ends a command like `reply` does")]
    pub(super) fn answer(&mut self, reply: &str) -> Result<(), End> {
        let bytes = self.config().script.render(reply);
        self.record(|record| record.transcript.push(format!("S: {reply}")));
        self.wire.send(&bytes);
        Ok(())
    }

    fn act(&mut self, action: &Action, normal: &[u8]) -> Result<bool, End> {
        match action {
            Action::Reply(bytes) => {
                self.wire.send(bytes);
                return Ok(is_yes(bytes));
            }
            Action::Then(extra) => {
                self.wire.send(normal);
                self.wire.send(extra);
            }
            Action::HugeLine(length) => {
                self.wire.send(&normal[..3]);
                self.wire.send(b" ");
                self.wire.send(&vec![b'x'; *length]);
                self.wire.send(b"\r\n");
            }
            Action::ManyLines(count) => {
                let line = [&normal[..3], b"-and so on\r\n"].concat();
                self.wire.send(&line.repeat(*count));
                self.wire.send(normal);
            }
            Action::Marked(mark) => {
                let end = normal.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
                let (line, rest) = normal.split_at(end.unwrap_or(normal.len()));
                self.wire.send(&[line, mark, rest].concat());
            }
            _ => {
                self.wire.flush()?;
                self.act_at_once(action, normal)?;
            }
        }
        Ok(is_yes(normal))
    }

    fn act_at_once(&mut self, action: &Action, normal: &[u8]) -> Result<(), End> {
        match action {
            Action::ReplyAndClose(bytes) => {
                self.wire.send(bytes);
                self.wire.flush()?;
                Err(self.wire.close_politely())
            }
            Action::Close => Err(self.wire.close()),
            Action::Reset => Err(self.wire.reset()),
            Action::Stall => Err(self.wire.stall()),
            Action::SayGoodbye => Err(self.wire.close_politely()),
            Action::Alert => Err(self.wire.close_with_alert()),
            Action::Below(bytes) => Err(self.wire.close_below(bytes)),
            Action::Drip(pause) => self.wire.send_slowly(normal, Some(*pause)),
            _ => self.wire.send_slowly(normal, None),
        }
    }

    pub(super) fn action(&self, stage: Stage) -> Option<Action> {
        if self.is_mended() {
            return None;
        }
        self.config().script.action(self.connection, stage)
    }
}

fn is_yes(reply: &[u8]) -> bool {
    matches!(reply.first(), Some(b'2' | b'3'))
}

fn shorten(mut text: String) -> String {
    const ENOUGH: usize = 300;
    if let Some((at, _)) = text.char_indices().nth(ENOUGH) {
        text.truncate(at);
        text.push('…');
    }
    text
}
