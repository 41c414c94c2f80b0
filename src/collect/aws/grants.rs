//! From attached and inline policies, groups and boundaries to policies and grants. It must not judge what they allow.

use super::arn::is_aws_managed;
use super::document;
use super::export::{Attached, Boundary, InlinePolicy, ManagedPolicy, User};
use super::managed;
use super::records::{CALL, Projection};
use super::site::{Origin, some_of};
use crate::model::{Evidence, FactKind, Grant, GrantKind, Outcome, Policy, PolicyLanguage, PolicyVersion, Record, Urn};
use serde_json::value::RawValue;

/// What the members of a group hold through it.
#[derive(Clone, Debug)]
pub(super) struct GroupPolicies {
    /// The group.
    pub(super) group: Urn,
    /// Its policies, inline and attached.
    pub(super) policies: Vec<Urn>,
    /// Where the group was seen.
    pub(super) seen: Evidence,
}

impl Projection {
    /// Sends a managed policy with the document of its default version.
    pub(super) fn managed_policy(&mut self, policy: &ManagedPolicy, origin: &Origin, out: &mut Vec<Record>) {
        let name = match policy.name.as_str() {
            "" => policy.arn.rsplit('/').next().unwrap_or_default(),
            name => name,
        };
        let seen = self.site.evidence(origin, CALL, &format!("Policies/{name}"));
        self.seen_policies.insert(policy.arn.clone());
        let remedy = format!(
            "read it again: aws iam get-policy-version --policy-arn {} --version-id {}",
            policy.arn,
            policy.default_version.as_deref().unwrap_or("v1")
        );
        self.policy(Urn::new(&policy.arn), name, policy.document(), &seen, &remedy, out);
        if let Some(Record::Policy(sent)) = out.last_mut()
            && sent.id.as_str() == policy.arn
            && !sent.builtin
        {
            sent.other_versions = other_versions(policy);
        }
    }

    /// Sends the inline policies of an identity, each with its grant; gives back their names.
    pub(super) fn inline_policies(
        &mut self,
        holder: &Urn,
        policies: &[InlinePolicy],
        seen: &Evidence,
        out: &mut Vec<Record>,
    ) -> Vec<Urn> {
        let names = policies.iter().map(|policy| {
            let id = Urn::new(format!("{holder}#inline/{}", policy.name));
            let remedy = format!("read the inline policy {} of {holder} again", policy.name);
            self.policy(id.clone(), &policy.name, policy.document.as_deref(), seen, &remedy, out);
            out.push(Record::Grant(self.grant(holder, &id, GrantKind::Policy, None, seen)));
            id
        });
        names.collect()
    }

    /// Sends the grants of attached managed policies; gives back their names.
    pub(super) fn attached(
        &mut self,
        holder: &Urn,
        policies: &[Attached],
        seen: &Evidence,
        out: &mut Vec<Record>,
    ) -> Vec<Urn> {
        let mut names = Vec::with_capacity(policies.len());
        for policy in policies {
            let id = Urn::new(&policy.arn);
            self.named_policies.insert(policy.arn.clone());
            out.push(Record::Grant(self.grant(holder, &id, GrantKind::Policy, None, seen)));
            names.push(id);
        }
        names
    }

    /// Sends the grant of a permissions boundary.
    pub(super) fn boundary(
        &mut self,
        holder: &Urn,
        boundary: Option<&Boundary>,
        seen: &Evidence,
        out: &mut Vec<Record>,
    ) {
        if let Some(boundary) = boundary.filter(|boundary| !boundary.arn.is_empty()) {
            self.named_policies.insert(boundary.arn.clone());
            out.push(Record::Grant(self.grant(holder, &Urn::new(&boundary.arn), GrantKind::Boundary, None, seen)));
        }
    }

    /// Notes the groups of a user and sends what it holds through those that were seen already.
    pub(super) fn memberships(&mut self, user: &User, seen: &Evidence, out: &mut Vec<Record>) {
        for group in &user.groups {
            self.members.entry(group.clone()).or_default().insert(user.arn.clone());
            if let Some(held) = self.groups.get(group) {
                out.extend(self.member_grants(&user.arn, held, seen));
            }
        }
    }

    /// Notes a group and sends what the members that were seen already hold through it.
    pub(super) fn group_grants(&mut self, name: &str, held: GroupPolicies, out: &mut Vec<Record>) {
        for member in self.members.get(name).into_iter().flatten() {
            out.extend(self.member_grants(member, &held, &held.seen));
        }
        self.groups.insert(name.to_owned(), held);
    }

    fn member_grants(&self, member: &str, held: &GroupPolicies, seen: &Evidence) -> Vec<Record> {
        let member = Urn::new(member);
        let grant = |policy| self.grant(&member, policy, GrantKind::Policy, Some(&held.group), seen);
        held.policies.iter().map(|policy| Record::Grant(grant(policy))).collect()
    }

    /// Says which policies and groups were named but never came. Only for pages that are all there: otherwise the
    /// missing pages are the hole.
    pub(super) fn dangling(&self) -> Vec<Record> {
        let missing = self.named_policies.difference(&self.seen_policies).map(String::as_str);
        let (managed, own): (Vec<&str>, Vec<&str>) = missing.partition(|arn| is_aws_managed(arn));
        let (mut records, managed) = managed::known(&managed, &self.site);
        let groups: Vec<&str> =
            self.members.keys().filter(|name| !self.groups.contains_key(*name)).map(String::as_str).collect();
        let kinds = [
            ("AWS-managed policies", Outcome::NotRead, managed),
            ("customer-managed policies", Outcome::Partial, own),
            ("groups", Outcome::Partial, groups),
        ];
        let entries = kinds.into_iter().filter(|(_, _, names)| !names.is_empty()).map(|(what, outcome, names)| {
            let detail = format!("{} are in use but not in the answer: {}", names.len(), some_of(&names));
            let remedy = "export all of the account, without --filter: aws iam get-account-authorization-details";
            Record::Coverage(self.site.hole(what, outcome, detail).blinds(&[FactKind::Grants]).remedy(remedy))
        });
        records.extend(entries);
        records
    }

    /// Sends a policy, or the hole that its unreadable document is.
    fn policy(
        &mut self,
        id: Urn,
        name: &str,
        raw: Option<&RawValue>,
        seen: &Evidence,
        remedy: &str,
        out: &mut Vec<Record>,
    ) {
        let decoded = document::read(raw);
        if let Ok(document) = &decoded {
            self.note_git(&id, document);
        }
        match decoded {
            Ok(document) => out.push(Record::Policy(Policy {
                builtin: is_aws_managed(id.as_str()),
                id,
                name: name.to_owned(),
                language: PolicyLanguage::AwsIam,
                tenant: self.site.account.id.clone(),
                document: document.into(),
                other_versions: Vec::new(),
                evidence: seen.clone(),
            })),
            Err(why) => {
                let what = format!("policy {id}");
                let hole = self.site.hole(&what, Outcome::Failed, format!("{why} ({})", seen.location));
                out.push(Record::Coverage(hole.blinds(&[FactKind::Grants]).remedy(remedy)));
            }
        }
    }

    fn grant(&self, to: &Urn, policy: &Urn, kind: GrantKind, via: Option<&Urn>, seen: &Evidence) -> Grant {
        let id = match via {
            None => format!("{to}#{kind}/{policy}"),
            Some(group) => format!("{to}#{kind}/{policy}#via/{group}"),
        };
        Grant {
            id: Urn::new(id),
            to: to.clone(),
            policy: policy.clone(),
            kind,
            tenant: self.site.account.id.clone(),
            scope: "account".to_owned(),
            via: via.into_iter().cloned().collect(),
            evidence: seen.clone(),
        }
    }
}

/// The versions to which somebody may go back; one that cannot be read is as good as none.
fn other_versions(policy: &ManagedPolicy) -> Vec<PolicyVersion> {
    let read = |(id, raw)| Some(PolicyVersion { name: id, document: document::read(Some(raw)).ok()?.into() });
    policy.others().filter_map(read).collect()
}
