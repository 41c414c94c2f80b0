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
    /// The kinds of things that those facts are of; empty where they are of all.
    pub(super) kinds: &'static [&'static str],
    /// The error by which it says that there is none of it; empty where it has an answer for that.
    pub(super) none: &'static str,
    /// It names what all the calls above it are about, too. Paths and forms say so themselves.
    within: bool,
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
        let kinds: &'static [&'static str] = &[];
        let (none, within) = ("", false);
        Self { service, operation, action, per, wire, item, parameters, paging, key, what, blinds, kinds, none, within }
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

    /// Of things of which kinds it tells.
    pub(super) const fn of(mut self, kinds: &'static [&'static str]) -> Self {
        self.kinds = kinds;
        self
    }

    /// Whether two are the same call; of several with different parameters each is one.
    pub(super) fn is(&self, other: &Call) -> bool {
        (self.service, self.operation) == (other.service, other.operation)
    }

    /// A call that answers with this error where there is none of it.
    pub(super) const fn or_none(mut self, error: &'static str) -> Self {
        self.none = error;
        self
    }

    /// A call that names what all the calls above it are about, too.
    pub(super) const fn within(mut self) -> Self {
        self.within = true;
        self
    }

    /// The call that lists what this one is made for: of its own service, else of another.
    pub(super) fn parent(&self) -> Option<&'static Call> {
        let Per::Each { of, .. } = self.per else { return None };
        let named = || all().filter(|call| call.operation == of);
        named().find(|call| call.service == self.service).or_else(|| named().next())
    }

    fn is_regional(&self) -> bool {
        match self.per {
            Per::Account => false,
            Per::Region => true,
            Per::Each { .. } => self.parent().is_some_and(Call::is_regional),
        }
    }

    /// The calls above it of which it names what they are about, too, outermost first.
    pub(super) fn outers(&self) -> Vec<&'static Call> {
        let most = match self.wire {
            _ if self.is_second_half() => 0,
            Wire::Get { path } | Wire::Post { path } => path.matches("{}").count().saturating_sub(1),
            Wire::Query { .. } => 1,
            _ if self.within => usize::MAX,
            _ => 0,
        };
        let parents = std::iter::successors(self.parent(), |call| call.parent());
        let mut outers: Vec<&Call> = parents.take_while(|call| !call.item.is_empty()).take(most).collect();
        outers.reverse();
        outers
    }

    /// Whether it gets what another call began: it names the job alone, and its file what that job is about.
    fn is_second_half(&self) -> bool {
        matches!(self.per, Per::Each { name, .. } if !name.is_empty() && !name.contains('*'))
    }

    /// The AWS CLI's command that writes the same answer, and the file it is best kept in.
    pub(super) fn command(&self) -> String {
        let Self { service, operation, .. } = self;
        let mut flags = String::new();
        if self.is_regional() {
            flags.push_str(" --region REGION");
        }
        let outers: Vec<String> = self.outers().iter().map(|outer| kebab(outer.item)).collect();
        let outer_names: Vec<String> = outers.iter().map(|flag| flag.to_uppercase()).collect();
        for (flag, name) in outers.iter().zip(&outer_names) {
            let _ = write!(flags, " --{flag} {name}");
        }
        if matches!(self.per, Per::Each { .. }) {
            let flag = kebab(self.item.trim_end_matches("[]"));
            let value = if self.is_second_half() { flag.to_uppercase() } else { "NAME".to_owned() };
            let _ = write!(flags, " --{flag} {value}");
        }
        flags.push_str(&fixed(self.parameters));
        let is_one_of = all().filter(|call| self.is(call)).count() > 1;
        let variant = self.parameters.last().filter(|_| is_one_of).and_then(|last| last.rsplit('=').next());
        let mut file = format!("{service}.{operation}");
        let parts = [variant, self.is_regional().then_some("REGION")].into_iter().flatten();
        let name = matches!(self.per, Per::Each { .. }).then_some("NAME");
        let parts = parts.chain(outer_names.iter().map(String::as_str)).chain(name);
        parts.for_each(|part| file.extend([".", part]));
        // Where there is none of it the CLI writes an error and no answer.
        let none = match self.none {
            "" => String::new(),
            error => format!(" 2> {file}.err || grep -q {error} {file}.err && echo null > {file}.json"),
        };
        format!("aws {service} {operation}{flags} > {file}.json{none}")
    }
}

/// Fixed parameters as the CLI takes them: the values of a list behind one flag, the parts of a structure joined.
fn fixed(parameters: &[&str]) -> String {
    let mut text = String::new();
    let mut last = "";
    for parameter in parameters {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let _ = match name.split_once("[].") {
            Some((list, part)) if list == last => write!(text, ",{part}={value}"),
            Some((list, part)) => write!(text, " --{} {part}={value}", kebab(list)),
            None if name == last => write!(text, " {value}"),
            None if value == "true" => write!(text, " --{}", kebab(name)),
            None => write!(text, " --{} {value}", kebab(name.trim_end_matches("[]"))),
        };
        last = name.split_once("[].").map_or(name, |(list, _)| list);
    }
    text
}

/// `userName`, `UserName` and `OpenIDConnectProviderArn` as the CLI writes a flag.
fn kebab(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut flag = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| letters.get(at));
        let begins = before.is_some_and(|before| {
            before.is_ascii_lowercase() || letters.get(at + 1).is_some_and(char::is_ascii_lowercase)
        });
        if letter.is_ascii_uppercase() && begins {
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

/// Of task definitions only the newest of each family: they come newest first, and old ones run nothing new.
pub(super) fn newest(call: &Call, names: Vec<String>) -> Vec<String> {
    if call.operation != "describe-task-definition" {
        return names;
    }
    let mut seen = BTreeSet::new();
    let family = |arn: &String| arn.rsplit_once(':').map_or(arn.clone(), |(family, _)| family.to_owned());
    names.into_iter().filter(|arn| seen.insert(family(arn))).collect()
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
    text.push_str("\nThe same as files, for --aws-export DIR; one folder an account (what is in capitals stands for\neach that there is; a file that holds null says that there is none):\n");
    for call in all() {
        let _ = writeln!(text, "  {}", call.command());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::all;

    /// The CLI has no `--arn` for the second half of a job, and reads a trail to its end unless a page is asked for.
    #[test]
    fn commands_have_the_arguments_of_the_cli() {
        let commands: Vec<String> = all().map(super::Call::command).collect();
        let of = |operation: &str| commands.iter().filter(|one| one.contains(operation)).collect::<Vec<_>>();
        let job = "aws iam get-service-last-accessed-details --job-id JOB-ID > iam.get-service-last-accessed-details.NAME.json";
        assert_eq!(of("get-service-last-accessed-details"), [job]);
        assert!(of("lookup-events").iter().all(|one| one.contains(" --max-results 50 ")), "{:?}", of("lookup-events"));
        let key = "aws iam get-ssh-public-key --user-name USER-NAME --ssh-public-key-id NAME";
        assert!(of("get-ssh-public-key").iter().all(|one| one.starts_with(key)), "{:?}", of("get-ssh-public-key"));
    }
}
