//! What to type to replace or end a credential: text for a person, from `rules/facts/runbooks.toml`. Runs nothing.

use serde::Deserialize;

use crate::embedded;
use crate::inventory::Inventory;
pub(super) use crate::model::shell_word as quoted;
use crate::model::{Credential, CredentialKind, Identity};

/// The commands of every kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Runbooks {
    credential: Vec<Commands>,
    identity: Vec<Commands>,
}

/// The commands of some kinds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Commands {
    kinds: Vec<String>,
    /// Of identities of these kinds alone; empty: of all.
    #[serde(default)]
    holders: Vec<String>,
    make: Option<String>,
    watch: Option<String>,
    stop: Option<String>,
    undo: Option<String>,
    delete: Option<String>,
    keyless: Option<String>,
}

/// The commands for one credential or identity, filled in.
#[derive(Debug, Default)]
pub(super) struct Runbook {
    pub(super) make: Option<String>,
    pub(super) watch: Option<String>,
    pub(super) stop: Option<String>,
    pub(super) undo: Option<String>,
    pub(super) delete: Option<String>,
    pub(super) keyless: Option<String>,
}

impl Runbooks {
    /// Reads the table.
    ///
    /// # Errors
    /// The parser's message.
    pub(super) fn load() -> Result<Self, String> {
        toml::from_str(embedded::facts("runbooks")).map_err(|error| format!("rules/facts/runbooks.toml: {error}"))
    }

    pub(super) fn of_credential(&self, credential: &Credential, inventory: &Inventory) -> Runbook {
        let identity = inventory.identities.get(&credential.holder);
        let holder = identity.map_or(credential.holder.as_str(), |one| &one.name);
        let kinds = (credential.kind.as_str(), identity.map_or("", |one| one.kind.as_str()));
        let mut words = Words::new(&credential.name, holder, &credential.tenant);
        if let Some(list) = list_of(credential) {
            words.name_is_not_known(list);
        }
        fill(&self.credential, kinds, &words)
    }

    pub(super) fn of_identity(&self, identity: &Identity) -> Runbook {
        fill(
            &self.identity,
            (identity.kind.as_str(), ""),
            &Words::new(&identity.name, &identity.name, &identity.tenant),
        )
    }
}

/// The command that lists a credential of which only the credential report is known, which has no ids.
fn list_of(credential: &Credential) -> Option<&'static str> {
    let is_named = credential.id.as_str().starts_with("aws:");
    match credential.kind {
        CredentialKind::AwsAccessKey if !is_named => Some("aws iam list-access-keys"),
        CredentialKind::AwsSigningCertificate if !is_named => Some("aws iam list-signing-certificates"),
        _ => None,
    }
}

fn fill(table: &[Commands], (kind, holder): (&str, &str), words: &Words) -> Runbook {
    let is_of = |one: &&Commands| {
        let is_held = one.holders.is_empty() || one.holders.iter().any(|known| known == holder);
        is_held && one.kinds.iter().any(|known| known == kind)
    };
    let Some(commands) = table.iter().find(is_of) else {
        return Runbook::default();
    };
    let fill = |text: &Option<String>| {
        let text = text.as_ref()?;
        let note = if text.contains("{context}") { words.note.as_str() } else { "" };
        let of_name = if text.contains("{name}") { words.of_name.as_str() } else { "" };
        Some(format!("{}{note}{of_name}", words.fill(text)))
    };
    Runbook {
        make: fill(&commands.make),
        watch: fill(&commands.watch),
        stop: fill(&commands.stop),
        undo: fill(&commands.undo),
        delete: fill(&commands.delete),
        keyless: commands.keyless.clone(),
    }
}

/// What the placeholders stand for.
struct Words {
    words: [(&'static str, String); 5],
    /// What is to be said behind a command that names no context.
    note: String,
    /// What is to be said behind a command with a name that has to be looked up.
    of_name: String,
}

/// The name of a cluster as its context in a kubeconfig has it; none where that cannot be told. In names of clusters `:` stands
/// for `/`; `aws eks update-kubeconfig` calls contexts by the ARN.
pub(super) fn context(cluster: &str) -> Option<String> {
    match cluster.rsplit_once(":cluster:") {
        Some((head, name)) if head.starts_with("arn:") && head.contains(":eks:") => {
            Some(format!("{head}:cluster/{name}"))
        }
        _ => (!cluster.contains(':')).then(|| cluster.to_owned()),
    }
}

impl Words {
    fn new(name: &str, holder: &str, tenant: &str) -> Self {
        let (namespace, short) = name.split_once('/').unwrap_or(("", name));
        let holder = holder.rsplit('/').next().unwrap_or(holder);
        let context = context(tenant);
        let note = match context {
            Some(_) => String::new(),
            None => format!("   # in the context of cluster {tenant}"),
        };
        let words = [
            ("{name}", quoted(name)),
            ("{holder}", quoted(holder)),
            ("{namespace}", quoted(namespace)),
            ("{short}", quoted(short)),
            ("{context}", context.map_or_else(String::new, |context| format!(" --context {}", quoted(&context)))),
        ];
        Self { words, note, of_name: String::new() }
    }

    /// Puts `ID` in the place of the name, and says which command lists it.
    fn name_is_not_known(&mut self, list: &str) {
        let holder = self.words.iter().find(|(name, _)| *name == "{holder}").map_or("", |(_, word)| word.as_str());
        self.of_name = format!("   # ID as {list} --user-name {holder} shows it");
        if let Some((_, word)) = self.words.iter_mut().find(|(name, _)| *name == "{name}") {
            "ID".clone_into(word);
        }
    }

    /// One pass over the template, so that a name that looks like a placeholder stays what it is.
    fn fill(&self, template: &str) -> String {
        let mut filled = String::new();
        let mut rest = template;
        while let Some(start) = rest.find('{') {
            let (before, after) = rest.split_at(start);
            filled.push_str(before);
            match self.words.iter().find(|(name, _)| after.starts_with(name)) {
                Some((name, word)) => {
                    filled.push_str(word);
                    rest = &after[name.len()..];
                }
                None => {
                    filled.push('{');
                    rest = &after[1..];
                }
            }
        }
        filled + rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_become_commands() {
        assert_eq!(quoted("deploy-bot"), "deploy-bot");
        assert_eq!(quoted("a; rm -rf ~"), "'a; rm -rf ~'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
        assert_eq!(quoted("--all"), "'--all'");
        let words = Words::new("{holder}", "x y", "prod");
        assert_eq!(words.fill("do {name} for {holder} {other}"), "do '{holder}' for 'x y' {other}");
    }

    #[test]
    fn commands_name_the_context_of_the_kubeconfig_or_none() {
        let told = |cluster: &str| {
            let words = Words::new("app/t", "app/w", cluster);
            format!("{}{}", words.fill("kubectl{context} -n {namespace}"), words.note)
        };
        assert_eq!(told("prod"), "kubectl --context prod -n app");
        let eks = "kubectl --context arn:aws:eks:eu-west-1:111122223333:cluster/prod -n app";
        assert_eq!(told("arn:aws:eks:eu-west-1:111122223333:cluster:prod"), eks);
        let left_out = "kubectl -n app   # in the context of cluster default:api:6443:admin";
        assert_eq!(told("default:api:6443:admin"), left_out);
    }

    #[test]
    fn the_table_loads() {
        let books = Runbooks::load().expect("our own table");
        let has = |kind: &str| books.credential.iter().any(|one| one.kinds.iter().any(|known| known == kind));
        for kind in ["aws.access-key", "okta.api-token", "okta.client-secret", "agent.given-secret", "agent.token-file"]
        {
            assert!(has(kind), "{kind}");
        }
    }
}
