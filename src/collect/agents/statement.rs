//! Whether one statement of an IAM policy allows everything, as it stands in infrastructure code: JSON, HCL or a tree.
//! Knows `Deny`, conditions and `NotAction`; resolves no expression.

use super::hcl;
use super::node::{Node, Value};
use crate::model::wildcard::overlap;

/// How deep braces lie in each other, at most.
const DEEPEST: usize = 64;

/// What policies make of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Power {
    /// It may do everything, by this.
    Administrator(String),
    /// Nobody can say from what is here, and why.
    Unknown(String),
}

impl Power {
    /// Of two the one that says more: what is known to be too much, then what is not known.
    pub(super) fn strongest(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (one, other) {
            (Some(Self::Administrator(by)), _) | (_, Some(Self::Administrator(by))) => Some(Self::Administrator(by)),
            (one, other) => one.or(other),
        }
    }
}

/// A list of a statement.
#[derive(Default)]
struct Words {
    is_there: bool,
    words: Vec<String>,
    /// An expression stands in it.
    is_computed: bool,
    /// It is what somebody else hands in, which may be anything.
    is_open: bool,
}

/// A statement, as far as it decides.
#[derive(Default)]
struct Statement {
    effect: Option<String>,
    actions: Words,
    not_actions: Words,
    resources: Words,
    has_condition: bool,
}

impl Statement {
    fn power(&self) -> Option<Power> {
        if self.effect.as_deref().is_some_and(|effect| effect.eq_ignore_ascii_case("deny")) {
            return None;
        }
        let all = self.resources.words.iter().any(|word| word == "*");
        if !all && !self.resources.is_open {
            return None;
        }
        let has = |words: &Words, wanted: &[&str]| {
            words.words.iter().any(|word| wanted.contains(&word.to_lowercase().as_str()))
        };
        let by = if has(&self.actions, &["*", "*:*"]) {
            "a policy that allows every action on everything".to_owned()
        } else if has(&self.actions, &["iam:*"]) {
            "a policy that allows iam:* on everything, by which it can give itself every right".to_owned()
        } else if self.not_actions.is_there && (self.not_actions.is_computed || self.not_actions.is_open) {
            return Some(Power::Unknown("what its policy leaves out is computed".to_owned()));
        } else if self.not_actions.is_there && !self.not_actions.words.iter().any(|word| leaves_out_iam(word)) {
            "a policy that allows every action on everything but for some that it names".to_owned()
        } else if self.actions.is_computed {
            return Some(Power::Unknown("the actions of its policy are computed".to_owned()));
        } else {
            return None;
        };
        Some(match (all, self.has_condition) {
            (false, _) => Power::Unknown("what its policy is about is handed in from elsewhere".to_owned()),
            (true, true) => Power::Unknown(format!("it has {by}, under a condition")),
            (true, false) => Power::Administrator(by),
        })
    }

    /// Whether it denies everything, whatever others allow.
    fn shuts(&self) -> bool {
        let has_all = |words: &Words| words.words.iter().any(|word| word == "*");
        let denies = self.effect.as_deref().is_some_and(|effect| effect.eq_ignore_ascii_case("deny"));
        denies && !self.has_condition && has_all(&self.actions) && has_all(&self.resources)
    }
}

/// Whether a pattern of `NotAction` names something of IAM, by which every right could be given.
fn leaves_out_iam(pattern: &str) -> bool {
    overlap(&pattern.to_lowercase(), "iam:*")
}

/// The strongest of the statements of one policy, unless one of them denies everything.
fn together(statements: &[Statement]) -> Option<Power> {
    if statements.iter().any(Statement::shuts) {
        return None;
    }
    statements.iter().map(Statement::power).fold(None, Power::strongest)
}

/// The strongest of the statements of a text in JSON or HCL, without comments.
pub(super) fn of_text(text: &str) -> Option<Power> {
    // JSON in a string of HCL has its quotes escaped; then the string's own first quote is in the way.
    let text = text.replace("\"{\\\"", "{\"").replace("\\\"", "\"");
    together(&objects(&text).iter().map(|own| statement(own)).collect::<Vec<_>>())
}

/// The text of each pair of braces without what lies in braces within it.
fn objects(text: &str) -> Vec<String> {
    let mut open: Vec<String> = vec![String::new()];
    let mut done = Vec::new();
    let mut at = 0;
    while let Some(letter) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let mut length = letter.len_utf8();
        match letter {
            '{' if open.len() > DEEPEST => return Vec::new(),
            '{' => open.push(String::new()),
            '}' => {
                if open.len() > 1 {
                    done.extend(open.pop());
                }
                if let Some(outer) = open.last_mut() {
                    outer.push_str("{}");
                }
            }
            '"' => {
                length = hcl::string(&text[at..]) + 1;
                let quoted = text.get(at..at + length).unwrap_or(&text[at..]);
                length = quoted.len();
                if let Some(own) = open.last_mut() {
                    own.push_str(quoted);
                }
            }
            _ => {
                if let Some(own) = open.last_mut() {
                    own.push(letter);
                }
            }
        }
        at += length;
    }
    done
}

fn statement(own: &str) -> Statement {
    let effect = words(own, &["Effect", "effect"]);
    Statement {
        effect: effect.words.into_iter().next(),
        actions: words(own, &["Action", "actions"]),
        not_actions: words(own, &["NotAction", "not_actions"]),
        resources: words(own, &["Resource", "resources"]),
        has_condition: ["Condition", "condition"].iter().any(|key| value(own, key).is_some())
            || own.split_whitespace().any(|word| word == "condition"),
    }
}

/// What stands behind a key: behind `=`, `:` or, as of a JSON key, a quote and a colon.
fn value<'t>(own: &'t str, key: &str) -> Option<&'t str> {
    own.match_indices(key).find_map(|(at, _)| {
        let is_start = !own[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_');
        let rest = own[at + key.len()..].trim_start_matches('"').trim_start();
        let rest = rest.strip_prefix(['=', ':'])?;
        is_start.then(|| rest.trim_start())
    })
}

fn words(own: &str, keys: &[&str]) -> Words {
    let Some(value) = keys.iter().find_map(|key| value(own, key)) else { return Words::default() };
    let list = match value.strip_prefix('[') {
        Some(rest) => &rest[..rest.find(']').unwrap_or(rest.len())],
        None => &value[..value.find([',', '\n']).unwrap_or(value.len())],
    };
    let mut words = Words { is_there: true, ..Words::default() };
    let is_handed_in = |text: &str| ["var.", "local.", "module.", "each."].iter().any(|from| text.starts_with(from));
    for (number, part) in list.split('"').enumerate() {
        let bare = part.trim_start_matches([' ', ',', '\n', '\t', '$', '{']);
        words.is_open |= is_handed_in(bare);
        if number % 2 == 1 {
            words.words.push(part.to_owned());
        } else if part.contains(|letter: char| letter.is_alphanumeric()) {
            words.is_computed = true;
        }
    }
    words
}

/// The strongest of the statements of a policy document in a template.
pub(super) fn of_document(document: &Node) -> Option<Power> {
    let Some(list) = document.get("Statement") else {
        let is_computed = !document.entries().is_empty() || document.text().is_some();
        return is_computed.then(|| Power::Unknown("its policy is computed".to_owned()));
    };
    let each = if list.items().is_empty() { std::slice::from_ref(list) } else { list.items() };
    together(&each.iter().map(of_node).collect::<Vec<_>>())
}

fn of_node(node: &Node) -> Statement {
    let words = |key: &str| match node.get(key) {
        None => Words::default(),
        Some(list) => Words {
            is_there: true,
            words: list.words().into_iter().map(str::to_owned).collect(),
            is_computed: matches!(list.value, Value::Map(_)) || list.items().iter().any(|item| item.word().is_none()),
            is_open: false,
        },
    };
    Statement {
        effect: node.text_of("Effect").map(str::to_owned),
        actions: words("Action"),
        not_actions: words("NotAction"),
        resources: words("Resource"),
        has_condition: node.get("Condition").is_some(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

        /// Whatever stands around it, a statement that denies gives nothing, and one that allows all is seen.
        #[test]
        fn a_statement_is_judged_alike_in_any_order(order in Just(vec![0, 1, 2]).prop_shuffle(), sign in "[=:]", space in "[ \n]{0,3}") {
            let keys = ["\"Action\"", "\"Resource\"", "\"Effect\""];
            let text = |effect: &str| {
                let values = ["[\"*\"]", "\"*\"", effect];
                let parts: Vec<String> = order.iter().map(|at| format!("{}{space}{sign}{space}{}", keys[*at], values[*at])).collect();
                format!("x = {{ \"Statement\": [{{{}}}] }}", parts.join(","))
            };
            prop_assert!(is_all(&text("\"Allow\"")));
            prop_assert_eq!(of_text(&text("\"Deny\"")), None);
        }

        #[test]
        fn any_text_is_judged(text in "[{}\\[\\]\",:=*a\\\\$ \n]{0,120}") {
            drop(of_text(&text));
        }
    }

    fn is_all(text: &str) -> bool {
        matches!(of_text(text), Some(Power::Administrator(_)))
    }

    #[test]
    fn only_a_statement_that_allows_everything_does() {
        let statement = |effect: &str, more: &str| {
            format!(
                "policy = jsonencode({{ Statement = [{{ Effect = \"{effect}\", Action = \"*\", Resource = [\"*\"]{more} }}] }})"
            )
        };
        assert!(is_all(&statement("Allow", "")));
        assert!(is_all("{\"Statement\":[{\"Action\":\"*\",\"Effect\":\"Allow\",\"Resource\":\"*\"}]}"));
        assert!(is_all(
            "policy = \"{\\\"Statement\\\":[{\\\"Action\\\":\\\"*\\\",\\\"Effect\\\":\\\"Allow\\\",\\\"Resource\\\":\\\"*\\\"}]}\""
        ));
        assert!(is_all("statement {\n actions = [\"s3:Get*\",\n \"*\"]\n resources = [\"*\"]\n}"));
        assert!(is_all("{Statement=[{Effect=\"Allow\",Action=[\"iam:*\"],Resource=\"*\"}]}"));
        assert!(is_all("{ Effect = \"Allow\", NotAction = \"s3:*\", Resource = \"*\" }"));
        for text in [
            statement("Deny", ""),
            "statement {\n effect = \"Deny\"\n actions = [\"*\"]\n resources = [\"*\"]\n}".to_owned(),
            "{ Effect = \"Allow\", NotAction = [\"iam:*\", \"organizations:*\"], Resource = \"*\" }".to_owned(),
            "{ Effect = \"Allow\", NotAction = \"*\", Resource = \"*\" }".to_owned(),
            "{ Effect = \"Allow\", NotAction = \"IAM:Put*\", Resource = \"*\" }".to_owned(),
            "{ Effect = \"Allow\", Action = \"*\", Resource = \"arn:aws:s3:::a\" }".to_owned(),
            "{ Effect = \"Allow\", Action = \"*\", Resource = aws_s3_bucket.a.arn }".to_owned(),
            // What one statement denies and another allows in part is no administrator.
            "[{ Effect = \"Allow\", Action = \"s3:*\", Resource = \"*\" }, { Effect = \"Deny\", Action = \"*\", Resource = \"*\" }]"
                .to_owned(),
        ] {
            assert_eq!(of_text(&text), None, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_called_harmless() {
        for text in [
            "{ Effect = \"Allow\", Action = \"*\", Resource = \"*\", Condition = { Bool = {} } }",
            "statement {\n condition {\n test = \"x\"\n }\n actions = [\"*\"]\n resources = [\"*\"]\n}",
            "statement {\n not_actions = var.actions\n resources = [\"*\"]\n}",
            "statement {\n actions = var.actions\n resources = [\"*\"]\n}",
        ] {
            assert!(matches!(of_text(text), Some(Power::Unknown(_))), "{text}");
        }
        for text in ["{\"", "{{{{", "}}}", "\"${", &"{".repeat(100_000)] {
            assert_eq!(of_text(text), None);
        }
    }
}
