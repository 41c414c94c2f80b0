//! IAM Identity Center: which people and groups it lets into which accounts, and what its permission sets give. It must not
//! judge what a permission set allows: the roles that it makes of it in each account hold the same.
//!
//! Shapes: IAM Identity Center API reference, `InstanceMetadata`, `PermissionSet`, `AccountAssignment`; Identity Store API
//! reference, `User`, `Group`, `GroupMembership`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::collect::aws::answer::{Answer, list, moment, text, text_at};
use crate::collect::aws::calls::{Call, Per, Wire};
use crate::collect::aws::notes::{Notes, last_part};
use crate::model::{AttributeName as A, Attributes, Evidence, Labels, Outcome, Record, Setting, SettingKind, Urn};

const SSO: Wire = Wire::Json { target: "SWBExternalService", version: "1.1" };
const STORE: Wire = Wire::Json { target: "AWSIdentityStore", version: "1.1" };

const fn call(operation: &'static str, action: &'static str, what: &'static str) -> Call {
    Call::new("sso-admin", operation, action, what, SSO)
}

/// A call about each permission set.
const fn of_set(operation: &'static str, action: &'static str, what: &'static str) -> Call {
    call(operation, action, what).each("list-permission-sets", "/PermissionSets/*", "PermissionSetArn").within()
}

/// What is asked. A refusal outside of the management account and of those that it lets manage Identity Center is usual.
pub(super) const CALLS: &[Call] = &[
    call("list-instances", "sso:ListInstances", "IAM Identity Center, and who runs it")
        .per(Per::Region)
        .pages("NextToken", "NextToken"),
    call("list-permission-sets", "sso:ListPermissionSets", "permission sets")
        .each("list-instances", "/Instances/*/InstanceArn", "InstanceArn")
        .pages("NextToken", "NextToken")
        .key("PermissionSets"),
    of_set("describe-permission-set", "sso:DescribePermissionSet", "the name of each permission set")
        .key("PermissionSet"),
    of_set(
        "list-managed-policies-in-permission-set",
        "sso:ListManagedPoliciesInPermissionSet",
        "the policies of AWS that each permission set gives",
    )
    .pages("NextToken", "NextToken"),
    of_set(
        "list-customer-managed-policy-references-in-permission-set",
        "sso:ListCustomerManagedPolicyReferencesInPermissionSet",
        "the policies of accounts that each permission set gives",
    )
    .pages("NextToken", "NextToken"),
    of_set(
        "get-inline-policy-for-permission-set",
        "sso:GetInlinePolicyForPermissionSet",
        "whether each permission set has a policy of its own",
    ),
    of_set(
        "get-permissions-boundary-for-permission-set",
        "sso:GetPermissionsBoundaryForPermissionSet",
        "the boundary of each permission set",
    )
    .or_none("ResourceNotFoundException"),
    of_set(
        "list-accounts-for-provisioned-permission-set",
        "sso:ListAccountsForProvisionedPermissionSet",
        "the accounts that each permission set has a role in",
    )
    .pages("NextToken", "NextToken"),
    call(
        "list-account-assignments",
        "sso:ListAccountAssignments",
        "who may use the role of a permission set in an account",
    )
    .each("list-accounts-for-provisioned-permission-set", "/AccountIds/*", "AccountId")
    .within()
    .pages("NextToken", "NextToken")
    .key("AccountAssignments"),
    Call::new("identitystore", "list-users", "identitystore:ListUsers", "the people of Identity Center", STORE)
        .each("list-instances", "/Instances/*/IdentityStoreId", "IdentityStoreId")
        .pages("NextToken", "NextToken"),
    Call::new("identitystore", "list-groups", "identitystore:ListGroups", "the groups of Identity Center", STORE)
        .each("list-instances", "/Instances/*/IdentityStoreId", "IdentityStoreId")
        .pages("NextToken", "NextToken"),
    Call::new(
        "identitystore",
        "list-group-memberships",
        "identitystore:ListGroupMemberships",
        "who is in each group",
        STORE,
    )
    .each("list-groups", "/Groups/*/GroupId", "GroupId")
    .within()
    .pages("NextToken", "NextToken")
    .key("GroupMemberships"),
];

/// What several answers say together.
#[derive(Debug, Default)]
pub(in crate::collect::aws) struct Center {
    /// The permission sets by their ARNs, with their names where these were told.
    sets: BTreeMap<String, String>,
    /// What was said of a permission set, by the name that the answer or its file has for it.
    said: Vec<(String, Attributes, Evidence)>,
    /// The people and groups by their ids.
    people: BTreeMap<String, String>,
    groups: BTreeMap<String, String>,
    members: BTreeMap<String, (BTreeSet<String>, Evidence)>,
    assigned: Vec<(Assigned, Evidence)>,
}

/// That somebody may use the role of a permission set in an account.
#[derive(Debug)]
struct Assigned {
    set: String,
    account: String,
    is_group: bool,
    principal: String,
}

/// Notes what an answer says.
pub(super) fn read(answer: &Answer, notes: &mut Notes<'_>) {
    match answer.call.operation {
        "list-instances" => instances(answer, notes),
        "list-permission-sets" => {
            notes.counted();
            let arns = list(&answer.value, "PermissionSets").iter().filter_map(Value::as_str);
            let arns: Vec<String> = arns.map(str::to_owned).collect();
            for arn in arns {
                notes.center.sets.entry(arn).or_default();
            }
        }
        "describe-permission-set" => permission_set(answer, notes),
        "list-managed-policies-in-permission-set" => {
            let held = notes.items(answer, "AttachedManagedPolicies", &["Arn", "Name"]);
            let named = held.into_iter().map(|one| last_part(text(one, "Arn")).to_owned());
            holds(answer, A::ManagedPolicies, named.collect(), notes);
        }
        "list-customer-managed-policy-references-in-permission-set" => {
            let held = notes.items(answer, "CustomerManagedPolicyReferences", &["Name"]);
            let named = held
                .into_iter()
                .map(|one| format!("{}{}", text(one, "Path").trim_start_matches('/'), text(one, "Name")));
            holds(answer, A::CustomerPolicies, named.collect(), notes);
        }
        "get-inline-policy-for-permission-set" => {
            notes.counted();
            said(
                answer,
                Attributes::default().with(A::InlinePolicy, !text(&answer.value, "InlinePolicy").is_empty()),
                notes,
            );
        }
        "get-permissions-boundary-for-permission-set" => {
            notes.counted();
            let boundary = match text_at(&answer.value, "/PermissionsBoundary/ManagedPolicyArn") {
                "" => text_at(&answer.value, "/PermissionsBoundary/CustomerManagedPolicyReference/Name"),
                arn => last_part(arn),
            };
            let attributes = Attributes::default();
            said(answer, if boundary.is_empty() { attributes } else { attributes.with(A::Boundary, boundary) }, notes);
        }
        "list-account-assignments" => assignments(answer, notes),
        _ => directory(answer, notes),
    }
}

fn instances(answer: &Answer, notes: &mut Notes<'_>) {
    for item in notes.items(answer, "Instances", &["InstanceArn"]) {
        let arn = text(item, "InstanceArn");
        let mut attributes = Attributes::default()
            .with(A::Account, text(item, "OwnerAccountId"))
            .with(A::State, text(item, "Status").to_lowercase());
        attributes.set_known(A::Began, moment(item, "CreatedDate"));
        let name = if text(item, "Name").is_empty() { last_part(arn) } else { text(item, "Name") };
        notes.setting(SettingKind::AwsIdentityCenter, (arn, name), None, attributes, (answer, item));
    }
}

fn permission_set(answer: &Answer, notes: &mut Notes<'_>) {
    let Some(item) = notes.one(answer, "/PermissionSet", &["PermissionSetArn"]) else { return };
    let (arn, name) = (text(item, "PermissionSetArn"), text(item, "Name"));
    notes.center.sets.insert(arn.to_owned(), name.to_owned());
    let mut attributes = Attributes::default();
    attributes.set_known(A::Began, moment(item, "CreatedDate"));
    notes.setting(SettingKind::AwsPermissionSet, (arn, name), None, attributes, (answer, item));
}

fn holds(answer: &Answer, name: A, policies: Vec<String>, notes: &mut Notes<'_>) {
    said(answer, Attributes::default().with(name, policies), notes);
}

/// Of which permission set an answer is, the file's name or what was asked about says.
fn said(answer: &Answer, attributes: Attributes, notes: &mut Notes<'_>) {
    let evidence = notes.seen(answer, answer.item());
    notes.center.said.push((answer.item().to_owned(), attributes, evidence));
}

fn assignments(answer: &Answer, notes: &mut Notes<'_>) {
    for item in notes.items(answer, "AccountAssignments", &["PrincipalId"]) {
        let assigned = Assigned {
            set: text(item, "PermissionSetArn").to_owned(),
            account: text(item, "AccountId").to_owned(),
            is_group: text(item, "PrincipalType") == "GROUP",
            principal: text(item, "PrincipalId").to_owned(),
        };
        let evidence = notes.seen(answer, "AccountAssignments");
        notes.center.assigned.push((assigned, evidence));
    }
}

/// Of people their address alone, or what they sign in as; who is switched off signs in nowhere.
fn directory(answer: &Answer, notes: &mut Notes<'_>) {
    match answer.call.operation {
        "list-users" => {
            for item in notes.items(answer, "Users", &["UserId"]) {
                let emails = list(item, "Emails");
                let first = emails.iter().find(|one| one.get("Primary") == Some(&true.into())).or(emails.first());
                let email = first.map_or("", |one| text(one, "Value"));
                let name = text(item, "UserName");
                let called = if email.is_empty() || name.contains('@') { name } else { email }.to_lowercase();
                let off = if text(item, "UserStatus") == "DISABLED" { " (disabled)" } else { "" };
                notes.center.people.insert(text(item, "UserId").to_owned(), format!("{called}{off}"));
            }
        }
        "list-groups" => {
            for item in notes.items(answer, "Groups", &["GroupId"]) {
                notes.center.groups.insert(text(item, "GroupId").to_owned(), text(item, "DisplayName").to_owned());
            }
        }
        "list-group-memberships" => {
            let evidence = notes.seen(answer, "GroupMemberships");
            for item in notes.items(answer, "GroupMemberships", &["GroupId"]) {
                let known = notes.center.members.entry(text(item, "GroupId").to_owned());
                let (members, _) = known.or_insert_with(|| (BTreeSet::new(), evidence.clone()));
                members.insert(text_at(item, "/MemberId/UserId").to_owned());
            }
        }
        _ => notes.counted(),
    }
}

/// What the answers say together: the permission sets with what they give, the groups with who is in them, and who may use
/// which set in which account.
pub(in crate::collect::aws) fn conclude(notes: &mut Notes<'_>) {
    let center = std::mem::take(&mut notes.center);
    let tenant = notes.site.account.id.clone();
    let setting = |kind, id: String, name: String, part_of: Option<&str>, attributes, evidence: Evidence| {
        let (part_of, labels) = (part_of.map(Urn::new), Labels::new());
        Record::Setting(Setting {
            id: Urn::new(id),
            kind,
            tenant: tenant.clone(),
            name,
            part_of,
            labels,
            attributes,
            evidence,
        })
    };
    for (item, attributes, evidence) in &center.said {
        let Some((arn, name)) = center.set(item) else {
            let what = format!("permission set {}", if item.is_empty() { "without a name" } else { item });
            let why = format!(
                "no list of permission sets that was read names it, so what it gives is left out ({})",
                evidence.location
            );
            let hole = notes.site.hole(&what, Outcome::Partial, why);
            notes.records.push(Record::Coverage(hole.remedy("add it: aws sso-admin list-permission-sets")));
            continue;
        };
        let kind = SettingKind::AwsPermissionSet;
        notes.records.push(setting(kind, arn.to_owned(), name.to_owned(), None, attributes.clone(), evidence.clone()));
    }
    for (id, (members, evidence)) in &center.members {
        let members: Vec<String> = members.iter().map(|member| center.person(member)).collect();
        let attributes = Attributes::default().with(A::Members, members);
        let kind = SettingKind::AwsCenterGroup;
        notes.records.push(setting(kind, group_urn(id), center.group(id), None, attributes, evidence.clone()));
    }
    for (one, evidence) in &center.assigned {
        let set = center.sets.get(&one.set).filter(|name| !name.is_empty()).map_or(last_part(&one.set), String::as_str);
        let (who, resource) = match one.is_group {
            true => (format!("group {}", center.group(&one.principal)), group_urn(&one.principal)),
            false => (center.person(&one.principal), format!("aws:identity-center/user/{}", one.principal)),
        };
        let attributes = Attributes::default()
            .with(A::Account, one.account.as_str())
            .with(A::AssignedTo, vec![who])
            .with(A::Resource, resource);
        let id = format!("{}#{}/{}", one.set, one.account, one.principal);
        let kind = SettingKind::AwsAccountAssignment;
        notes.records.push(setting(kind, id, set.to_owned(), Some(&one.set), attributes, evidence.clone()));
    }
}

fn group_urn(id: &str) -> String {
    format!("aws:identity-center/group/{id}")
}

impl Center {
    /// The permission set that a text names: by its ARN, or by the last part of it.
    fn set(&self, item: &str) -> Option<(&str, &str)> {
        let is_it = |arn: &str| arn == item || item.ends_with(last_part(arn));
        self.sets.iter().map(|(arn, name)| (arn.as_str(), name.as_str())).find(|(arn, _)| is_it(arn))
    }

    /// Whoever is not in what was read of the directory is told by the id.
    fn person(&self, id: &str) -> String {
        self.people.get(id).filter(|name| !name.is_empty()).cloned().unwrap_or_else(|| format!("user {id}"))
    }

    fn group(&self, id: &str) -> String {
        self.groups.get(id).filter(|name| !name.is_empty()).cloned().unwrap_or_else(|| id.to_owned())
    }
}
