//! What stands beside a secret that says nothing itself: the client it is the secret of, and the organisation. Reads a few
//! lines around it; a name that stands there twice with two values says nothing.

use std::sync::LazyLock;

use regex_automata::Input;
use regex_automata::meta::Regex;

use super::scan::Match;

/// How far a client's id or an organisation's address may stand from its secret, in bytes.
const NEAR: usize = 600;

/// The id of an OAuth client of Okta, with a name before it that says so.
/// Source: Okta API reference, "Applications": ids begin with `0oa` and have 20 letters.
static CLIENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let name = r#"(?i-u:client|app)[A-Za-z_.-]{0,12}\\?["']?\]?\s{0,4}(?:=>|[:=])\s{0,4}\\?["']?"#;
    Regex::new(&format!("(?-u){name}(0oa[A-Za-z0-9]{{17}})\\b")).ok()
});

/// The address of an organisation: by the name before it, or by its domain.
/// Source: Okta developer documentation, "Find your Okta domain"; names as the SDKs have them (`OKTA_CLIENT_ORGURL`,
/// `okta.client.orgUrl`, `OKTA_DOMAIN`, `OKTA_ISSUER`).
static ORGANISATION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let name = r#"(?i-u:okta[A-Za-z0-9_.-]{0,24}(?:url|domain|host|issuer|base)|issuer)[A-Za-z_]{0,4}\\?["']?\]?\s{0,4}(?:=>|[:=])\s{0,4}\\?["']?"#;
    let host = r"[A-Za-z0-9][A-Za-z0-9.-]{2,100}";
    let by_name = format!("{name}(?:https://)?({host})");
    let by_domain = r"https://([A-Za-z0-9][A-Za-z0-9-]{1,60}[.](?:okta|oktapreview|okta-emea)[.]com)";
    Regex::new(&format!("(?-u)(?:{by_domain}|{by_name})")).ok()
});

/// Adds to secrets of Okta whose they are, where that stands beside them.
pub(super) fn add(text: &[u8], matches: &mut [Match<'_>]) {
    for found in matches.iter_mut().filter(|found| found.encoding.is_empty()) {
        let wants_client = match found.proof.kind.as_str() {
            "okta.client-secret" => true,
            "okta.api-token" => false,
            _ => continue,
        };
        let part = found.whole.start.saturating_sub(NEAR)..found.whole.end.saturating_add(NEAR).min(text.len());
        let facts = &mut found.proof.facts;
        if let Some(client) = only(&CLIENT, text, part.clone()).filter(|_| wants_client) {
            facts.insert("client".to_owned(), client);
        }
        if let Some(host) = only(&ORGANISATION, text, part).filter(|host| host.contains('.')) {
            facts.insert("issuer".to_owned(), format!("https://{}", host.to_lowercase()));
        }
    }
}

/// The one text that an expression finds in a part; none where it finds several.
fn only(regex: &LazyLock<Option<Regex>>, text: &[u8], part: std::ops::Range<usize>) -> Option<String> {
    let regex = LazyLock::force(regex).as_ref()?;
    let mut found: Option<&[u8]> = None;
    for captures in regex.captures_iter(Input::new(text).span(part)) {
        let group = (1..captures.group_len()).find_map(|group| captures.get_group(group))?;
        let value = text.get(group.range())?;
        if found.is_some_and(|known| !known.eq_ignore_ascii_case(value)) {
            return None;
        }
        found = Some(value);
    }
    found.map(|value| String::from_utf8_lossy(value).trim_end_matches(['.', '-']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::tests::DETECTORS;

    const SECRET: &str = "O279RD_rt7vSFICP_JwEmmFhP1FT_JI7aNwf1sbGLu5kZemL76KYd1Alk5zudjtG";

    fn facts(text: &str) -> (Option<String>, Option<String>) {
        let found = DETECTORS.scan(text.as_bytes());
        let one = found.iter().find(|one| one.proof.kind.starts_with("okta.") && !one.detector.public);
        let facts = &one.expect("a secret of Okta").proof.facts;
        (facts.get("client").cloned(), facts.get("issuer").cloned())
    }

    #[test]
    fn whose_it_is_stands_beside_it() {
        let text = format!(
            "OKTA_ORG_URL=https://acme.okta.example\nOKTA_CLIENT_ID=0oa4kq8zr1vT7wXm2Pd7\nOKTA_CLIENT_SECRET={SECRET}\n"
        );
        let (client, issuer) = facts(&text);
        assert_eq!(client.as_deref(), Some("0oa4kq8zr1vT7wXm2Pd7"));
        assert_eq!(issuer.as_deref(), Some("https://acme.okta.example"));
        // Two clients beside one secret: it may be of either.
        let two = text.replace("OKTA_CLIENT_SECRET", "OTHER_CLIENT_ID=0oab93kfLq7RzXw2mTy8\nOKTA_CLIENT_SECRET");
        assert_eq!(facts(&two).0, None);
        let far = format!("OKTA_CLIENT_ID=0oa4kq8zr1vT7wXm2Pd7\n{}\nOKTA_CLIENT_SECRET={SECRET}\n", "#\n".repeat(400));
        assert_eq!(facts(&far).0, None);
    }

    #[test]
    fn a_token_has_an_organisation_and_no_client() {
        let token = "00v4BKPxNMvVE0qTz_l1rUIWlvEfs3zh__xsceveVV";
        let text =
            format!("OKTA_CLIENT_ID=0oa4kq8zr1vT7wXm2Pd7\nurl: https://acme.okta.com/api\nOKTA_API_TOKEN={token}\n");
        assert_eq!(facts(&text), (None, Some("https://acme.okta.com".to_owned())));
    }
}
