//! What the answers of services become: workloads, settings, policies of resources, and text that is searched for secrets.
//! It must not judge what a policy allows.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::answer::{Answer, tags, text};
use super::document;
use super::records::Projection;
use super::services::identity_center::Center;
use super::site::Site;
use crate::model::{
    Attributes, Credential, CredentialKind, Evidence, FactKind, Grant, GrantKind, Known, Outcome, Policy,
    PolicyLanguage, Record, Setting, SettingKind, Urn, Workload, WorkloadKind,
};

/// Text found on the way, such as an environment or user data.
pub(super) struct FoundText {
    /// Where it lies in the account: `lambda/eu-central-1/resize/environment`.
    pub(super) place: String,
    /// The text.
    pub(super) text: String,
}

/// What several answers of Organizations say together.
#[derive(Debug, Default)]
pub(super) struct Organization {
    /// The unit or root above each account and unit.
    pub(super) parents: BTreeMap<String, String>,
    /// Policies and where they are attached.
    pub(super) targets: Vec<(String, String)>,
    /// The kinds of policies.
    pub(super) kinds: BTreeMap<String, GrantKind>,
}

/// What was noted of one account.
pub(super) struct Notes<'a> {
    /// The account.
    pub(super) site: &'a Site,
    /// Roles by instance profile.
    pub(super) profiles: &'a BTreeMap<String, BTreeSet<String>>,
    /// Users and their ARNs by name.
    pub(super) users: &'a BTreeMap<String, String>,
    /// The signing certificates that the credential report shows, by user: slot and the second of their upload.
    pub(super) certificates: &'a BTreeMap<String, Vec<(u8, i64)>>,
    /// ARNs of the users and roles that were read.
    pub(super) known: &'a BTreeSet<String>,
    /// What was read of the organisation so far.
    pub(super) organization: Organization,
    /// What was read of IAM Identity Center so far.
    pub(super) center: Center,
    /// The records.
    pub(super) records: Vec<Record>,
    /// Text to be searched.
    pub(super) texts: Vec<FoundText>,
    /// How many items of the answer at hand were read, and the positions of those that could not be.
    count: u64,
    wrong: Vec<usize>,
}

impl<'a> Notes<'a> {
    /// Nothing noted yet.
    pub(super) fn new(projection: &'a Projection) -> Self {
        Self {
            site: &projection.site,
            profiles: &projection.profiles,
            users: &projection.users,
            certificates: &projection.certificates,
            known: &projection.known,
            organization: Organization::default(),
            center: Center::default(),
            records: Vec::new(),
            texts: Vec::new(),
            count: 0,
            wrong: Vec::new(),
        }
    }

    /// Whether a user or role of this ARN was read.
    pub(super) fn is_known(&self, arn: &str) -> bool {
        self.known.contains(arn)
    }

    /// The user or role that a text names: by its ARN, as `role.NAME` or `user.NAME`, or by the bare name, roles first.
    pub(super) fn actor(&self, name: &str) -> Option<String> {
        if self.is_known(name) {
            return Some(name.to_owned());
        }
        let (kind, name) =
            name.split_once('.').filter(|(kind, _)| matches!(*kind, "role" | "user")).unwrap_or(("", name));
        let fits = |arn: &&String| {
            arn.rsplit('/').next() == Some(name) && (kind.is_empty() || arn.contains(&format!(":{kind}/")))
        };
        self.known.iter().find(fits).cloned()
    }

    /// Notes that an answer is about nothing that was read, or is not finished.
    pub(super) fn misplaced(&mut self) {
        self.wrong.push(1);
    }

    /// Counts an answer that has no list.
    pub(super) fn counted(&mut self) {
        self.count += 1;
    }

    /// The items of a list of the answer that have one of these names; what has none is counted as unreadable.
    pub(super) fn items<'v>(&mut self, answer: &'v Answer, name: &str, names: &[&str]) -> Vec<&'v Value> {
        let mut good = Vec::new();
        let items = match answer.value.get(name) {
            Some(Value::Array(items)) => items.as_slice(),
            None | Some(Value::Null) => &[],
            Some(_) => {
                self.wrong.push(0);
                &[]
            }
        };
        for (position, item) in (1..).zip(items) {
            match names.iter().any(|name| !text(item, name).is_empty()) {
                true => good.push(item),
                false => self.wrong.push(position),
            }
        }
        self.count += good.len() as u64;
        good
    }

    /// The one thing that an answer is about, when it has one of these names.
    pub(super) fn one<'v>(&mut self, answer: &'v Answer, pointer: &str, names: &[&str]) -> Option<&'v Value> {
        let found = answer.value.pointer(pointer).filter(|one| names.iter().any(|name| !text(one, name).is_empty()));
        match found {
            Some(_) => self.count += 1,
            None if is_nothing(&answer.value) => {}
            None => self.wrong.push(1),
        }
        found
    }

    /// How many items of the answers since the last time were read, and the positions of those that could not be.
    pub(super) fn tally(&mut self) -> (u64, Vec<usize>) {
        (std::mem::take(&mut self.count), std::mem::take(&mut self.wrong))
    }

    /// Where something of an answer was seen.
    pub(super) fn seen(&self, answer: &Answer, object: &str) -> Evidence {
        self.site.evidence(&answer.origin, answer.call.action, object)
    }

    /// The ARN of a thing of which the answer gives only the name.
    pub(super) fn arn(&self, service: &str, region: &str, resource: &str) -> String {
        let account = &self.site.account;
        format!("arn:{}:{service}:{region}:{}:{resource}", account.partition, account.id)
    }

    /// The role of a name or an ARN: some services take either.
    pub(super) fn role(&self, name: &str) -> Option<Urn> {
        match name {
            "" => None,
            arn if arn.starts_with("arn:") => Some(Urn::new(arn)),
            name => Some(Urn::new(self.site.account.iam_arn(&format!("role/{}", name.trim_start_matches('/'))))),
        }
    }

    /// Notes a workload.
    pub(super) fn workload(
        &mut self,
        kind: WorkloadKind,
        id: (&str, &str),
        runs_as: Vec<Urn>,
        attributes: Attributes,
        from: (&Answer, &Value),
    ) {
        let (arn, name) = id;
        let mut runs_as = runs_as;
        runs_as.sort();
        runs_as.dedup();
        let evidence = self.seen(from.0, name);
        self.records.push(Record::Workload(Workload {
            id: Urn::new(arn),
            kind,
            tenant: self.site.account.id.clone(),
            name: name.to_owned(),
            runs_as,
            labels: tags(from.1),
            attributes,
            evidence,
        }));
    }

    /// Notes a setting.
    pub(super) fn setting(
        &mut self,
        kind: SettingKind,
        id: (&str, &str),
        part_of: Option<&str>,
        attributes: Attributes,
        from: (&Answer, &Value),
    ) {
        let evidence = self.seen(from.0, id.1);
        self.records.push(Record::Setting(Setting {
            id: Urn::new(id.0),
            kind,
            tenant: self.site.account.id.clone(),
            name: id.1.to_owned(),
            part_of: part_of.map(Urn::new),
            labels: tags(from.1),
            attributes,
            evidence,
        }));
    }

    /// A credential of which the name and the kind are known.
    pub(super) fn credential(
        &self,
        kind: CredentialKind,
        id: (&str, &str),
        holder: &str,
        evidence: Evidence,
    ) -> Credential {
        Credential {
            id: Urn::new(id.0),
            kind,
            holder: Urn::new(holder),
            tenant: self.site.account.id.clone(),
            name: id.1.to_owned(),
            active: Known::Value(true),
            created: Known::Absent,
            expires: Known::Absent,
            fingerprint: None,
            attributes: Attributes::default(),
            evidence,
        }
    }

    /// Notes the policy of a resource: the document, who holds it, and a setting that rules can ask about.
    pub(super) fn resource_policy(
        &mut self,
        service: &str,
        arn: &str,
        name: &str,
        raw: Option<&Value>,
        answer: &Answer,
    ) {
        self.count += 1;
        if raw.is_none_or(|raw| raw.is_null() || raw.as_str() == Some("")) {
            return;
        }
        let id = format!("{arn}#policy");
        let attributes = Attributes::default().with(crate::model::AttributeName::Form, service);
        self.setting(SettingKind::AwsResourcePolicy, (&id, name), Some(arn), attributes, (answer, &Value::Null));
        self.policy((&id, name), arn, GrantKind::Resource, raw, answer);
    }

    /// Notes a document and the grant of it to a holder.
    fn policy(&mut self, id: (&str, &str), holder: &str, kind: GrantKind, raw: Option<&Value>, answer: &Answer) {
        self.document(id, raw, answer);
        let evidence = self.seen(answer, id.1);
        self.records.push(Record::Grant(Grant {
            id: Urn::new(format!("{holder}#{kind}/{}", id.0)),
            to: Urn::new(holder),
            policy: Urn::new(id.0),
            kind,
            tenant: self.site.account.id.clone(),
            scope: "account".to_owned(),
            via: Vec::new(),
            evidence,
        }));
    }

    /// Notes a document, or the hole that it is when it cannot be decoded.
    pub(super) fn document(&mut self, id: (&str, &str), raw: Option<&Value>, answer: &Answer) {
        let evidence = self.seen(answer, id.1);
        self.records.push(match document::decode(raw) {
            Ok(document) => Record::Policy(Policy {
                id: Urn::new(id.0),
                name: id.1.to_owned(),
                language: PolicyLanguage::AwsIam,
                tenant: self.site.account.id.clone(),
                builtin: id.0.ends_with("/p-FullAWSAccess") || id.0.ends_with("/p-RCPFullAWSAccess"),
                document: document.into(),
                other_versions: Vec::new(),
                evidence,
            }),
            Err(why) => {
                let what = format!("policy {}", id.0);
                let hole = self.site.hole(&what, Outcome::Failed, format!("{why} ({})", evidence.location));
                Record::Coverage(hole.blinds(&[FactKind::Settings]).remedy("read it again"))
            }
        });
    }

    /// Notes text to be searched for secrets.
    pub(super) fn text(&mut self, place: String, text: String) {
        if !text.trim().is_empty() {
            self.texts.push(FoundText { place, text });
        }
    }

    /// Notes an environment: names and values, a line each, so that a value is judged with its name.
    pub(super) fn environment(&mut self, place: String, variables: impl Iterator<Item = (String, String)>) {
        let lines: Vec<String> =
            variables.map(|(name, value)| format!("{name}={}", value.replace('\n', "\\n"))).collect();
        self.text(place, lines.join("\n"));
    }
}

/// Whether an answer says that there is none.
fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty)
}

/// The variables of an object.
pub(super) fn variables(value: Option<&Value>) -> Vec<(String, String)> {
    let object = value.and_then(Value::as_object).into_iter().flatten();
    object.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}

/// The variables of a list of names and values.
pub(super) fn named_values(list: &[Value]) -> Vec<(String, String)> {
    let named = list.iter().map(|one| (text(one, "name").to_owned(), text(one, "value").to_owned()));
    named.filter(|(name, _)| !name.is_empty()).collect()
}

/// The region of an ARN; empty where it has none.
pub(super) fn region_of(arn: &str) -> &str {
    if arn.starts_with("arn:") { arn.split(':').nth(3).unwrap_or_default() } else { "" }
}

/// The last part of an ARN or path.
pub(super) fn last_part(arn: &str) -> &str {
    arn.rsplit(['/', ':']).next().unwrap_or(arn)
}
