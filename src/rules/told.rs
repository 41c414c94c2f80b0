//! What a rule tells of itself: to reports, and to whoever compares it with itself of another day. Judges nothing.

use super::load::Rule;
use crate::model::RuleInfo;

impl Rule {
    /// What a report needs to know of it.
    pub fn info(&self) -> RuleInfo {
        RuleInfo {
            id: self.id.to_string(),
            digest: self.digest(),
            title: self.title.to_string(),
            severity: self.severity,
            why: self.why.clone(),
            remedy: self.remedy.general(),
            maps: self.maps.to_vec(),
        }
    }

    /// A digest of what it asks: its subject, its expression and its parameters, not of its words.
    pub fn digest(&self) -> String {
        let mut digest = blake3::Hasher::new();
        let mut add = |text: &str| {
            digest.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
        };
        add(self.subject.as_str());
        add(self.when());
        for (name, value) in self.parameters() {
            add(&name);
            add(&value);
        }
        digest.finalize().to_hex()[..16].to_owned()
    }

    /// The expression, as written.
    pub fn when(&self) -> &str {
        self.program.source_info().source.trim()
    }

    /// Its parameters with their values.
    pub fn parameters(&self) -> Vec<(String, String)> {
        self.params.iter().map(|(name, value)| (name.clone(), value.to_string())).collect()
    }

    /// Whether its expression or its message asks for a field.
    pub fn reads(&self, field: &str) -> bool {
        self.touched.iter().any(|(_, name)| name == field)
    }
}
