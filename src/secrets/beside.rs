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

/// The address of an organisation: by the name before it, by its domain, or by the path of the API in it, since an
/// organisation may have a domain of its own.
/// Source: Okta developer documentation, "Find your Okta domain"; names as the SDKs have them (`OKTA_CLIENT_ORGURL`,
/// `okta.client.orgUrl`, `OKTA_DOMAIN`, `OKTA_ISSUER`).
static ORGANISATION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let name = r#"(?i-u:okta[A-Za-z0-9_.-]{0,24}(?:url|domain|host|issuer|base)|issuer)[A-Za-z_]{0,4}\\?["']?\]?\s{0,4}(?:=>|[:=])\s{0,4}\\?["']?"#;
    let host = r"[A-Za-z0-9][A-Za-z0-9.-]{2,100}";
    let by_name = format!("{name}(?:https://)?({host})");
    let by_domain = r"https://([A-Za-z0-9][A-Za-z0-9-]{1,60}[.](?:okta|oktapreview|okta-emea|okta-gov)[.]com)";
    let by_path = format!("https://({host})/api/v1/");
    Regex::new(&format!("(?-u)(?:{by_domain}|{by_path}|{by_name})")).ok()
});

/// The two halves of the address as Okta's Terraform provider takes them.
/// Source: documentation of the provider, `org_name` and `base_url` (`OKTA_ORG_NAME`, `OKTA_BASE_URL`).
static ORGANISATION_NAME: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let name = r#"(?i-u:\b(?:okta[_.-]?)?org[_.-]?name)\\?["']?\]?\s{0,24}(?:=>|[:=])\s{0,4}\\?["']?"#;
    Regex::new(&format!(r"(?-u){name}([A-Za-z0-9][A-Za-z0-9-]{{1,60}})\b")).ok()
});
static BASE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let name = r#"(?i-u:base[_.-]?url)\\?["']?\]?\s{0,24}(?:=>|[:=])\s{0,4}\\?["']?"#;
    Regex::new(&format!("(?-u){name}((?:okta|oktapreview|okta-emea|okta-gov)[.]com)\\b")).ok()
});

/// The number of a GitHub App. Source: GitHub Docs, "About authentication with a GitHub App".
static GITHUB_APP: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let name = r#"(?i-u:\b(?:github|gh)[_.-]?app[_.-]?id)\\?["']?\]?\s{0,4}(?:=>|[:=])\s{0,4}\\?["']?"#;
    Regex::new(&format!("(?-u){name}([0-9]{{3,9}})\\b")).ok()
});

/// The name by which a private key is said to be that of a GitHub App, right before it.
static GITHUB_APP_KEY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let name = r"(?i-u:\b(?:github|gh)[_.-]?app[A-Za-z_.-]{0,16}(?:key|pem|private)[A-Za-z_.-]{0,8})";
    Regex::new(&format!(r#"(?-u){name}\\?["']?\]?\s{{0,4}}(?:=>|[:=])\s{{0,4}}[|>]?[+-]?\s{{0,24}}\\?["']?$"#)).ok()
});

/// The account of a Stripe key. A header names the account of another that a platform acts for, and is none.
/// Source: Stripe documentation, "API keys" and "Making API calls for connected accounts".
static STRIPE_ACCOUNT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let name = r#"(?i-u:\bstripe_account(?:_id)?)\\?["']?\]?\s{0,4}(?:=>|[:=])\s{0,4}\\?["']?"#;
    Regex::new(&format!("(?-u){name}(acct_[A-Za-z0-9]{{14,24}})\\b")).ok()
});

/// Adds to secrets whose they are, where that stands beside them.
pub(super) fn add(text: &[u8], matches: &mut [Match<'_>]) {
    for found in matches.iter_mut().filter(|found| found.encoding.is_empty()) {
        let part = found.whole.start.saturating_sub(NEAR)..found.whole.end.saturating_add(NEAR).min(text.len());
        let facts = &mut found.proof.facts;
        let mut put = |name: &str, value: Option<String>| {
            value.into_iter().for_each(|value| _ = facts.insert(name.to_owned(), value));
        };
        match found.proof.kind.as_str() {
            "okta.client-secret" => {
                put("client", only(&CLIENT, text, part.clone()));
                put("issuer", organisation(text, part));
            }
            "okta.api-token" => put("issuer", organisation(text, part)),
            "private-key" if is_of_github_app(text, found.whole.start) => {
                put("github_app", only(&GITHUB_APP, text, part));
            }
            "stripe.key" => put("stripe_account", only(&STRIPE_ACCOUNT, text, part)),
            "database.password" if found.detector.id.starts_with("mongodb") => {
                put("auth_source", auth_source(text, found.whole.clone()));
            }
            _ => {}
        }
    }
}

/// The address of the one organisation that stands there.
fn organisation(text: &[u8], part: std::ops::Range<usize>) -> Option<String> {
    let halves = || {
        let (name, base) = (only(&ORGANISATION_NAME, text, part.clone())?, only(&BASE, text, part.clone())?);
        Some(format!("{name}.{base}"))
    };
    let host = only(&ORGANISATION, text, part.clone()).or_else(halves).filter(|host| host.contains('.'))?;
    Some(format!("https://{}", host.to_lowercase()))
}

/// Whether the name before a private key says that it is one of a GitHub App.
fn is_of_github_app(text: &[u8], start: usize) -> bool {
    // Cut off, so that its end is where the key begins.
    let before = text.get(start.saturating_sub(80)..start).unwrap_or_default();
    LazyLock::force(&GITHUB_APP_KEY).as_ref().is_some_and(|regex| regex.is_match(before))
}

/// The database that has a user of MongoDB, by the rest of the address behind its first host; none where a record of DNS says
/// it, or a variable.
/// Source: MongoDB manual, "Connection Strings": `authSource`, else the database of the path, else `admin`; an address with
/// `+srv` takes it from a TXT record, which Atlas sets to `admin`.
fn auth_source(text: &[u8], whole: std::ops::Range<usize>) -> Option<String> {
    let (url, rest) = (text.get(whole.clone())?, text.get(whole.end..)?);
    let is_end = |byte: &u8| byte.is_ascii_whitespace() || b"\"'`<>\\".contains(byte);
    let end = rest.iter().take(NEAR).position(is_end).unwrap_or(rest.len().min(NEAR));
    let rest = std::str::from_utf8(&rest[..end]).ok()?;
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let path = path.split_once('/').map_or("", |(_, path)| path);
    let told = query.split('&').filter_map(|one| one.split_once('='));
    let told = told.filter(|(name, _)| name.eq_ignore_ascii_case("authSource")).map(|(_, value)| value).next();
    let is_srv = url.windows(4).any(|part| part.eq_ignore_ascii_case(b"+srv"));
    let is_atlas = url.to_ascii_lowercase().ends_with(b".mongodb.net");
    let source = match (told, path) {
        (Some(told), _) => told,
        (None, _) if is_srv => {
            if is_atlas {
                "admin"
            } else {
                return None;
            }
        }
        (None, "") => "admin",
        (None, path) => path,
    };
    let is_name = !source.is_empty() && source.len() <= 64 && !source.contains(['{', '}', '%', '/', ':', '@']);
    (is_name && (!source.starts_with('$') || source == "$external")).then(|| source.to_owned())
}

/// The parts of addresses that are no organisation's by themselves.
const BASES: [&str; 4] = ["okta.com", "oktapreview.com", "okta-emea.com", "okta-gov.com"];

/// The one text that an expression finds in a part; none where it finds several.
fn only(regex: &LazyLock<Option<Regex>>, text: &[u8], part: std::ops::Range<usize>) -> Option<String> {
    let is_base = |value: &[u8]| BASES.iter().any(|base| base.as_bytes().eq_ignore_ascii_case(value));
    let of_organisation = std::ptr::eq(regex, &ORGANISATION);
    let regex = LazyLock::force(regex).as_ref()?;
    let mut found: Option<&[u8]> = None;
    for captures in regex.captures_iter(Input::new(text).span(part)) {
        let group = (1..captures.group_len()).find_map(|group| captures.get_group(group))?;
        let value = text.get(group.range())?;
        if is_base(value) && of_organisation {
            continue;
        }
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
    fn an_organisation_has_its_name_before_the_base_of_all() {
        let token = "00v4BKPxNMvVE0qTz_l1rUIWlvEfs3zh__xsceveVV";
        let provider = format!(
            "provider \"okta\" {{\n  org_name  = \"acme\"\n  base_url  = \"okta.com\"\n  api_token = \"{token}\"\n}}\n"
        );
        let variables =
            format!("okta_org_name = \"acme\"\nokta_base_url = \"okta.com\"\nokta_api_token = \"{token}\"\n");
        let call = format!("curl -H 'Authorization: SSWS {token}' https://acme.okta.com/api/v1/users\n");
        let own = call.replace("acme.okta.com", "id.acme.example");
        let expected = |host: &str| (None, Some(format!("https://{host}")));
        for text in [provider.clone(), variables, call] {
            assert_eq!(facts(&text), expected("acme.okta.com"), "{text}");
        }
        assert_eq!(facts(&own), expected("id.acme.example"));
        // The base alone names nobody.
        assert_eq!(facts(&provider.replace("  org_name  = \"acme\"\n", "")), (None, None));
    }

    fn fact(text: &str, name: &str) -> Option<String> {
        let found = DETECTORS.scan(text.as_bytes());
        found.iter().find_map(|one| one.proof.facts.get(name).cloned())
    }

    #[test]
    fn users_of_mongodb_are_of_the_database_that_knows_them() {
        let of = |host: &str, rest: &str| fact(&format!("DATABASE_URL=mongodb{host}/{rest}\n"), "auth_source");
        let plain = "://app:Ax7fQ2mLp9RtWz4KcV@mongo.acme.example:27017";
        for (rest, expected) in [
            ("orders?authSource=users&tls=true", Some("users")),
            ("orders", Some("orders")),
            ("?tls=true", Some("admin")),
            ("", Some("admin")),
            ("orders?authSource=${SOURCE}", None),
        ] {
            assert_eq!(of(plain, rest).as_deref(), expected, "{rest}");
        }
        let many = "://app:Ax7fQ2mLp9RtWz4KcV@mongo-0.acme.example:27017,mongo-1.acme.example:27017";
        assert_eq!(of(many, "orders?replicaSet=rs0").as_deref(), Some("orders"));
        let record = "+srv://app:Ax7fQ2mLp9RtWz4KcV@cluster0.ab1cd.mongodb.net";
        assert_eq!(of(record, "orders").as_deref(), Some("admin"));
        assert_eq!(of(&record.replace("mongodb.net", "acme.example"), "orders"), None);
    }

    #[test]
    fn keys_have_the_account_or_app_whose_number_stands_beside_them() {
        let stripe = "STRIPE_ACCOUNT=acct_1Mq7Zk2eZvKYlo2C\nSTRIPE_SECRET_KEY=sk_live_s2dFamKWn6xhkqRWNemEmgRY\n";
        assert_eq!(fact(stripe, "stripe_account").as_deref(), Some("acct_1Mq7Zk2eZvKYlo2C"));
        let header = stripe.replace("STRIPE_ACCOUNT=", "Stripe-Account: ");
        assert_eq!(fact(&header, "stripe_account"), None);
    }

    #[test]
    fn a_token_has_an_organisation_and_no_client() {
        let token = "00v4BKPxNMvVE0qTz_l1rUIWlvEfs3zh__xsceveVV";
        let text =
            format!("OKTA_CLIENT_ID=0oa4kq8zr1vT7wXm2Pd7\nurl: https://acme.okta.com/api\nOKTA_API_TOKEN={token}\n");
        assert_eq!(facts(&text), (None, Some("https://acme.okta.com".to_owned())));
    }
}
