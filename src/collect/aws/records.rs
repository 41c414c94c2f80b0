//! From account authorization details to records, page by page, for live and offline answers alike. It must not fetch
//! or read anything.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::document;
use super::export::{Authorization, Group, InstanceProfile, OidcProvider, Role, SamlProvider, User};
use super::grants::GroupPolicies;
use super::site::{Origin, Site, labels, time};
use crate::model::{
    AttributeName, Attributes, CoverageEntry, Evidence, FactKind, Identity, IdentityKind, Known, Outcome,
    PolicyLanguage, Record, Trust, Urn, Workload, WorkloadKind,
};

/// The call that account authorization details come from.
pub(super) const CALL: &str = "iam:GetAccountAuthorizationDetails";

/// How coverage calls them.
pub(super) const AUTHORIZATION: &str = "account authorization details";

/// What they tell.
pub(super) const AUTHORIZATION_FACTS: &[FactKind] =
    &[FactKind::Identities, FactKind::Grants, FactKind::Trusts, FactKind::Workloads];

/// Turns pages into records and remembers what later pages need: who is in which group, which policies were named.
pub(super) struct Projection {
    /// The account.
    pub(super) site: Site,
    /// User names and their ARNs, which hold the path that other answers leave out.
    pub(super) users: BTreeMap<String, String>,
    /// Roles by the ARN of the instance profile that hands them out.
    pub(super) profiles: BTreeMap<String, BTreeSet<String>>,
    /// ARNs of the users and roles that were seen.
    pub(super) known: BTreeSet<String>,
    /// The managed and inline policies of each user.
    pub(super) held: BTreeMap<String, Vec<Urn>>,
    /// The signing certificates that the credential report shows, by user: slot and the second of their upload.
    pub(super) certificates: BTreeMap<String, Vec<(u8, i64)>>,
    /// Policies that may allow the use of git repositories.
    pub(super) git_policies: BTreeSet<Urn>,
    /// Users and roles whose use of services may be asked for, with the last use of roles.
    pub(super) askable: Vec<(Option<Timestamp>, String)>,
    /// ARNs of members by group name.
    pub(super) members: BTreeMap<String, BTreeSet<String>>,
    /// Groups that were seen, by name.
    pub(super) groups: BTreeMap<String, GroupPolicies>,
    /// Managed policies that someone holds.
    pub(super) named_policies: BTreeSet<String>,
    /// Managed policies whose document was sent, or reported as undecodable.
    pub(super) seen_policies: BTreeSet<String>,
    /// How many entities were seen.
    pub(super) count: u64,
    /// How many users and roles were seen.
    pub(super) actors: u64,
    /// How many roles were seen.
    pub(super) roles: u64,
    /// The names of the lists that were in a page.
    pub(super) lists: BTreeSet<&'static str>,
    /// How many entities had no ARN or no name: the answer was cut or damaged there. The SDK reads XML that ends early without a word.
    pub(super) nameless: u64,
}

impl Projection {
    /// Nothing seen yet.
    pub(super) fn new(site: Site) -> Self {
        Self {
            site,
            users: BTreeMap::new(),
            profiles: BTreeMap::new(),
            known: BTreeSet::new(),
            held: BTreeMap::new(),
            certificates: BTreeMap::new(),
            git_policies: BTreeSet::new(),
            askable: Vec::new(),
            members: BTreeMap::new(),
            groups: BTreeMap::new(),
            named_policies: BTreeSet::new(),
            seen_policies: BTreeSet::new(),
            count: 0,
            actors: 0,
            roles: 0,
            lists: BTreeSet::new(),
            nameless: 0,
        }
    }

    /// The records of one page.
    pub(super) fn page(&mut self, page: &Authorization, origin: &Origin) -> Vec<Record> {
        let mut out = Vec::new();
        self.count += page.len();
        self.actors += (page.users.len() + page.roles.len()) as u64;
        self.roles += page.roles.len() as u64;
        self.lists.extend(page.lists());
        for user in self.named(&page.users, |user| [&user.arn, &user.name]) {
            self.user(user, origin, &mut out);
        }
        for group in self.named(&page.groups, |group| [&group.arn, &group.name]) {
            self.group(group, origin, &mut out);
        }
        for role in self.named(&page.roles, |role| [&role.arn, &role.name]) {
            self.role(role, origin, &mut out);
        }
        for policy in self.named(&page.policies, |policy| [&policy.arn, &policy.arn]) {
            self.managed_policy(policy, origin, &mut out);
        }
        out
    }

    /// The entities that have their names; the others are counted.
    fn named<'a, T>(&mut self, entities: &'a [T], names: fn(&T) -> [&String; 2]) -> Vec<&'a T> {
        let (whole, nameless): (Vec<&T>, Vec<&T>) =
            entities.iter().partition(|entity| names(entity).iter().all(|name| !name.is_empty()));
        self.nameless += nameless.len() as u64;
        whole
    }

    /// Why the pages cannot be the whole account, if they cannot.
    pub(super) fn fault(&self) -> Option<(Outcome, String)> {
        if self.nameless > 0 {
            let detail = format!("{} entities have no ARN or no name: the answer is cut or damaged", self.nameless);
            return Some((Outcome::Partial, detail));
        }
        let nobody = "no user and no role is in them, so they are not a whole account";
        (self.actors == 0).then(|| (Outcome::Failed, nobody.to_owned()))
    }

    /// What to say of pages that are all there.
    pub(super) fn end(&self) -> Vec<Record> {
        let mut out = vec![Record::Coverage(self.site.complete(AUTHORIZATION, self.count))];
        out.extend(self.dangling());
        out
    }

    /// The users and roles whose use of services is asked for first: those used last, then by name.
    #[cfg(feature = "aws")]
    pub(super) fn most_used(&self, most: usize) -> Vec<String> {
        let mut all: Vec<&(Option<Timestamp>, String)> = self.askable.iter().collect();
        all.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        all.into_iter().take(most).map(|(_, arn)| arn.clone()).collect()
    }

    fn user(&mut self, user: &User, origin: &Origin, out: &mut Vec<Record>) {
        let seen = self.site.evidence(origin, CALL, &format!("UserDetailList/{}", user.name));
        let mut attributes = Attributes::default();
        if !user.groups.is_empty() {
            attributes.set(AttributeName::Groups, user.groups.clone());
        }
        let identity = Identity {
            created: time(user.created.as_ref()),
            unique_id: user.unique_id.clone(),
            labels: labels(&user.tags),
            attributes,
            ..self.site.identity(IdentityKind::AwsUser, &user.arn, &user.name, seen.clone())
        };
        self.users.insert(user.name.clone(), user.arn.clone());
        self.known.insert(user.arn.clone());
        self.askable.push((None, user.arn.clone()));
        let mut held = self.inline_policies(&identity.id, &user.inline, &seen, out);
        held.extend(self.attached(&identity.id, &user.attached, &seen, out));
        self.held.insert(user.arn.clone(), held);
        self.boundary(&identity.id, user.boundary.as_ref(), &seen, out);
        self.memberships(user, &seen, out);
        out.push(Record::Identity(identity));
    }

    fn group(&mut self, group: &Group, origin: &Origin, out: &mut Vec<Record>) {
        let seen = self.site.evidence(origin, CALL, &format!("GroupDetailList/{}", group.name));
        let identity = Identity {
            created: time(group.created.as_ref()),
            unique_id: group.unique_id.clone(),
            ..self.site.identity(IdentityKind::AwsGroup, &group.arn, &group.name, seen.clone())
        };
        let mut policies = self.inline_policies(&identity.id, &group.inline, &seen, out);
        policies.extend(self.attached(&identity.id, &group.attached, &seen, out));
        self.group_grants(&group.name, GroupPolicies { group: identity.id.clone(), policies, seen }, out);
        out.push(Record::Identity(identity));
    }

    fn role(&mut self, role: &Role, origin: &Origin, out: &mut Vec<Record>) {
        let seen = self.site.evidence(origin, CALL, &format!("RoleDetailList/{}", role.name));
        let identity = Identity {
            created: time(role.created.as_ref()),
            unique_id: role.unique_id.clone(),
            // Service-linked roles, and those that IAM Identity Center makes for people.
            builtin: role.path.starts_with("/aws-service-role/") || role.path.starts_with("/aws-reserved/"),
            labels: labels(&role.tags),
            attributes: in_profiles(role),
            ..self.site.identity(IdentityKind::AwsRole, &role.arn, &role.name, seen.clone())
        };
        self.inline_policies(&identity.id, &role.inline, &seen, out);
        self.attached(&identity.id, &role.attached, &seen, out);
        self.boundary(&identity.id, role.boundary.as_ref(), &seen, out);
        self.trust(&identity.id, role, &seen, out);
        let last = match &role.last_used {
            None => Known::unknown("RoleLastUsed was not in the answer"),
            Some(used) => used.date.as_ref().map_or(Known::Absent, |date| time(Some(date))),
        };
        if !identity.builtin {
            self.askable.push((last.value().copied(), role.arn.clone()));
        }
        out.push(Record::Usage(self.site.role_use(&identity.id, last, &identity.created, seen.clone())));
        self.known.insert(role.arn.clone());
        for profile in role.instance_profiles.iter().flatten() {
            self.profiles.entry(profile.arn.clone()).or_default().insert(role.arn.clone());
            out.push(Record::Workload(self.instance_profile(profile, role, &seen)));
        }
        out.push(Record::Identity(identity));
    }

    fn trust(&self, of: &Urn, role: &Role, seen: &Evidence, out: &mut Vec<Record>) {
        match document::read(role.trust.as_deref()) {
            Ok(document) => out.push(Record::Trust(Trust {
                of: of.clone(),
                language: PolicyLanguage::AwsIam,
                tenant: self.site.account.id.clone(),
                document: document.into(),
                evidence: seen.clone(),
            })),
            Err(why) => {
                let what = format!("trust policy of role {}", role.name);
                let hole = self.site.hole(&what, Outcome::Failed, format!("{why} ({})", seen.location));
                out.push(Record::Coverage(hole.blinds(&[FactKind::Trusts]).remedy(format!(
                    "read it again: aws iam get-role --role-name {} --query Role.AssumeRolePolicyDocument",
                    role.name
                ))));
            }
        }
    }

    fn instance_profile(&self, profile: &InstanceProfile, role: &Role, seen: &Evidence) -> Workload {
        let mut runs_as: BTreeSet<Urn> = profile.roles.iter().map(|role| Urn::new(&role.arn)).collect();
        runs_as.insert(Urn::new(&role.arn));
        Workload {
            id: Urn::new(&profile.arn),
            kind: WorkloadKind::AwsInstanceProfile,
            tenant: self.site.account.id.clone(),
            name: profile.name.clone(),
            runs_as: runs_as.into_iter().collect(),
            attributes: Attributes::default(),
            labels: labels(&profile.tags),
            evidence: seen.clone(),
        }
    }
}

/// In how many instance profiles a role is, where the answer says.
fn in_profiles(role: &Role) -> Attributes {
    let count = role.instance_profiles.as_ref().map(|all| i64::try_from(all.len()).unwrap_or(i64::MAX));
    count.map_or_else(Attributes::default, |count| Attributes::default().with(AttributeName::InstanceProfiles, count))
}

impl Site {
    /// An enabled identity of the account of which only the name is known.
    pub(super) fn identity(&self, kind: IdentityKind, arn: &str, name: &str, evidence: Evidence) -> Identity {
        Identity {
            id: Urn::new(arn),
            kind,
            tenant: self.account.id.clone(),
            name: name.to_owned(),
            enabled: Known::Value(true),
            created: Known::unknown("the answer does not say"),
            unique_id: None,
            builtin: false,
            attributes: Attributes::default(),
            labels: Default::default(),
            evidence,
        }
    }

    /// An OIDC provider; without its details only the ARN is known.
    pub(super) fn oidc_provider(&self, arn: &str, detail: Option<&OidcProvider>, origin: &Origin) -> Record {
        let name = arn.split_once(":oidc-provider/").map_or(arn, |(_, name)| name);
        let call = if detail.is_some() { "iam:GetOpenIDConnectProvider" } else { "iam:ListOpenIDConnectProviders" };
        let seen = self.evidence(origin, call, &format!("OpenIDConnectProviderList/{name}"));
        let mut identity = self.identity(IdentityKind::AwsOidcProvider, arn, name, seen);
        if let Some(detail) = detail {
            identity.created = time(detail.created.as_ref());
            identity.labels = labels(&detail.tags);
        }
        Record::Identity(identity)
    }

    /// A SAML provider.
    pub(super) fn saml_provider(&self, provider: &SamlProvider, origin: &Origin) -> Record {
        let arn = provider.arn.as_str();
        let name = arn.split_once(":saml-provider/").map_or(arn, |(_, name)| name);
        let seen = self.evidence(origin, "iam:ListSAMLProviders", &format!("SAMLProviderList/{name}"));
        let identity = self.identity(IdentityKind::AwsSamlProvider, arn, name, seen);
        let mut attributes = Attributes::default();
        attributes.set_known(AttributeName::Ends, provider.ends.as_ref().map_or(Known::Absent, |end| time(Some(end))));
        Record::Identity(Identity { created: time(provider.created.as_ref()), attributes, ..identity })
    }

    /// The account's alias. There is no noun for an account, so its entry in the coverage carries the name.
    pub(super) fn alias(&self, names: &[String]) -> CoverageEntry {
        let mut entry = self.complete("account alias", names.len() as u64);
        entry.detail = (!names.is_empty()).then(|| names.join(", "));
        entry
    }
}
