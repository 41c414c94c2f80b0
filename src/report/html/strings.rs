//! The texts of the data part, each once, and JSON that can stand within a page. Nothing enters it uncleaned.

use std::collections::HashMap;
use std::io::{self, Write};
use std::rc::Rc;

use serde::{Serialize, Serializer};
use serde_json::ser::{CompactFormatter, Formatter};

use crate::report::escape::clean;

/// A text, by its place in the list of texts. 0 is the empty text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub(super) struct Text(u32);

/// Every text once: most of a large report is the same few thousand texts.
pub(super) struct Strings {
    texts: Vec<Rc<str>>,
    places: HashMap<Rc<str>, u32>,
}

impl Strings {
    pub(super) fn new() -> Self {
        let empty: Rc<str> = Rc::from("");
        Self { texts: vec![Rc::clone(&empty)], places: HashMap::from([(empty, 0)]) }
    }

    /// The text, in one line and with nothing in it that acts on a reader.
    pub(super) fn text(&mut self, text: &str) -> Text {
        let text = clean(text);
        if let Some(place) = self.places.get(text.as_ref()) {
            return Text(*place);
        }
        let place = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        let text: Rc<str> = Rc::from(text.as_ref());
        self.texts.push(Rc::clone(&text));
        self.places.insert(text, place);
        Text(place)
    }

    /// Several texts.
    pub(super) fn texts<T: AsRef<str>>(&mut self, texts: impl IntoIterator<Item = T>) -> Vec<Text> {
        texts.into_iter().map(|text| self.text(text.as_ref())).collect()
    }
}

impl Serialize for Strings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.texts.iter().map(AsRef::as_ref))
    }
}

/// Writes JSON that neither ends the element it stands in nor starts another: `<`, `>`, `&` and what some readers take
/// for an end of line are written as `\u….`.
pub(super) fn json(value: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    value.serialize(&mut serde_json::Serializer::with_formatter(out, WithinPage))?;
    Ok(())
}

struct WithinPage;

impl Formatter for WithinPage {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut compact = CompactFormatter;
        let mut rest = fragment;
        while let Some(at) = rest.find(['<', '>', '&', '\u{2028}', '\u{2029}']) {
            let (before, after) = rest.split_at(at);
            compact.write_string_fragment(writer, before)?;
            let mut letters = after.chars();
            if let Some(letter) = letters.next() {
                write!(writer, "\\u{:04x}", u32::from(letter))?;
            }
            rest = letters.as_str();
        }
        compact.write_string_fragment(writer, rest)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(value: &impl Serialize) -> String {
        let mut out = Vec::new();
        json(value, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_text_is_kept_once_and_cleaned() {
        let mut strings = Strings::new();
        assert_eq!(strings.texts(["", "a", "b\u{202e}", "a"]), [Text(0), Text(1), Text(2), Text(1)]);
        assert_eq!(written(&strings), r#"["","a","b\\u{202e}"]"#);
    }

    #[test]
    fn nothing_ends_the_element() {
        assert_eq!(written(&"</script><!--&\u{2028}"), r#""\u003c/script\u003e\u003c!--\u0026\u2028""#);
    }

    proptest! {
        #[test]
        fn json_means_the_same_and_holds_no_markup(text in any::<String>()) {
            let html = written(&text);
            let acts = html.contains(['<', '>', '&', '\u{2028}', '\u{2029}']);
            prop_assert!(!acts);
            prop_assert_eq!(serde_json::from_str::<String>(&html).unwrap(), text);
        }
    }
}
