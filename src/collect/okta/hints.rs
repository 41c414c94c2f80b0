//! The editable lists by which names are recognised: AI apps, and users that are machines. Data in, yes or no out.

use serde::Deserialize;

use super::answer::{App, User};

/// `rules/facts/okta.toml`, with what the configuration adds.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hints {
    ai_apps: Vec<String>,
    service_user_prefixes: Vec<String>,
    service_user_types: Vec<String>,
}

impl Hints {
    /// Reads the lists, and adds names of AI apps from the configuration.
    ///
    /// # Errors
    /// The parser's message with its place.
    pub fn parse(text: &str, more_ai_apps: &[String]) -> Result<Self, String> {
        let mut hints: Self = toml::from_str(text).map_err(|error| format!("facts/okta.toml: {error}"))?;
        hints.ai_apps.extend(more_ai_apps.iter().cloned());
        for list in [&mut hints.ai_apps, &mut hints.service_user_prefixes, &mut hints.service_user_types] {
            list.iter_mut().for_each(|name| *name = name.to_lowercase());
        }
        Ok(hints)
    }

    /// Whether people use AI by this app: its label or its name in Okta's catalogue holds one of the names as whole words.
    pub(super) fn is_ai(&self, app: &App) -> bool {
        self.ai_apps.iter().any(|name| has_words(&app.label, name) || has_words(&app.name, name))
    }

    /// Whether a machine uses this user.
    pub(super) fn is_service(&self, user: &User) -> bool {
        let login = user.profile.login.to_lowercase();
        let kind = user.profile.user_type.as_deref().unwrap_or_default().to_lowercase();
        self.service_user_prefixes.iter().any(|prefix| login.starts_with(prefix.as_str()))
            || self.service_user_types.contains(&kind)
    }
}

/// Whether a text holds words as they stand, not as part of others. `_` and `-` join words no more than a blank does.
fn has_words(text: &str, words: &str) -> bool {
    let plain = |text: &str| {
        let spaced: String =
            text.to_lowercase().chars().map(|letter| if letter.is_alphanumeric() { letter } else { ' ' }).collect();
        format!(" {} ", spaced.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    let words = plain(words);
    words.trim() != "" && plain(text).contains(&words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_whole_words() {
        assert!(has_words("ChatGPT Enterprise", "chatgpt"));
        assert!(has_words("google_gemini_app", "Google Gemini"));
        assert!(!has_words("Geminids observatory", "gemini"));
        assert!(!has_words("anything", ""));
    }
}
