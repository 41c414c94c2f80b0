//! What the statements about an action name: resources, values of condition keys, tags. It weighs none of them.

use super::action::Action;
use super::evaluate::Rights;

impl Rights<'_> {
    /// The resource patterns that any statement about an action names, limits included: where to look for one that all
    /// of them let through.
    pub(super) fn every_pattern(&self, action: &Action) -> Vec<String> {
        let asked = self.context.asked();
        let all = |allow| self.every_document().flat_map(move |one| one.document.about(action, allow));
        let allowed = all(true).flat_map(|statement| statement.listed(&asked));
        // A deny on everything but its list leaves the list.
        let spared = all(false).flat_map(|statement| statement.spared(&asked));
        allowed.chain(spared).collect()
    }

    /// The resource patterns of statements that allow an action, as written; none where everything is granted.
    pub(super) fn allowed_patterns<'r>(&'r self, action: &'r Action) -> Option<Vec<&'r str>> {
        let listed = || self.allows(action).flat_map(|(statement, _)| statement.patterns()).collect();
        (!self.granted_everything).then(listed)
    }

    /// The values that statements about an action ask of a condition key.
    pub(super) fn asked_of(&self, action: &Action, key: &str) -> Vec<String> {
        let all = self.every_document().flat_map(|one| [true, false].map(|allow| one.document.about(action, allow)));
        let clauses = all.flatten().flat_map(|statement| &statement.conditions).filter(|clause| &*clause.key == key);
        clauses.flat_map(|clause| clause.values.iter().map(|value| value.to_string())).collect()
    }

    /// The tags of the principal that statements about an action ask for.
    pub(super) fn tags_asked(&self, action: &Action) -> Vec<(String, String)> {
        let of = |allow: bool| {
            let all = self.every_document().flat_map(move |one| one.document.about(action, allow));
            let clauses = all.flat_map(|statement| &statement.conditions);
            clauses.filter_map(move |clause| clause.principal_tag(!allow))
        };
        of(true).chain(of(false)).collect()
    }
}
