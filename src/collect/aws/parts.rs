//! Recognises the export files of an account by what is in them, and reads each into its shape. It must not open files.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use super::calls::{self, Call};
use super::export::{
    AccessKeys, Aliases, Authorization, Caller, KeyLastUsed, OidcProvider, OidcProviders, ReportAnswer, SamlProviders,
};
use super::report::{self, HEADER_START, Malformed, ReportRow};
use super::site::time;
use crate::model::Known;

/// What this collector reads, for messages.
pub(super) const EXPECTED: &str = "an answer of get-account-authorization-details, get-credential-report (JSON or CSV), \
     list-access-keys, get-access-key-last-used, list-open-id-connect-providers, get-open-id-connect-provider, \
     list-saml-providers, list-account-aliases, get-caller-identity, or of a service that nonhuman permissions aws --plan \
     lists";

/// One file's content.
pub(super) enum Part {
    Authorization(Authorization),
    Report(Vec<ReportRow>, Known<Timestamp>),
    AccessKeys(AccessKeys),
    KeyLastUsed(KeyLastUsed),
    OidcProviders(OidcProviders),
    OidcProvider(OidcProvider),
    SamlProviders(SamlProviders),
    Aliases(Aliases),
    Caller(Caller),
    /// An answer of a service, with where it may be of.
    Service(ServiceFile),
}

/// An answer of a service as a file has it.
pub(super) struct ServiceFile {
    pub(super) call: &'static Call,
    pub(super) region: String,
    pub(super) items: Vec<String>,
    pub(super) value: Value,
}

/// What came of reading a file.
#[expect(clippy::large_enum_variant, reason = "there is one a file, and most files are the large variant")]
pub(super) enum Reading {
    /// All of it, or with a fault the part before it.
    Part(Part, Option<Malformed>),
    /// It cannot be read at all.
    Malformed(Malformed),
    /// It is something else.
    Other,
}

/// The top-level names by which the kinds are told apart.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Probe {
    #[serde(rename = "UserDetailList")]
    users: Option<IgnoredAny>,
    #[serde(rename = "GroupDetailList")]
    groups: Option<IgnoredAny>,
    #[serde(rename = "RoleDetailList")]
    roles: Option<IgnoredAny>,
    #[serde(rename = "Content")]
    content: Option<IgnoredAny>,
    #[serde(rename = "ReportFormat")]
    report_format: Option<IgnoredAny>,
    #[serde(rename = "AccessKeyMetadata")]
    access_keys: Option<IgnoredAny>,
    #[serde(rename = "AccessKeyLastUsed")]
    key_last_used: Option<IgnoredAny>,
    #[serde(rename = "OpenIDConnectProviderList")]
    oidc_providers: Option<IgnoredAny>,
    #[serde(rename = "ClientIDList")]
    client_ids: Option<IgnoredAny>,
    #[serde(rename = "Url")]
    url: Option<IgnoredAny>,
    #[serde(rename = "SAMLProviderList")]
    saml_providers: Option<IgnoredAny>,
    #[serde(rename = "AccountAliases")]
    aliases: Option<IgnoredAny>,
    #[serde(rename = "Account")]
    account: Option<IgnoredAny>,
    #[serde(rename = "UserId")]
    user_id: Option<IgnoredAny>,
    #[serde(rename = "Arn")]
    arn: Option<IgnoredAny>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Authorization,
    Report,
    AccessKeys,
    KeyLastUsed,
    OidcProviders,
    OidcProvider,
    SamlProviders,
    Aliases,
    Caller,
}

impl Probe {
    fn kind(&self) -> Option<Kind> {
        let kinds = [
            (self.users.is_some() || self.groups.is_some() || self.roles.is_some(), Kind::Authorization),
            (self.content.is_some() && self.report_format.is_some(), Kind::Report),
            (self.access_keys.is_some(), Kind::AccessKeys),
            (self.key_last_used.is_some(), Kind::KeyLastUsed),
            (self.oidc_providers.is_some(), Kind::OidcProviders),
            (self.url.is_some() && self.client_ids.is_some(), Kind::OidcProvider),
            (self.saml_providers.is_some(), Kind::SamlProviders),
            (self.aliases.is_some(), Kind::Aliases),
            (self.account.is_some() && self.user_id.is_some() && self.arn.is_some(), Kind::Caller),
        ];
        kinds.into_iter().find(|(is, _)| *is).map(|(_, kind)| kind)
    }
}

/// Reads a file's bytes.
pub(super) fn read(path: &Path, bytes: &[u8]) -> Reading {
    if let Some((call, region, items)) = calls::by_name(path) {
        if bytes.trim_ascii().is_empty() {
            let detail = "the file is empty: the call failed; if it said that there is none, write null into it";
            return Reading::Malformed(Malformed { line: 1, column: 1, detail: detail.to_owned() });
        }
        return typed(bytes, |value| Part::Service(ServiceFile { call, region, items, value }));
    }
    if bytes.starts_with(HEADER_START.as_bytes()) {
        let (rows, fault) = report::parse(bytes);
        return Reading::Part(Part::Report(rows, Known::unknown("a CSV does not say when it was made")), fault);
    }
    match first_byte(bytes) {
        Some(b'{') => {}
        // A list is JSON that someone wrote, only not an answer; anything else is not JSON at all.
        Some(b'[') => return serde_json::from_slice::<IgnoredAny>(bytes).map_or_else(malformed, |_| Reading::Other),
        _ => return Reading::Other,
    }
    let kind = match serde_json::from_slice::<Probe>(bytes) {
        Ok(probe) => probe.kind(),
        Err(error) => return malformed(error),
    };
    match kind {
        None => service(path, bytes),
        Some(Kind::Authorization) => typed(bytes, Part::Authorization),
        Some(Kind::Report) => report_answer(bytes),
        Some(Kind::AccessKeys) => typed(bytes, Part::AccessKeys),
        Some(Kind::KeyLastUsed) => typed(bytes, Part::KeyLastUsed),
        Some(Kind::OidcProviders) => typed(bytes, Part::OidcProviders),
        Some(Kind::OidcProvider) => typed(bytes, Part::OidcProvider),
        Some(Kind::SamlProviders) => typed(bytes, Part::SamlProviders),
        Some(Kind::Aliases) => typed(bytes, Part::Aliases),
        Some(Kind::Caller) => typed(bytes, Part::Caller),
    }
}

/// An answer of a service, recognised by the names at its top.
fn service(path: &Path, bytes: &[u8]) -> Reading {
    let names: BTreeMap<String, IgnoredAny> = match serde_json::from_slice(bytes) {
        Ok(names) => names,
        Err(error) => return malformed(error),
    };
    let Some(call) = calls::by_key(names.keys().map(String::as_str)) else { return Reading::Other };
    let region = calls::folder_region(path);
    typed(bytes, |value| Part::Service(ServiceFile { call, region, items: Vec::new(), value }))
}

fn first_byte(bytes: &[u8]) -> Option<u8> {
    bytes.iter().copied().find(|byte| !byte.is_ascii_whitespace())
}

fn typed<T: DeserializeOwned>(bytes: &[u8], part: impl FnOnce(T) -> Part) -> Reading {
    serde_json::from_slice(bytes).map_or_else(malformed, |value| Reading::Part(part(value), None))
}

fn report_answer(bytes: &[u8]) -> Reading {
    let answer: ReportAnswer = match serde_json::from_slice(bytes) {
        Ok(answer) => answer,
        Err(error) => return malformed(error),
    };
    // Some versions of the CLI write the report in lines of base64, some in the clear.
    let packed: String = answer.content.split_ascii_whitespace().collect();
    let csv = match answer.content.starts_with(HEADER_START) {
        true => answer.content.into_bytes(),
        false => base64::engine::general_purpose::STANDARD.decode(packed).unwrap_or_default(),
    };
    if !csv.starts_with(HEADER_START.as_bytes()) {
        let detail = "Content is not a credential report: base64 of a CSV was expected".to_owned();
        return Reading::Malformed(Malformed { line: 1, column: 1, detail });
    }
    let (rows, fault) = report::parse(&csv);
    let fault = fault.map(|fault| Malformed {
        line: 1,
        column: 1,
        detail: format!("line {} of the CSV in Content: {}", fault.line, fault.detail),
    });
    Reading::Part(Part::Report(rows, time(answer.generated.as_ref())), fault)
}

/// Places the error without quoting the file: serde's own message may hold a value.
#[expect(clippy::needless_pass_by_value, reason = "used as the error arm of map_or_else")]
fn malformed(error: serde_json::Error) -> Reading {
    let detail = match error.classify() {
        serde_json::error::Category::Eof => "the file ends in the middle: it is cut short",
        serde_json::error::Category::Data => "a value of another type than the AWS CLI writes here",
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => "not JSON",
    };
    let detail = detail.to_owned();
    Reading::Malformed(Malformed { line: error.line() as u64, column: error.column() as u64, detail })
}

/// Names of which each alone proves an export of IAM, so that even one that is cut short is offered and reported.
const PROOFS: &[&str] = &[
    "UserDetailList",
    "GroupDetailList",
    "RoleDetailList",
    "AccessKeyMetadata",
    "OpenIDConnectProviderList",
    "SAMLProviderList",
];

/// Names that an export may begin with.
const BEGINNINGS: &[&str] = &[
    "Policies",
    "IsTruncated",
    "Marker",
    "NextToken",
    "Content",
    "ReportFormat",
    "GeneratedTime",
    "UserName",
    "AccessKeyLastUsed",
    "AccountAliases",
    "UserId",
    "Account",
    "Arn",
    "Url",
    "ClientIDList",
];

/// Whether a file found in a scanned tree is an export that [`super::AwsExport`] reads.
///
/// Cheap for other files: only what begins like an export is looked at further.
pub fn sniff(path: &str, bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let lower = path.to_ascii_lowercase();
    if lower.ends_with(".csv") {
        return bytes.starts_with(HEADER_START.as_bytes());
    }
    if !lower.ends_with(".json") {
        return false;
    }
    match first_name(bytes) {
        Some(name) if PROOFS.contains(&name) => true,
        Some(name) if BEGINNINGS.contains(&name) => {
            serde_json::from_slice::<Probe>(bytes).is_ok_and(|probe| probe.kind().is_some())
        }
        _ => false,
    }
}

/// Whether an export says which account it is of: account authorization details, which begin with one of its lists.
pub fn sniff_account(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    matches!(first_name(bytes), Some("UserDetailList" | "GroupDetailList" | "RoleDetailList" | "Policies"))
}

/// The first name of a JSON object, when it is a plain one.
fn first_name(bytes: &[u8]) -> Option<&str> {
    let rest = bytes.trim_ascii_start().strip_prefix(b"{")?.trim_ascii_start().strip_prefix(b"\"")?;
    let end = rest.iter().take(64).position(|byte| *byte == b'"')?;
    std::str::from_utf8(rest.get(..end)?).ok()
}

#[cfg(test)]
mod tests {
    use super::sniff;

    #[test]
    fn exports_are_told_from_other_files() {
        let yes = [
            ("a/iam.json", r#"{"UserDetailList": [], "RoleDetailList": ["#),
            ("iam.JSON", r#" { "Policies": [], "RoleDetailList": [] }"#),
            ("r.csv", "user,arn,user_creation_time,password_enabled\n"),
            ("r.json", r#"{"Content": "", "ReportFormat": "text/csv"}"#),
            ("id.json", r#"{"UserId": "A", "Account": "123456789012", "Arn": "arn:aws:sts::123456789012:x"}"#),
            ("p.json", r#"{"Url": "token.example", "ClientIDList": ["sts.amazonaws.com"]}"#),
        ];
        for (path, text) in yes {
            assert!(sniff(path, text.as_bytes()), "{path} {text}");
        }
        let no = [
            ("package.json", r#"{"name": "x", "UserDetailList": []}"#),
            ("a.txt", r#"{"UserDetailList": []}"#),
            ("a.json", r#"{"Policies": []}"#),
            ("a.json", r#"{"Url": "x"}"#),
            ("a.json", "[]"),
            ("a.json", ""),
            ("a.csv", "user,arn\n"),
        ];
        for (path, text) in no {
            assert!(!sniff(path, text.as_bytes()), "{path} {text}");
        }
    }
}
