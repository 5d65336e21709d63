//! Writing XML answers.

use std::fmt::Display;
use std::fmt::Write as _;

/// An answer under construction. Elements are closed by the closure's end, so that none can be
/// left open.
#[derive(Debug, Default)]
pub(crate) struct Xml {
    text: String,
}

impl Xml {
    pub(crate) fn document(root: &str, namespace: &str, content: impl FnOnce(&mut Self)) -> String {
        let mut xml = Self::default();
        let _ = write!(
            xml.text,
            "<?xml version=\"1.0\"?>\n<{root} xmlns=\"{namespace}\">"
        );
        content(&mut xml);
        let _ = writeln!(xml.text, "</{root}>");
        xml.text
    }

    pub(crate) fn element(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        let _ = write!(self.text, "<{name}>");
        content(self);
        let _ = write!(self.text, "</{name}>");
    }

    /// Adds what has been written elsewhere.
    pub(crate) fn append(&mut self, content: &Self) {
        self.text.push_str(&content.text);
    }

    pub(crate) fn leaf(&mut self, name: &str, value: impl Display) {
        let _ = write!(self.text, "<{name}>");
        escape(&mut self.text, &value.to_string());
        let _ = write!(self.text, "</{name}>");
    }

    /// An element only where there is a value, as RDS leaves out what is not set.
    pub(crate) fn optional(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.leaf(name, value);
        }
    }

    pub(crate) fn list<T>(
        &mut self,
        name: &str,
        member: &str,
        items: impl IntoIterator<Item = T>,
        mut content: impl FnMut(&mut Self, T),
    ) {
        self.element(name, |xml| {
            for item in items {
                xml.element(member, |xml| content(xml, item));
            }
        });
    }

    pub(crate) fn texts<T: Display>(
        &mut self,
        name: &str,
        member: &str,
        items: impl IntoIterator<Item = T>,
    ) {
        self.element(name, |xml| {
            for item in items {
                xml.leaf(member, item);
            }
        });
    }
}

fn escape(into: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '"' => into.push_str("&quot;"),
            '\r' => into.push_str("&#xD;"),
            '\t' | '\n' => into.push(character),
            // XML 1.0 has no way to write these.
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => into.push('\u{fffd}'),
            _ => into.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_control_characters_are_replaced() {
        let xml = Xml::document("A", "n", |xml| xml.leaf("B", "<&>\"\u{1}\n"));
        assert_eq!(
            xml,
            "<?xml version=\"1.0\"?>\n<A xmlns=\"n\"><B>&lt;&amp;&gt;&quot;\u{fffd}\n</B></A>\n"
        );
    }
}
