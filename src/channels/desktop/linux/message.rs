//! Messages of a bus (D-Bus specification, "Message Protocol"): how one is framed, and what is read of
//! an answer.
//!
//! The values inside are written and read by zbus. The frame is ours: what comes in is bounded before
//! anything is made of it.

use zbus::Variant;
use zbus::wire::Endian;
use zbus::wire::serialized::{Context, Data};

/// The part of a message whose length is always the same, with the length of the header fields.
pub(super) const HEAD: usize = 16;
/// The longest message that is read; a list of capabilities has some hundred bytes.
pub(super) const MOST: usize = 1 << 20;
/// The longest header that is read; a bus has some hundred bytes there.
const MOST_FIELDS: usize = 1 << 16;

/// Little-endian, a method call, no flags, version 1.
const CALL: [u8; 4] = *b"l\x01\0\x01";

/// A method of somebody on the bus.
#[derive(Debug, Clone, Copy)]
pub(super) struct Method {
    pub(super) to: &'static str,
    pub(super) path: &'static str,
    pub(super) interface: &'static str,
    pub(super) name: &'static str,
    /// The types of its arguments.
    pub(super) signature: &'static str,
}

/// How a message is written, and from where on values are aligned.
pub(super) fn context(position: usize) -> Context {
    Context::new(Endian::Little, position)
}

/// Writes the call of a method; `body` has its arguments.
pub(super) fn call(serial: u32, method: &Method, body: &[u8]) -> Option<Vec<u8>> {
    let mut fields = Vec::new();
    field(&mut fields, 1, b'o', method.path)?;
    field(&mut fields, 2, b's', method.interface)?;
    field(&mut fields, 3, b's', method.name)?;
    field(&mut fields, 6, b's', method.to)?;
    if !method.signature.is_empty() {
        field(&mut fields, 8, b'g', method.signature)?;
    }
    let mut message = CALL.to_vec();
    message.extend(u32::try_from(body.len()).ok()?.to_le_bytes());
    message.extend(serial.to_le_bytes());
    message.extend(u32::try_from(fields.len()).ok()?.to_le_bytes());
    message.extend(fields);
    pad(&mut message, 8);
    message.extend(body);
    Some(message)
}

/// Writes a header field: its code, and a variant. By hand, because zbus writes the signature of
/// several arguments with the brackets of a structure, and a header has none.
fn field(fields: &mut Vec<u8>, code: u8, kind: u8, value: &str) -> Option<()> {
    pad(fields, 8);
    fields.extend([code, 1, kind, 0]);
    if kind == b'g' {
        fields.push(u8::try_from(value.len()).ok()?);
    } else {
        fields.extend(u32::try_from(value.len()).ok()?.to_le_bytes());
    }
    fields.extend(value.bytes());
    fields.push(0);
    Some(())
}

fn pad(bytes: &mut Vec<u8>, to: usize) {
    bytes.resize(bytes.len().next_multiple_of(to), 0);
}

/// The first bytes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    endian: Endian,
    kind: u8,
    fields: usize,
    /// How many bytes come after these.
    pub(super) rest: usize,
}

impl Head {
    /// Reads it; `Err` says what is wrong with it.
    pub(super) fn read(bytes: [u8; HEAD]) -> Result<Self, &'static str> {
        let [endian, kind, _, version, body @ .., _, _, _, _, _, _, _, _] = bytes;
        let [.., f0, f1, f2, f3] = bytes;
        let (endian, number): (_, fn([u8; 4]) -> u32) = match endian {
            b'l' => (Endian::Little, u32::from_le_bytes),
            b'B' => (Endian::Big, u32::from_be_bytes),
            _ => return Err("it does not begin as a message does"),
        };
        if version != 1 {
            return Err("it is of another version of D-Bus");
        }
        let size = |bytes| usize::try_from(number(bytes)).unwrap_or(usize::MAX);
        let (body, fields) = (size(body), size([f0, f1, f2, f3]));
        if fields > MOST_FIELDS || body > MOST {
            return Err("it is longer than any answer to these questions");
        }
        Ok(Self { endian, kind, fields, rest: fields.next_multiple_of(8) + body })
    }
}

/// What a message is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The answer to a call.
    Return,
    /// The refusal of a call, by its name.
    Error(String),
    /// Anything else: signals, and calls of others.
    Other,
}

/// A message that was read.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) kind: Kind,
    /// The serial number of the call that it answers.
    pub(super) answers: Option<u32>,
    signature: String,
    body: Data<'static, 'static>,
}

impl Message {
    /// Reads a message after its head.
    pub(super) fn read(head: Head, rest: &[u8]) -> Result<Self, &'static str> {
        const WRONG: &str = "its header cannot be read";
        let fields = rest.get(..head.fields).ok_or(WRONG)?;
        let body = rest.get(head.fields.next_multiple_of(8)..).ok_or(WRONG)?;
        // the length belongs to the array; it stands at a multiple of four in the message
        let length = u32::try_from(fields.len()).map_err(|_| WRONG)?;
        let length = match head.endian {
            Endian::Little => length.to_le_bytes(),
            Endian::Big => length.to_be_bytes(),
        };
        let array = Data::new([&length[..], fields].concat(), Context::new(head.endian, HEAD - 4));
        let (list, _) = array.deserialize::<Vec<(u8, Variant<'_>)>>().map_err(|_| WRONG)?;
        let (mut answers, mut error, mut signature) = (None, None, String::new());
        for (code, value) in list {
            match (code, value) {
                (4, Variant::Str(name)) => error = Some(name.as_str().to_owned()),
                (5, Variant::U32(serial)) => answers = Some(serial),
                (8, Variant::Signature(types)) => signature = types.to_string_no_parens(),
                _ => {}
            }
        }
        let kind = match (head.kind, error) {
            (2, _) => Kind::Return,
            (3, Some(name)) => Kind::Error(name),
            (3, None) => return Err(WRONG),
            _ => Kind::Other,
        };
        let body = Data::new(body.to_vec(), Context::new(head.endian, 0));
        Ok(Self { kind, answers, signature, body })
    }

    /// Reads the words of an error, which are its first argument.
    pub(super) fn said(&self) -> Option<String> {
        if !self.signature.starts_with('s') {
            return None;
        }
        self.body.deserialize::<String>().ok().map(|(said, _)| said)
    }

    /// Reads a list of texts.
    pub(super) fn texts(&self) -> Option<Vec<String>> {
        (self.signature == "as").then(|| self.body.deserialize().ok())?.map(|(texts, _)| texts)
    }

    /// Reads the first two of four texts.
    pub(super) fn two_texts(&self) -> Option<(String, String)> {
        type Four = (String, String, String, String);
        let ((first, second, _, _), _) =
            (self.signature == "ssss").then(|| self.body.deserialize::<Four>().ok())??;
        Some((first, second))
    }

    /// Reads a number.
    pub(super) fn number(&self) -> Option<u32> {
        (self.signature == "u").then(|| self.body.deserialize().ok())?.map(|(number, _)| number)
    }
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
