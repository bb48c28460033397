//! The values of an Accounts database: each is a property list that `NSKeyedArchiver` wrote.
//!
//! An archive is a flat list of objects (`$objects`) that name each other by number, and the
//! number of the first (`$top.root`). Scalars stand in the list as they are; an array, dictionary
//! or mutable string is a dictionary with keys such as `NS.objects`. In a property list the
//! numbers are of a type of their own; here they are plain integers, and the place tells.
//!
//! Objects may name each other in circles, or one another so often that a small file unfolds into
//! a large one: what is unfolded is bounded by the size of the file.

use crate::accounts::mail::property_list::{Node, parse, parse_at_most};

/// How deep objects may lie within each other; Apple's lie four deep.
const MOST_DEPTH: usize = 16;

/// Reads an archive, or a plain property list; none is the archive of nothing, and that of a class
/// which says nothing here.
pub(super) fn read(bytes: &[u8]) -> Result<Option<Node>, String> {
    let node = list(bytes)?;
    let (Some(top), Some(Node::Array(objects))) = (node.get("$top"), node.get("$objects")) else {
        return Ok(Some(node));
    };
    let Some(Node::Integer(root)) = top.get("root") else {
        return Err("the archive has no first object".to_owned());
    };
    let left = bytes.len().saturating_mul(16).saturating_add(1024);
    Archive { objects, open: Vec::new(), left }.object(*root)
}

/// Reads the property list under an archive.
///
/// It has no more values than bytes: a value takes one, and a reference to it another. A thousand
/// small ones that each unfold into a million values would be as bad as a large one.
fn list(bytes: &[u8]) -> Result<Node, String> {
    match bytes.len() {
        ..=256 => parse_at_most::<256>(bytes),
        257..=4_096 => parse_at_most::<4_096>(bytes),
        4_097..=65_536 => parse_at_most::<65_536>(bytes),
        _ => parse(bytes),
    }
}

#[derive(Debug)]
struct Archive<'a> {
    objects: &'a [Node],
    /// The objects that are being unfolded, from the outermost.
    open: Vec<usize>,
    /// How many values and bytes of text may still be unfolded.
    left: usize,
}

impl Archive<'_> {
    /// Unfolds the object with this number.
    fn object(&mut self, number: i64) -> Result<Option<Node>, String> {
        let index = usize::try_from(number).map_err(|_| NO_OBJECT)?;
        let node = self.objects.get(index).ok_or(NO_OBJECT)?;
        if self.open.contains(&index) {
            return Err("the archive refers to itself".to_owned());
        }
        if self.open.len() >= MOST_DEPTH {
            return Err("the archive is nested too deeply".to_owned());
        }
        self.pay(1)?;
        self.open.push(index);
        let value = self.unfold(node);
        self.open.pop();
        value
    }

    fn unfold(&mut self, node: &Node) -> Result<Option<Node>, String> {
        match node {
            Node::Text(text) if text == "$null" => Ok(None),
            Node::Text(text) => self.text(text),
            Node::Integer(_) | Node::Real(_) | Node::Boolean(_) => Ok(Some(node.clone())),
            Node::Dictionary(_) => self.instance(node),
            Node::Array(_) | Node::Data(_) => Ok(None),
        }
    }

    /// Unfolds an object of a class; which, its keys tell.
    fn instance(&mut self, node: &Node) -> Result<Option<Node>, String> {
        if let Some(Node::Array(values)) = node.get("NS.objects") {
            let Some(keys) = node.get("NS.keys") else {
                let values = self.objects(values)?;
                return Ok(Some(Node::Array(values.into_iter().flatten().collect())));
            };
            let Node::Array(keys) = keys else { return Ok(None) };
            if keys.len() != values.len() {
                return Err("a dictionary of the archive has more keys than values, or fewer".to_owned());
            }
            let (keys, values) = (self.objects(keys)?, self.objects(values)?);
            let named = keys.into_iter().zip(values).filter_map(|(key, value)| match key {
                Some(Node::Text(key)) => Some((key.into(), value?)),
                _ => None,
            });
            return Ok(Some(Node::Dictionary(named.collect())));
        }
        match node.get("NS.string") {
            Some(Node::Text(text)) => self.text(text),
            Some(Node::Integer(number)) => self.object(*number),
            _ => Ok(None),
        }
    }

    fn objects(&mut self, numbers: &[Node]) -> Result<Vec<Option<Node>>, String> {
        let object = |number: &Node| match number {
            Node::Integer(number) => self.object(*number),
            _ => Err(NO_OBJECT.to_owned()),
        };
        numbers.iter().map(object).collect()
    }

    fn text(&mut self, text: &str) -> Result<Option<Node>, String> {
        self.pay(text.len())?;
        Ok(Some(Node::Text(text.to_owned())))
    }

    fn pay(&mut self, cost: usize) -> Result<(), String> {
        self.left = self.left.checked_sub(cost).ok_or("the archive unfolds into too much")?;
        Ok(())
    }
}

const NO_OBJECT: &str = "the archive refers to an object that it does not hold";
