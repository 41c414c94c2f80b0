//! Reads lists of API keys as their providers give them: names, owners and states, and the beginning and end of each key,
//! which are kept as a keyed fingerprint alone. Asks nobody.
//!
//! Sources: Anthropic Admin API, "List API keys" (`partial_key_hint`); OpenAI API reference, "Project API keys" and "Admin
//! API keys" (`redacted_value`); GitHub REST API, "List SAML SSO authorizations for an organization" (`token_last_eight`).

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use serde::Deserialize;

use super::found::hint_print;
use super::{CollectError, Collector, Context, Sink};
use crate::model::{
    AttributeName, Attributes, CoverageEntry, Evidence, FactKind, Location, Outcome, Record, Setting, SettingKind, Urn,
};

const NAME: &str = "keys";
const WHAT: &str = "list of API keys";

/// The largest file that is read, in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Reads lists of API keys.
pub struct Keys {
    paths: Vec<PathBuf>,
}

impl Keys {
    /// A collector for these answers of providers.
    pub fn new(paths: Vec<PathBuf>) -> Self {
        Self { paths }
    }
}

/// A page of any of the lists; GitHub's is a bare array.
#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    Page {
        data: Vec<Key>,
        #[serde(default)]
        has_more: bool,
    },
    List(Vec<Key>),
}

/// One key, as any of the providers writes it. Whole values are in none of the answers.
#[derive(Deserialize)]
struct Key {
    #[serde(default, alias = "credential_id")]
    id: Option<serde_json::Value>,
    #[serde(default, alias = "login")]
    name: Option<String>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    partial_key_hint: Option<String>,
    #[serde(default)]
    redacted_value: Option<String>,
    #[serde(default)]
    token_last_eight: Option<String>,
}

impl Key {
    /// The provider, the credential's kind, and the beginning and end that are shown.
    fn hint(&self) -> Option<(&'static str, &'static str, &str, &str)> {
        if let Some(hint) = &self.partial_key_hint {
            let (head, tail) = hint.split_once("...")?;
            return Some(("anthropic", "anthropic.key", head, tail));
        }
        if let Some(shown) = &self.redacted_value {
            let tail = shown.rsplit(['.', '*']).next()?;
            return Some(("openai", "openai.key", "", tail));
        }
        self.token_last_eight.as_ref().map(|tail| ("github", "github.token", "", tail.as_str()))
    }

    fn id(&self) -> Option<String> {
        match self.id.as_ref()? {
            serde_json::Value::String(id) => Some(id.clone()),
            serde_json::Value::Number(id) => Some(id.to_string()),
            _ => None,
        }
    }
}

#[async_trait]
impl Collector for Keys {
    fn name(&self) -> &'static str {
        NAME
    }

    fn facts(&self) -> &'static [FactKind] {
        &[]
    }

    fn targets(&self) -> Vec<String> {
        self.paths.iter().map(|path| path.to_string_lossy().into_owned()).collect()
    }

    async fn collect(&self, target: &str, context: &Context, sink: &Sink) -> Result<(), CollectError> {
        let bytes = read(Path::new(target)).map_err(|error| CollectError::failed(WHAT, error))?;
        let answer: Answer = serde_json::from_slice(&bytes).map_err(|_| {
            // The parser's words may quote what stands there.
            CollectError::failed(WHAT, format!("{target}: it is no answer of Anthropic, OpenAI or GitHub that lists keys"))
                .with_remedy("give the JSON of GET /v1/organizations/api_keys (Anthropic), /v1/organization/projects/ID/api_keys (OpenAI) or /orgs/ORG/credential-authorizations (GitHub)")
        })?;
        let (keys, has_more) = match answer {
            Answer::Page { data, has_more } => (data, has_more),
            Answer::List(list) => (list, false),
        };
        let (mut count, mut silent) = (0_u64, 0_u64);
        for (number, key) in keys.iter().enumerate() {
            match setting(key, number, target, context) {
                Some(setting) => {
                    count += 1;
                    sink.send(Record::Setting(setting)).await?;
                }
                None => silent += 1,
            }
        }
        let why = match (has_more, silent) {
            (true, _) => Some("it is one page of several; the others were not given".to_owned()),
            (_, 0) => None,
            (_, some) => Some(format!("{some} keys are shown with too little of their ends to be told")),
        };
        let entry = match why {
            Some(why) => CoverageEntry::hole(NAME, target, WHAT, Outcome::Partial, why).count(count),
            None => CoverageEntry::complete(NAME, target, WHAT, count),
        };
        sink.send(Record::Coverage(entry)).await
    }
}

/// A key of a list; none where too little of it is shown.
fn setting(key: &Key, number: usize, target: &str, context: &Context) -> Option<Setting> {
    let (provider, kind, head, tail) = key.hint()?;
    let print = hint_print(kind, head, tail, &context.fingerprint_key)?;
    let id = key.id().unwrap_or_else(|| format!("{}", number + 1));
    let mut attributes = Attributes::default().with(AttributeName::HintPrint, print.as_str());
    attributes.set(AttributeName::KeyKind, kind);
    if let Some(status) = &key.status {
        attributes.set(AttributeName::KeyStatus, status.as_str());
    }
    let location = Location::Export { file: target.into(), object: id.as_str().into() };
    Some(Setting {
        id: Urn::new(format!("key:{provider}/{id}")),
        kind: SettingKind::ListedKey,
        tenant: provider.to_owned(),
        name: key.name.clone().unwrap_or_else(|| id.clone()),
        part_of: None,
        labels: Default::default(),
        attributes,
        evidence: Evidence { observed: context.now, collector: NAME.into(), location },
    })
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(std::io::Error::other(format!("larger than {LARGEST} bytes, which no list of keys is")));
    }
    Ok(bytes)
}
