//! AWS Organizations: the accounts, and the policies that limit them. It must not follow roles into other accounts.
//!
//! Shapes: Organizations API reference, `Account`, `PolicySummary`, `Policy`, `PolicyTargetSummary`, `Parent`.

use crate::collect::aws::answer::{Answer, list, moment, text, text_at};
use crate::collect::aws::calls::{Call, Wire};
use crate::collect::aws::notes::Notes;
use crate::model::FactKind::{Grants, Settings};
use crate::model::{
    AttributeName as A, Attributes, Confidence, GrantKind, Link, LinkKind, Record, SettingKind, Urn,
};

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
    notes.setting(SettingKind::AwsOrganizationPolicy, (&urn, id.1), None, attributes, (answer, item));
    notes.document((&format!("{urn}#document"), id.1), Some(&content.into()), answer);
}

fn policy_urn(id: &str) -> String {
    format!("aws:organization-policy/{id}")
}

/// Where a policy is attached: an account, a unit or the root. Who lies below is concluded from the parents.
fn targets(answer: &Answer, notes: &mut Notes<'_>) {
    for item in notes.items(answer, "Targets", &["TargetId"]) {
        let target = text(item, "TargetId");
        let to = match text(item, "Type") {
            "ACCOUNT" => account_urn(notes, target),
            _ => unit_urn(target),
        };
        let why = format!("the organisation attaches it to {} ({target})", text(item, "Name"));
        link(notes, answer, (policy_urn(answer.item()), to), LinkKind::AppliesTo, why);
    }
}

fn unit_urn(id: &str) -> String {
    format!("aws:organization-unit/{id}")
}

fn parents(answer: &Answer, notes: &mut Notes<'_>) {
    notes.counted();
    let child = answer.item();
    let from = match child.len() == 12 && child.bytes().all(|byte| byte.is_ascii_digit()) {
        true => account_urn(notes, child),
        false => unit_urn(child),
    };
    for item in list(&answer.value, "Parents") {
        let parent = text(item, "Id");
        let why = format!("it lies in {parent} of the organisation");
        link(notes, answer, (from.clone(), unit_urn(parent)), LinkKind::MemberOf, why);
    }
}

fn link(notes: &mut Notes<'_>, answer: &Answer, ends: (String, String), kind: LinkKind, why: String) {
    let evidence = notes.seen(answer, &ends.0);
    notes.records.push(Record::Link(Link {
        from: Urn::new(ends.0),
        kind,
        to: Urn::new(ends.1),
        confidence: Confidence::Certain,
        condition: None,
        why,
        evidence,
    }));
}
