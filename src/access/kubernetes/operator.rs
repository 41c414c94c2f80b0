//! Operators of which one part may have another act for it, as data. It guesses nothing: what is not as the table says is
//! anybody's.

use serde::Deserialize;

use crate::model::Urn;
use crate::model::wildcard::matches;

/// The operators, read from `rules/facts/kubernetes-operators.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operators {
    operator: Vec<Operator>,
}

/// An operator as it comes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operator {
    /// What it is called.
    pub name: String,
    images: Vec<String>,
    roles: Vec<String>,
}

impl Operators {
    /// Reads the table.
    ///
    /// # Errors
    /// Says line, column and what was expected.
    pub fn parse(toml: &str) -> Result<Self, String> {
        toml::from_str(toml).map_err(|error| format!("kubernetes operators: {error}"))
    }

    /// The operator that an image is a part of.
    pub fn of_image(&self, image: &str) -> Option<&Operator> {
        let name = image.split('@').next().unwrap_or(image);
        // What follows a colon and has a slash in it is no tag: the colon is before the port of a registry.
        let name = name.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).map_or(name, |(name, _)| name);
        let is_it =
            |end: &String| name.strip_suffix(end.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'));
        self.operator.iter().find(|one| one.images.iter().any(is_it))
    }
}

impl Operator {
    /// Whether a role is one of its own.
    pub fn has_role(&self, role: &Urn) -> bool {
        let name = role.as_str().rsplit('/').next().unwrap_or_default();
        self.roles.iter().any(|pattern| matches(pattern, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_operators_are_known_by_their_images() {
        let operators = Operators::parse(crate::embedded::facts("kubernetes-operators")).expect("the table");
        let name = |image: &str| operators.of_image(image).map(|one| one.name.as_str());
        assert_eq!(name("ghcr.io/fluxcd/helm-controller:v1.4.0"), Some("Flux"));
        assert_eq!(name("registry.example:5000/mirror/fluxcd/source-controller@sha256:00ff"), Some("Flux"));
        assert_eq!(name("registry.example:5000/fluxcd/source-controller"), Some("Flux"));
        assert_eq!(name("fluxcd/source-controller"), Some("Flux"));
        assert_eq!(name("ghcr.io/mine/kustomize-controller:v1"), None);
        assert_eq!(name("ghcr.io/notfluxcd/helm-controller:v1"), None);
    }
}
