//! Changing a document in place: what is not changed stays as it was, in its order.

use crate::task::document::Node;

impl Node {
    /// Makes an object of these entries.
    pub(crate) fn object<const N: usize>(entries: [(&str, Node); N]) -> Self {
        Self::Object(entries.into_iter().map(|(key, node)| (key.to_owned(), node)).collect())
    }

    /// Makes text.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Returns the value of a key of an object.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        let Self::Object(entries) = self else { return None };
        entries.iter().find(|(known, _)| known == key).map(|(_, node)| node)
    }

    /// Returns the value of a key of an object, to be changed.
    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        let Self::Object(entries) = self else { return None };
        entries.iter_mut().find(|(known, _)| known == key).map(|(_, node)| node)
    }

    /// Gives a key of an object a value: in its place where there is one, and else behind the last of
    /// the keys that come before it in `order`.
    pub(crate) fn set(&mut self, key: &str, value: Node, order: &[&str]) {
        if let Some(place) = self.get_mut(key) {
            *place = value;
            return;
        }
        let Self::Object(entries) = self else { return };
        let rank = |key: &str| order.iter().position(|known| *known == key);
        let own = rank(key);
        let at = entries.iter().rposition(|(known, _)| rank(known) < own).map_or(0, |at| at + 1);
        entries.insert(at, (key.to_owned(), value));
    }

    /// Takes a key out of an object.
    pub(crate) fn remove(&mut self, key: &str) {
        if let Self::Object(entries) = self {
            entries.retain(|(known, _)| known != key);
        }
    }

    /// Writes the document for people: two spaces a level, and a line end.
    pub(crate) fn pretty(&self) -> String {
        // a tree of text, numbers and keys of text: nothing in it can fail
        serde_json::to_string_pretty(self).map(|text| text + "\n").unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use crate::task::document::{Node, parse};

    fn read(text: &str) -> Node {
        parse(text.as_bytes()).0.unwrap()
    }

    #[test]
    fn a_document_is_written_as_it_was_read() {
        let text = "{\n  \"z\": 1,\n  \"a\": [\n    true,\n    null,\n    -1.5,\n    \"ü\\n\\\"\"\n  ],\n  \"m\": {}\n}\n";
        assert_eq!(read(text).pretty(), text);
    }

    #[test]
    fn a_value_takes_the_place_of_the_old_one_and_a_new_one_its_place_in_the_order() {
        let mut node = read(r#"{"tls": 1, "to": 2, "subject": 3}"#);
        let order = ["when", "to", "account", "tls", "subject"];
        node.set("to", Node::text("x"), &order);
        node.set("when", Node::Null, &order);
        node.set("account", Node::Null, &order);
        let Node::Object(entries) = &node else { panic!("{node:?}") };
        let keys: Vec<&str> = entries.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["when", "tls", "to", "account", "subject"]);
        node.remove("tls");
        assert_eq!((node.get("tls"), node.get("to")), (None, Some(&Node::text("x"))));
    }
}
