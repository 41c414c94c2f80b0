//! What a custom resource names anywhere inside of a field that we do not know: service accounts, images, texts.
//! It gives none of it a meaning.

use std::collections::BTreeSet;

use serde::de::{MapAccess, SeqAccess};

use super::shape::{Form, Shape, Take, next_key};

/// Service accounts and images named anywhere inside of a value.
#[derive(Clone, Default)]
pub(super) struct Anywhere {
    /// As namespace/name where a namespace is said beside them.
    pub(super) accounts: BTreeSet<String>,
    pub(super) images: BTreeSet<String>,
    /// The value itself, where it is a short text.
    pub(super) text: String,
    /// What the fields `name` and `namespace` say.
    name: String,
    namespace: String,
    /// Texts with the names of their fields, until they are searched.
    pub(super) texts: Vec<(String, String)>,
}

/// Names that are kept of one object.
const MOST: usize = 100;

/// Texts that are searched of one object, and how long one may be.
const MOST_LINES: usize = 1000;
const LONGEST: usize = 4096;

impl Anywhere {
    pub(super) fn merge(&mut self, other: Self, key: &str) {
        match key {
            "image" => _ = self.images.insert(other.text),
            "name" => self.name = other.text,
            "namespace" => self.namespace = other.text,
            // `serviceAccountTemplate: {metadata: {name: …}}`
            "metadata" if self.name.is_empty() => (self.name, self.namespace) = (other.name, other.namespace),
            _ if names_account(key) => self.account(&other),
            _ if !other.text.is_empty() => self.texts.push((key.to_owned(), other.text)),
            _ => {}
        }
        let room = MOST_LINES.saturating_sub(self.texts.len());
        self.texts.extend(other.texts.into_iter().take(room));
        let room = MOST.saturating_sub(self.accounts.len());
        self.accounts.extend(other.accounts.into_iter().filter(|name| !name.is_empty()).take(room));
        let room = MOST.saturating_sub(self.images.len());
        self.images.extend(other.images.into_iter().take(room));
    }
}

impl Anywhere {
    /// A service account that a field names: as `name`, `namespace:name`, or `{name: …, namespace: …}`, as External Secrets,
    /// Argo CD and others do.
    fn account(&mut self, named: &Self) {
        let text = named.text.strip_prefix("system:serviceaccount:").unwrap_or(&named.text);
        let account = match (text.split_once(':'), named.namespace.as_str()) {
            (Some((namespace, name)), _) => format!("{namespace}/{name}"),
            (None, "") if text.is_empty() => named.name.clone(),
            (None, "") => text.to_owned(),
            (None, namespace) => format!("{namespace}/{}", named.name),
        };
        self.accounts.insert(account);
    }

    /// Gives the namespace that is said here to the service accounts that are named beside it.
    pub(super) fn settle(&mut self) {
        if self.namespace.is_empty() {
            return;
        }
        let accounts = std::mem::take(&mut self.accounts).into_iter();
        self.accounts = accounts
            .map(|name| if name.contains('/') || name.is_empty() { name } else { format!("{}/{name}", self.namespace) })
            .collect();
    }
}

/// Whether a field names a service account: `serviceAccountName`, `defaultServiceAccount`, `serviceAccountRef` …
fn names_account(key: &str) -> bool {
    let lower = key.to_ascii_lowercase();
    ["serviceaccount", "serviceaccountname", "serviceaccountref", "serviceaccounttemplate"]
        .iter()
        .any(|ending| lower.ends_with(ending))
}

// The parsers bound how deep a document may be.
impl Shape for Anywhere {
    const FORM: Form = Form::Text;

    fn text(text: &str) -> Self {
        // Names and images are short; what is longer, or has several lines, may be anything: the values of a chart, a settings file.
        if text.len() <= 253 && !text.contains('\n') {
            return Self { text: text.to_owned(), ..Self::default() };
        }
        let lines = text.lines().filter(|line| line.trim().len() > 3 && line.len() <= LONGEST).take(MOST_LINES);
        Self { texts: lines.map(|line| ("text".to_owned(), line.trim().to_owned())).collect(), ..Self::default() }
    }

    fn map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut all = Self::default();
        while let Some(key) = next_key(&mut map)? {
            all.merge(map.next_value::<Take<Self>>()?.0, &key);
        }
        all.settle();
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
