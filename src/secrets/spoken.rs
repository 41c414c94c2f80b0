//! What the form of a key says of the account it is for: its mode, its workspace. Knows no secret part of it.

use std::collections::BTreeMap;

/// Adds what a value of this kind says of itself.
///
/// Sources: Stripe documentation, "API keys" (the prefix has the mode and whether the key is restricted). A Slack bot or user
/// token begins with the number of its workspace, which Slack does not document and which all such tokens have.
pub(super) fn add(kind: &str, value: &[u8], facts: &mut BTreeMap<String, String>) {
    let Ok(text) = std::str::from_utf8(value) else { return };
    let mut put = |name: &str, value: &str| _ = facts.insert(name.to_owned(), value.to_owned());
    match kind {
        "stripe.key" | "stripe.publishable-key" => {
            let mut parts = text.split('_');
            let (sort, mode) = (parts.next(), parts.next());
            if let Some(mode @ ("live" | "test")) = mode {
                put("mode", mode);
            }
            match sort {
                Some("sk") => put("rights", "all of the account"),
                Some("rk") => put("rights", "restricted"),
                _ => {}
            }
        }
        "slack.token" => {
            let mut parts = text.split('-');
            let is_number =
                |part: &&str| (9..=14).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
            let is_form = matches!(parts.next(), Some("xoxb" | "xoxp"));
            let (first, second) = (parts.next().filter(is_number), parts.next().filter(is_number));
            if let (true, Some(workspace), Some(_)) = (is_form, first, second) {
                put("workspace", workspace);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::DETECTORS;

    fn facts(text: &str) -> Vec<(String, String)> {
        let found = DETECTORS.scan(text.as_bytes());
        found.into_iter().flat_map(|one| one.proof.facts).collect()
    }

    #[test]
    fn keys_say_their_mode_and_tokens_their_workspace() {
        for (text, expected) in [
            (
                "Stripe(\"sk_live_s2dFamKWn6xhkqRWNemEmgRY\")",
                [("mode", "live"), ("rights", "all of the account")].as_slice(),
            ),
            (
                "client = WebClient(\"xoxb-719041046046-2197631802907-5fFERRv0ywOcBaOe2IBa2tLA\")",
                &[("workspace", "719041046046")],
            ),
            ("TOKEN=xoxb-86284678981-HNuq7p59zTs7fpjHNUsYPCeH", &[]),
        ] {
            let expected: Vec<_> = expected.iter().map(|(name, is)| ((*name).to_owned(), (*is).to_owned())).collect();
            assert_eq!(facts(text), expected, "{text}");
        }
    }
}
