//! The list of actions that AWS has: `/rules/facts/aws-actions.toml`. It must not say what an action does.

use std::collections::HashMap;

use crate::model::wildcard::covers;

/// Actions by service, all in lower case.
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    services: HashMap<String, Vec<String>>,
}

impl Catalogue {
    /// Reads lines of the form `service = "Action Action"`; others are comments.
    pub(super) fn read(text: &str) -> Self {
        let line = |line: &str| {
            let (service, rest) = line.split_once(" = \"")?;
            let actions = rest.strip_suffix('"')?.split(' ').map(str::to_ascii_lowercase).collect();
            Some((service.to_owned(), actions))
        };
        Self { services: text.lines().filter_map(line).collect() }
    }

    /// Whether an action of a policy is, or its wildcards stand for, one that AWS has. A service that is not listed at
    /// all may be too new or too old for the list: of its actions nothing is said.
    pub(super) fn has(&self, action: &str) -> bool {
        let lower = action.to_ascii_lowercase();
        let Some((service, name)) = lower.split_once(':') else { return lower == "*" };
        match self.services.get(service) {
            Some(actions) => actions.iter().any(|known| known == name || covers(name, known)),
            None => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Catalogue;

    #[test]
    fn typos_are_told_from_actions() {
        let list = Catalogue::read("# a comment\ns3 = \"GetObject PutObject\"\nsqs = \"SendMessage\"\n");
        for action in ["*", "s3:*", "S3:getobject", "s3:Get*", "s3:?etObject", "newservice:DoIt", "s*:Get"] {
            assert!(list.has(action), "{action}");
        }
        for action in ["s3:GetObjekt", "s3:List*", "sqs:Send", "GetObject"] {
            assert!(!list.has(action), "{action}");
        }
    }
}
