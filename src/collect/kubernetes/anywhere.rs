//! What a custom resource names anywhere inside of a field that we do not know: service accounts, images, texts.
//! It gives none of it a meaning.

use std::collections::BTreeSet;

use serde::de::{MapAccess, SeqAccess};

use super::shape::{Form, Shape, Take, next_key};

/// Service accounts and images named anywhere inside of a value.
#[derive(Clone, Default)]
pub(super) struct Anywhere {
    pub(super) accounts: BTreeSet<String>,
    pub(super) images: BTreeSet<String>,
    /// The value itself, where it is a short text.
    pub(super) text: String,
    /// What a field `name` says.
    name: String,
    /// Texts with the names of their fields, until they are searched.
    pub(super) texts: Vec<(String, String)>,
}

/// Names that are kept of one object.
const MOST: usize = 100;

impl Anywhere {
    pub(super) fn merge(&mut self, other: Self, key: &str) {
        match key {
            "serviceAccountName" | "serviceAccount" => _ = self.accounts.insert(other.text),
            "image" => _ = self.images.insert(other.text),
            // As External Secrets and others refer to one: `serviceAccountRef: {name: …}`.
            "serviceAccountRef" => _ = self.accounts.insert(other.name),
            "name" => self.name = other.text,
            _ if !other.text.is_empty() => self.texts.push((key.to_owned(), other.text)),
            _ => {}
        }
        let room = MOST.saturating_sub(self.texts.len());
        self.texts.extend(other.texts.into_iter().take(room));
        let room = MOST.saturating_sub(self.accounts.len());
        self.accounts.extend(other.accounts.into_iter().filter(|name| !name.is_empty()).take(room));
        let room = MOST.saturating_sub(self.images.len());
        self.images.extend(other.images.into_iter().take(room));
    }
}

// The parsers bound how deep a document may be.
impl Shape for Anywhere {
    const FORM: Form = Form::Text;

    fn text(text: &str) -> Self {
        // Names and images are short; what is longer may be anything.
        let text = if text.len() <= 253 { text.to_owned() } else { String::new() };
        Self { text, ..Self::default() }
    }

    fn map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut all = Self::default();
        while let Some(key) = next_key(&mut map)? {
            all.merge(map.next_value::<Take<Self>>()?.0, &key);
        }
        Ok(all)
    }

    fn sequence<'de, A: SeqAccess<'de>>(mut sequence: A) -> Result<Self, A::Error> {
        let mut all = Self::default();
        while let Some(Take(one, _)) = sequence.next_element::<Take<Self>>()? {
            all.merge(one, "");
        }
        Ok(all)
    }
}
