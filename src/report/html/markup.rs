//! Writes HTML in which nothing of the world can be more than text: names of elements and attributes are literals, all
//! else is cleaned and escaped here. Knows nothing of findings.

use crate::report::escape::{clean, flow_short};

/// Longer prose is cut on the first view, and said to be.
const LONGEST: usize = 600;

/// The attributes of an element. Names are literals of this program; values may come from anywhere.
pub(super) type Attributes<'a> = &'a [(&'static str, &'a str)];

/// A piece of a page.
#[derive(Default)]
pub(super) struct Markup(String);

impl Markup {
    /// Starts an element.
    pub(super) fn open(&mut self, name: &'static str, attributes: Attributes<'_>) -> &mut Self {
        self.0.push('<');
        self.0.push_str(name);
        for (attribute, value) in attributes {
            self.0.push(' ');
            self.0.push_str(attribute);
            self.0.push_str("=\"");
            escape(value, &mut self.0);
            self.0.push('"');
        }
        self.0.push('>');
        self
    }

    /// Ends an element.
    pub(super) fn close(&mut self, name: &'static str) -> &mut Self {
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
        // Lines, so that two reports can be compared. Within a line of text it would be a space too many.
        if !matches!(name, "a" | "span" | "strong" | "code" | "small") {
            self.0.push('\n');
        }
        self
    }

    /// Text of any origin.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        escape(text, &mut self.0);
        self
    }

    /// Prose of any origin: in one line, and of a length that is read.
    pub(super) fn prose(&mut self, text: &str) -> &mut Self {
        self.text(&flow_short(text, LONGEST))
    }

    /// An element that holds prose alone.
    pub(super) fn element(&mut self, name: &'static str, attributes: Attributes<'_>, text: &str) -> &mut Self {
        self.open(name, attributes).prose(text).close(name)
    }

    /// A part of the page that this program wrote, as it is.
    pub(super) fn literal(&mut self, text: &'static str) -> &mut Self {
        self.0.push_str(text);
        self
    }

    /// The page as text.
    pub(super) fn into_string(self) -> String {
        self.0
    }
}

/// Characters that act on a reader become visible, those that HTML could take for its own become references.
fn escape(text: &str, out: &mut String) {
    for c in clean(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}

/// A part of an address after `#`: all but letters, digits and `-._~` as `%XX` of its UTF-8.
pub(super) fn percent(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => safe.push(char::from(byte)),
            byte => safe.push_str(&format!("%{byte:02X}")),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn strangers_place_no_markup() {
        let mut page = Markup::default();
        let name = "\"><script>alert('1')</script>&amp;\u{202e}\x1b[2J";
        page.element("a", &[("href", name)], name);
        let safe = "&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;amp;\\u{202e}\\u{1b}[2J";
        assert_eq!(page.into_string(), format!("<a href=\"{safe}\">{safe}</a>"));
        assert_eq!(percent("a/b č#?"), "a%2Fb%20%C4%8D%23%3F");
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_text(text in any::<String>()) {
            let mut page = Markup::default();
            page.text(&text);
            let html = page.into_string();
            prop_assert!(!html.contains(['<', '>', '"', '\'']));
            prop_assert!(!html.chars().any(char::is_control));
            prop_assert!(percent(&text).bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)));
        }
    }
}
