//! What a container's command line tells: options whose value is a secret, and how an API server was started.
//! The words themselves are kept until they are searched for credentials, and are nothing that can be printed.

use std::collections::BTreeSet;

use serde::de::SeqAccess;

use super::shape::{Form, Shape, Take};
use super::words::{is_plain, names_secret};

/// What is told of a command line: names of options whose value is a secret, and a few options of the API server.
#[derive(Clone, Default)]
pub(super) struct Words {
    pub(super) secrets: BTreeSet<String>,
    pub(super) api_server: bool,
    pub(super) bounds_tokens: bool,
    /// Who issues tokens, where an API server is told.
    pub(super) issuer: Option<String>,
    /// It switches off that connections to pods ask for `create`.
    pub(super) connects_by_get: bool,
    /// The words after options, until they are searched.
    pub(super) texts: Vec<(String, String)>,
}

impl Shape for Words {
    const FORM: Form = Form::List;

    fn sequence<'de, A: SeqAccess<'de>>(mut sequence: A) -> Result<Self, A::Error> {
        let mut words = Self::default();
        let mut option: Option<String> = None;
        while let Some(Take(word, _)) = sequence.next_element::<Take<String>>()? {
            words.api_server |= word.ends_with("kube-apiserver");
            words.bounds_tokens |= word.starts_with("--service-account-max-token-expiration");
            words.connects_by_get |= word.contains("AuthorizePodWebsocketUpgradeCreatePermission=false");
            if let Some(issuer) = word.strip_prefix("--service-account-issuer=").filter(|_| words.issuer.is_none()) {
                words.issuer = Some(super::one_line(issuer));
            }
            let (name, given) = match word.split_once('=') {
                Some((name, given)) => (name.to_owned(), Some(given)),
                None => (word.clone(), None),
            };
            if let Some(before) = option.take()
                && !word.starts_with('-')
                && !is_plain(&word)
            {
                words.secrets.insert(before);
            }
            words.texts.push((name.clone(), given.unwrap_or(&word).to_owned()));
            let bare = name.trim_start_matches('-');
            if name.starts_with('-') && names_secret(bare) {
                match given {
                    Some(given) if !is_plain(given) => _ = words.secrets.insert(name),
                    Some(_) => {}
                    None => option = Some(name),
                }
            }
        }
        Ok(words)
    }
}
