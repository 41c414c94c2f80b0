//! Builds model records straight from an account authorization export, without the collector.

use std::collections::BTreeMap;

use nonhuman::access::aws::{CapabilityTable, Library, Principal, Surroundings, Techniques, Ways};
use nonhuman::model::{
    Capability, EscalationPath, Evidence, Identity, IdentityKind, Known, Location, Policy, PolicyLanguage,
    PolicyVersion, Trust, Urn,
};
use serde_json::{Value, json};

/// The techniques as the program embeds them.
pub(crate) fn techniques() -> Techniques {
    Techniques::parse(&fixture("rules/facts/aws-escalation.toml")).unwrap()
}

/// What rights amount to, as the program embeds it.
pub(crate) fn table() -> CapabilityTable {
    CapabilityTable::parse(&fixture("rules/facts/aws-capabilities.toml")).unwrap()
}

/// What an identity's policies amount to.
pub(crate) fn capabilities(principal: &Principal<'_>) -> Vec<Capability> {
    nonhuman::access::aws::capabilities(principal, &Library::default(), &table())
}

/// What one policy amounts to.
pub(crate) fn policy_capabilities(policy: &Policy) -> Vec<Capability> {
    nonhuman::access::aws::policy_capabilities(policy, &Library::default(), &table())
}

/// The ways to administrator.
pub(crate) fn escalations(principals: &[Principal<'_>]) -> BTreeMap<Urn, Vec<EscalationPath>> {
    ways(principals, &Surroundings::default()).to_administrator
}

/// The ways to more than was given.
pub(crate) fn ways(principals: &[Principal<'_>], around: &Surroundings<'_>) -> Ways {
    nonhuman::access::aws::escalations(principals, &Library::default(), &table(), &techniques(), around)
}

/// A file of the repository.
pub(crate) fn fixture(path: &str) -> String {
    std::fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

pub(crate) fn evidence() -> Evidence {
    let location = Location::Export { file: "test".into(), object: "test".into() };
    Evidence { observed: "2026-11-22T00:00:00Z".parse().unwrap(), collector: "test".into(), location }
}

pub(crate) fn identity(kind: IdentityKind, id: &str, tenant: &str, name: &str) -> Identity {
    Identity {
        id: Urn::new(id),
        kind,
        tenant: tenant.to_owned(),
        name: name.to_owned(),
        enabled: Known::Value(true),
        created: Known::Absent,
        unique_id: None,
        builtin: false,
        attributes: nonhuman::model::Attributes::default(),
        labels: Default::default(),
        evidence: evidence(),
    }
}

pub(crate) fn policy(id: &str, tenant: &str, document: Value) -> Policy {
    let name = id.rsplit('/').next().unwrap().to_owned();
    let builtin = id.contains(":iam::aws:");
    Policy {
        id: Urn::new(id),
        name,
        language: PolicyLanguage::AwsIam,
        tenant: tenant.to_owned(),
        builtin,
        document: document.into(),
        other_versions: Vec::new(),
        evidence: evidence(),
    }
}

pub(crate) fn trust(of: &str, tenant: &str, document: Value) -> Trust {
    Trust {
        of: Urn::new(of),
        language: PolicyLanguage::AwsIam,
        tenant: tenant.to_owned(),
        document: document.into(),
        evidence: evidence(),
    }
}

/// An account, or several.
#[derive(Default)]
pub(crate) struct Account {
    identities: Vec<Identity>,
    policies: BTreeMap<String, Policy>,
    /// Policy ids by holder; a boundary stands apart.
    held: BTreeMap<Urn, Vec<String>>,
    boundaries: BTreeMap<Urn, String>,
    boundary_ids: BTreeMap<Urn, Urn>,
    /// The names of the groups of users.
    groups: BTreeMap<Urn, Vec<String>>,
    trusts: BTreeMap<Urn, Trust>,
    /// What runs as which role: pairs of ARNs.
    runs: Vec<(Urn, Urn)>,
    without_profile: Vec<Urn>,
    /// Users who sign in with a password, and those of them who are asked for a second factor.
    pub(crate) passwords: Vec<Urn>,
    pub(crate) with_second_factor: Vec<Urn>,
}

impl Account {
    /// Adds one export.
    pub(crate) fn read(&mut self, export: &Value) {
        for policy_entry in list(export, "Policies") {
            let versions = list(policy_entry, "PolicyVersionList");
            if let Some(version) = versions.iter().find(|version| version["IsDefaultVersion"] == json!(true)) {
                let arn = text(policy_entry, "Arn");
                let mut policy = policy(arn, &tenant(arn), version["Document"].clone());
                let others = versions.iter().filter(|version| version["IsDefaultVersion"] != json!(true));
                policy.other_versions = others
                    .map(|one| PolicyVersion {
                        name: text(one, "VersionId").to_owned(),
                        document: one["Document"].clone().into(),
                    })
                    .collect();
                self.policies.insert(arn.to_owned(), policy);
            }
        }
        let mut groups = BTreeMap::new();
        for entry in list(export, "GroupDetailList") {
            let held = self.add(entry, IdentityKind::AwsGroup, "GroupName", "GroupPolicyList");
            groups.insert(text(entry, "GroupName").to_owned(), held);
        }
        for entry in list(export, "UserDetailList") {
            let mut held = self.add(entry, IdentityKind::AwsUser, "UserName", "UserPolicyList");
            for group in list(entry, "GroupList") {
                held.extend(groups[group.as_str().unwrap()].iter().cloned());
            }
            let names = list(entry, "GroupList").iter().filter_map(Value::as_str).map(str::to_owned);
            self.groups.insert(Urn::new(text(entry, "Arn")), names.collect());
            self.held.insert(Urn::new(text(entry, "Arn")), held);
        }
        for entry in list(export, "RoleDetailList") {
            self.add(entry, IdentityKind::AwsRole, "RoleName", "RolePolicyList");
            let arn = text(entry, "Arn");
            let document = entry["AssumeRolePolicyDocument"].clone();
            self.trusts.insert(Urn::new(arn), trust(arn, &tenant(arn), document));
            if entry["InstanceProfileList"].as_array().is_some_and(Vec::is_empty) {
                self.without_profile.push(Urn::new(arn));
            }
            for profile in list(entry, "InstanceProfileList") {
                self.runs.push((Urn::new(text(profile, "Arn")), Urn::new(arn)));
            }
        }
    }

    fn add(&mut self, entry: &Value, kind: IdentityKind, name: &str, inline: &str) -> Vec<String> {
        let arn = text(entry, "Arn");
        self.identities.push(identity(kind, arn, &tenant(arn), text(entry, name)));
        let mut held: Vec<String> =
            list(entry, "AttachedManagedPolicies").iter().map(|policy| text(policy, "PolicyArn").to_owned()).collect();
        for entry in list(entry, inline) {
            let id = format!("{arn}#inline/{}", text(entry, "PolicyName"));
            self.policies.insert(id.clone(), policy(&id, &tenant(arn), entry["PolicyDocument"].clone()));
            held.push(id);
        }
        if let Some(boundary) = entry["PermissionsBoundary"]["PermissionsBoundaryArn"].as_str() {
            self.boundaries.insert(Urn::new(arn), boundary.to_owned());
            self.boundary_ids.insert(Urn::new(arn), Urn::new(boundary));
        }
        self.held.insert(Urn::new(arn), held.clone());
        held
    }

    /// Adds what runs as which role, or as the role of which instance profile.
    pub(crate) fn compute(&mut self, list: &Value) {
        for entry in list.as_array().into_iter().flatten() {
            let role = text(entry, "role");
            let profile =
                self.runs.iter().find(|(carrier, _)| carrier.as_str().ends_with(&format!("instance-profile/{role}")));
            let role = profile.map_or_else(|| Urn::new(role), |(_, role)| role.clone());
            self.runs.push((Urn::new(text(entry, "arn")), role));
        }
    }

    /// What runs as which role.
    pub(crate) fn surroundings(&self) -> Surroundings<'_> {
        let mut around = Surroundings::default();
        self.runs.iter().for_each(|(carrier, role)| around.carries(carrier, role));
        self.policies.values().for_each(|policy| around.keeps(policy));
        self.without_profile.iter().for_each(|role| around.has_no_profile(role));
        self.with_second_factor.iter().for_each(|user| around.has_mfa(user, Some(true)));
        self.passwords.iter().for_each(|user| around.credentials(user, 0, true, true));
        around
    }

    /// Everyone in it, ready to be asked about.
    pub(crate) fn principals(&self) -> Vec<Principal<'_>> {
        self.identities.iter().map(|identity| self.principal(identity)).collect()
    }

    fn principal<'s>(&'s self, identity: &'s Identity) -> Principal<'s> {
        let id = &identity.id;
        Principal {
            identity,
            policies: self.held[id].iter().filter_map(|id| self.policies.get(id)).collect(),
            missing_policies: Vec::new(),
            boundary_id: self.boundary_ids.get(id),
            groups: self.groups.get(id).map(|names| names.iter().map(String::as_str).collect()),
            guardrails: Vec::new(),
            resource_guardrails: Vec::new(),
            boundary: self.boundaries.get(id).map(|id| &self.policies[id]),
            trust: self.trusts.get(id),
        }
    }
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap()
}

fn tenant(arn: &str) -> String {
    arn.split(':').nth(4).unwrap().to_owned()
}
