//! AWS Organizations: the accounts, and the policies that limit them. It must not follow roles into other accounts.
//!
//! Shapes: Organizations API reference, `Account`, `PolicySummary`, `Policy`, `PolicyTargetSummary`, `Parent`.

use crate::collect::aws::answer::{Answer, list, moment, text, text_at};
use crate::collect::aws::arn::is_account_id;
use crate::collect::aws::calls::{Call, Wire};
use crate::collect::aws::notes::Notes;
use crate::collect::aws::site::Origin;
use crate::model::FactKind::{Grants, Settings};
use crate::model::{AttributeName as A, Attributes, Evidence, Grant, GrantKind, Record, SettingKind, Urn};

const ORGANIZATIONS: Wire = Wire::Json { target: "AWSOrganizationsV20161128", version: "1.1" };

const fn call(operation: &'static str, action: &'static str, what: &'static str) -> Call {
    Call::new("organizations", operation, action, what, ORGANIZATIONS)
}

/// What is asked. A refusal outside of the management account is usual and leaves only what organisations limit unknown.
pub(super) const CALLS: &[Call] = &[
    call("describe-organization", "organizations:DescribeOrganization", "the organisation and its management account")
        .key("Organization"),
    call("list-accounts", "organizations:ListAccounts", "accounts of the organisation")
        .pages("NextToken", "NextToken")
        .key("Accounts"),
    call(
        "list-delegated-administrators",
        "organizations:ListDelegatedAdministrators",
        "the accounts that manage IAM Identity Center beside the management account",
    )
    .with(&["ServicePrincipal=sso.amazonaws.com"])
    .pages("NextToken", "NextToken")
    .key("DelegatedAdministrators"),
    call("list-policies", "organizations:ListPolicies", "service control policies")
        .with(&["Filter=SERVICE_CONTROL_POLICY"])
        .pages("NextToken", "NextToken"),
    call("list-policies", "organizations:ListPolicies", "resource control policies")
        .with(&["Filter=RESOURCE_CONTROL_POLICY"])
        .pages("NextToken", "NextToken"),
    call("describe-policy", "organizations:DescribePolicy", "what each policy says")
        .each("list-policies", "/Policies/*/Id", "PolicyId")
        .blinds(&[Grants]),
    call("list-targets-for-policy", "organizations:ListTargetsForPolicy", "where each policy holds")
        .each("list-policies", "/Policies/*/Id", "PolicyId")
        .pages("NextToken", "NextToken")
        .blinds(&[Grants]),
    call("list-parents", "organizations:ListParents", "the unit of each account")
        .each("list-accounts", "/Accounts/*/Id", "ChildId")
        .blinds(&[Settings]),
];

/// Notes what an answer says.
pub(super) fn read(answer: &Answer, notes: &mut Notes<'_>) {
    match answer.call.operation {
        "describe-organization" => organization(answer, notes),
        "list-accounts" => accounts(answer, notes),
        "list-delegated-administrators" => delegated(answer, notes),
        "describe-policy" => policy(answer, notes),
        "list-targets-for-policy" => targets(answer, notes),
        "list-parents" => parents(answer, notes),
        _ => notes.counted(),
    }
}

fn organization(answer: &Answer, notes: &mut Notes<'_>) {
    let Some(item) = notes.one(answer, "/Organization", &["Arn"]) else { return };
    let attributes = Attributes::default().with(A::Account, text(item, "MasterAccountId"));
    let id = (text(item, "Arn"), text(item, "Id"));
    notes.setting(SettingKind::AwsOrganization, id, None, attributes, (answer, item));
}

fn accounts(answer: &Answer, notes: &mut Notes<'_>) {
    for item in notes.items(answer, "Accounts", &["Id"]) {
        // `State` replaces `Status`, which goes in September 2026 (API reference, `Account`).
        let state = if text(item, "State").is_empty() { text(item, "Status") } else { text(item, "State") };
        let mut attributes =
            Attributes::default().with(A::State, state.to_lowercase()).with(A::Account, text(item, "Id"));
        attributes.set_known(A::Began, moment(item, "JoinedTimestamp"));
        let id = account_urn(notes, text(item, "Id"));
        notes.setting(SettingKind::AwsMemberAccount, (&id, text(item, "Name")), None, attributes, (answer, item));
    }
}

/// The accounts that manage Identity Center. That there is a list is told even where it is empty: all others do not.
fn delegated(answer: &Answer, notes: &mut Notes<'_>) {
    let is_list = answer.value.get("DelegatedAdministrators").is_some_and(serde_json::Value::is_array);
    let all = list(&answer.value, "DelegatedAdministrators").len();
    let accounts = notes.items(answer, "DelegatedAdministrators", &["Id"]);
    // A list of which something could not be read says of nobody that it is not in it.
    let is_cut = matches!(answer.origin, Origin::File(_)) && !text(&answer.value, "NextToken").is_empty();
    if !is_list || is_cut || accounts.len() < all {
        return;
    }
    let accounts: Vec<String> = accounts.into_iter().map(|item| text(item, "Id").to_owned()).collect();
    let id = format!("{}#identity-center", account_urn(notes, &notes.site.account.id));
    let attributes = Attributes::default().with(A::DelegatedAccounts, accounts);
    let name = "administrators of IAM Identity Center";
    notes.setting(SettingKind::AwsDelegation, (&id, name), None, attributes, (answer, &answer.value));
}

/// The ARN of an account's root user stands for the account.
fn account_urn(notes: &Notes<'_>, account: &str) -> String {
    format!("arn:{}:iam::{account}:root", notes.site.account.partition)
}

fn policy(answer: &Answer, notes: &mut Notes<'_>) {
    let Some(item) = notes.one(answer, "/Policy/PolicySummary", &["Id"]) else { return };
    let id = (text(item, "Id"), text(item, "Name"));
    let kind = match text(item, "Type") {
        "SERVICE_CONTROL_POLICY" => GrantKind::Scp,
        "RESOURCE_CONTROL_POLICY" => GrantKind::Rcp,
        _ => return,
    };
    let urn = policy_urn(id.0);
    let content = text_at(&answer.value, "/Policy/Content");
    let attributes = Attributes::default().with(A::Form, kind.as_str());
    notes.setting(
        SettingKind::AwsOrganizationPolicy,
        (&format!("{urn}#setting"), id.1),
        None,
        attributes,
        (answer, item),
    );
    notes.organization.kinds.insert(id.0.to_owned(), kind);
    notes.document((&urn, id.1), Some(&content.into()), answer);
}

fn policy_urn(id: &str) -> String {
    format!("aws:organization-policy/{id}")
}

/// Where a policy is attached: an account, a unit or the root.
fn targets(answer: &Answer, notes: &mut Notes<'_>) {
    for item in notes.items(answer, "Targets", &["TargetId"]) {
        notes.organization.targets.push((answer.item().to_owned(), text(item, "TargetId").to_owned()));
    }
}

fn parents(answer: &Answer, notes: &mut Notes<'_>) {
    notes.counted();
    for item in list(&answer.value, "Parents") {
        notes.organization.parents.insert(answer.item().to_owned(), text(item, "Id").to_owned());
    }
}

/// How deep units lie in each other at most is five (quotas for AWS Organizations); more is a loop in a damaged file.
const DEEPEST: usize = 16;

/// The grants of organisation policies to the accounts they reach: those below where they are attached. `via` names that
/// place, since a service control policy must allow at every level by itself.
pub(in crate::collect::aws) fn grants(notes: &mut Notes<'_>, evidence: &Evidence) {
    let organization = std::mem::take(&mut notes.organization);
    let mut accounts: Vec<&String> = organization.parents.keys().filter(|child| is_account_id(child)).collect();
    let direct = organization.targets.iter().map(|(_, target)| target).filter(|target| is_account_id(target));
    accounts.extend(direct);
    accounts.sort();
    accounts.dedup();
    for account in accounts {
        let mut place = Some(account);
        for _ in 0..DEEPEST {
            let Some(here) = place else { break };
            for (policy, _) in organization.targets.iter().filter(|(_, target)| target == here) {
                let Some(kind) = organization.kinds.get(policy) else { continue };
                let (to, urn) = (account_urn(notes, account), policy_urn(policy));
                notes.records.push(Record::Grant(Grant {
                    id: Urn::new(format!("{to}#{kind}/{urn}#via/{here}")),
                    to: Urn::new(to),
                    policy: Urn::new(urn),
                    kind: *kind,
                    tenant: account.clone(),
                    scope: "account".to_owned(),
                    via: vec![Urn::new(format!("aws:organization-unit/{here}"))],
                    evidence: evidence.clone(),
                }));
            }
            place = organization.parents.get(here);
        }
    }
}
