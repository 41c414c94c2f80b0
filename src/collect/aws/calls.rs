//! The one table of calls: the collector asks by it, export files are recognised by it, and `nonhuman permissions aws`
//! prints it. It must not make a call.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::json;

use super::services;
use crate::model::FactKind;

/// How a call is written on the wire.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "aws"), allow(dead_code, reason = "only the live collector writes them"))]
pub(super) enum Wire {
    /// Through the SDK crate of the service.
    Sdk,
    /// JSON in a POST; the target's prefix and the version of the protocol.
    Json { target: &'static str, version: &'static str },
    /// The Query protocol: a form in a POST, XML back; the API version.
    Query { version: &'static str },
    /// A GET of a path, JSON back. `{}` stands for the item.
    Get { path: &'static str },
    /// A POST of the parameters as JSON to a path, JSON back. `{}` stands for the item.
    Post { path: &'static str },
    /// A GET of a path of S3, XML or a document back. `{}` stands for the item.
    S3 { query: &'static str },
}

/// How often a call is made, not counting pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Per {
    /// Once an account.
    Account,
    /// Once in every region.
    Region,
    /// Once for each thing that another call of its service lists: the operation, and where in its answer the name is.
    Each { of: &'static str, name: &'static str },
}

/// One call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    /// The service as the AWS CLI names it.
    pub(super) service: &'static str,
    /// The operation as the AWS CLI names it.
    pub(super) operation: &'static str,
    /// The action that a policy must allow.
    pub(super) action: &'static str,
    /// How often it is made.
    pub(super) per: Per,
    /// How it is written on the wire.
    pub(super) wire: Wire,
    /// The parameter that takes the item, for a call that is made for each of many.
    pub(super) item: &'static str,
    /// Fixed parameters, as `name=value`.
    pub(super) parameters: &'static [&'static str],
    /// The parameter that takes the marker of the next page, and where the answer has it; empty for answers of one page.
    pub(super) paging: (&'static str, &'static str),
    /// The name at the top of the answer by which a file of it is recognised; empty where the name of the file must say.
    pub(super) key: &'static str,
    /// What it tells, in words.
    pub(super) what: &'static str,
    /// The facts that are unknown without it.
    pub(super) blinds: &'static [FactKind],
}

impl Call {
    /// A call of one page, once an account, that leaves no fact unknown when it fails.
    pub(super) const fn new(
        service: &'static str,
        operation: &'static str,
        action: &'static str,
        what: &'static str,
        wire: Wire,
    ) -> Self {
        let (item, key, parameters): (_, _, &'static [&'static str]) = ("", "", &[]);
        let (per, paging, blinds): (_, _, &'static [FactKind]) = (Per::Account, ("", ""), &[]);
        Self { service, operation, action, per, wire, item, parameters, paging, key, what, blinds }
    }

    pub(super) const fn per(mut self, per: Per) -> Self {
        self.per = per;
        self
    }

    /// Made for each name that another operation lists, given as this parameter.
    pub(super) const fn each(mut self, of: &'static str, name: &'static str, item: &'static str) -> Self {
        self.per = Per::Each { of, name };
        self.item = item;
        self
    }

    pub(super) const fn pages(mut self, input: &'static str, output: &'static str) -> Self {
        self.paging = (input, output);
        self
    }

    pub(super) const fn key(mut self, key: &'static str) -> Self {
        self.key = key;
        self
    }

    pub(super) const fn with(mut self, parameters: &'static [&'static str]) -> Self {
        self.parameters = parameters;
        self
    }

    pub(super) const fn blinds(mut self, blinds: &'static [FactKind]) -> Self {
        self.blinds = blinds;
        self
    }

    /// Whether two are the same call; of several with different parameters each is one.
    pub(super) fn is(&self, other: &Call) -> bool {
        (self.service, self.operation) == (other.service, other.operation)
    }

    /// The AWS CLI's command that writes the same answer, and the file it is best kept in.
    pub(super) fn command(&self) -> String {
        let item = match self.per {
            Per::Each { .. } => ".NAME",
            Per::Region => ".REGION",
            Per::Account => "",
        };
        let flag: String = match self.per {
            Per::Each { .. } => format!(" --{} NAME", kebab(self.item)),
            Per::Region => " --region REGION".to_owned(),
            Per::Account => String::new(),
        };
        let Self { service, operation, .. } = self;
        let flags: String = self.parameters.iter().map(|parameter| flag_of(parameter)).collect();
        format!("aws {service} {operation}{flag}{flags} > {service}.{operation}{item}.json")
    }
}

/// A fixed parameter as the CLI takes it; parts of a structure are joined by the user.
fn flag_of(parameter: &str) -> String {
    let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
    match name.split_once("[].") {
        Some(("LookupAttributes", "AttributeKey")) => format!(" --lookup-attributes AttributeKey={value}"),
        Some((_, part)) => format!(",{part}={value}"),
        None if value == "true" => format!(" --{}", kebab(name)),
        None => format!(" --{} {value}", kebab(name.trim_end_matches("[]"))),
    }
}

/// `userName` and `UserName` as the CLI writes a flag.
fn kebab(name: &str) -> String {
    let mut flag = String::new();
    for (position, letter) in name.chars().enumerate() {
        if letter.is_ascii_uppercase() && position > 0 {
            flag.push('-');
        }
        flag.push(letter.to_ascii_lowercase());
    }
    flag
}

/// Every call, service by service.
pub(super) fn all() -> impl Iterator<Item = &'static Call> {
    services::SERVICES.iter().flat_map(|service| service.calls)
}

/// The call that a file is an answer of, by its name (`lambda.get-policy.resize.json`), with the region and the items that
/// the name and the folders above it say.
pub(super) fn by_name(path: &Path) -> Option<(&'static Call, String, Vec<String>)> {
    let stem = path.file_name()?.to_str()?.strip_suffix(".json")?;
    let named = |call: &&Call| {
        let rest = stem.strip_prefix(call.service)?.strip_prefix('.')?.strip_prefix(call.operation)?;
        (rest.is_empty() || rest.starts_with('.')).then(|| rest.trim_start_matches('.').to_owned())
    };
    let (call, rest) =
        all().filter(|call| !matches!(call.wire, Wire::Sdk)).find_map(|call| Some((call, named(&call)?)))?;
    let (first, behind) = rest.split_once('.').unwrap_or((rest.as_str(), ""));
    let (region, item) =
        if is_region(first) { (first.to_owned(), behind) } else { (folder_region(path), rest.as_str()) };
    let items = if item.is_empty() { Vec::new() } else { vec![item.to_owned()] };
    Some((call, region, items))
}

/// The call that an answer is of, by the names at its top.
pub(super) fn by_key<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Option<&'static Call> {
    all().find(|call| !call.key.is_empty() && names.clone().any(|name| name == call.key))
}

/// The region that a folder above a file is called by; empty when none is.
pub(super) fn folder_region(path: &Path) -> String {
    let folders = path.parent().into_iter().flat_map(Path::components).rev();
    let names = folders.filter_map(|part| part.as_os_str().to_str());
    names.take(3).find(|name| is_region(name)).unwrap_or_default().to_owned()
}

/// Whether a text has the form of a region: `eu-central-1`, `us-gov-west-1`.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let is_word = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    let [area, middle @ .., number] = parts.as_slice() else { return false };
    area.len() == 2
        && matches!(middle.len(), 1 | 2)
        && middle.iter().chain([area]).all(is_word)
        && number.len() == 1
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// The policy that allows every call and nothing else, as JSON.
pub fn permissions() -> String {
    let actions: BTreeSet<&str> = all().map(|call| call.action).filter(|action| !action.is_empty()).collect();
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{ "Sid": "NonhumanReadOnly", "Effect": "Allow", "Action": actions, "Resource": "*" }],
    });
    serde_json::to_string_pretty(&policy).unwrap_or_default()
}

/// The calls that a scan of one account makes, a line each.
pub fn plan() -> String {
    let mut text =
        String::from("CALL                                                   TIMES                         TELLS\n");
    for call in all() {
        let times = match call.per {
            Per::Account => "once".to_owned(),
            Per::Region => "once a region".to_owned(),
            Per::Each { of, .. } => format!("each of {of}"),
        };
        let pages = if call.paging.0.is_empty() { "" } else { ", paged" };
        let _ = writeln!(text, "{:<54} {:<29} {}", call.action, format!("{times}{pages}"), call.what);
    }
    text.push_str("\nThe same as files, for --aws-export DIR; one folder an account:\n");
    for call in all() {
        let _ = writeln!(text, "  {}", call.command());
    }
    text
}
