//! IAM Roles Anywhere: which certificate authorities open roles. It must not read certificates.
//!
//! Shapes: IAM Roles Anywhere API reference, `TrustAnchorDetail` and `ProfileDetail`.

use crate::collect::aws::answer::{Answer, flag, list, moment, text, text_at};
use crate::collect::aws::calls::{Call, Per, Wire};
use crate::collect::aws::notes::Notes;
use crate::model::FactKind::{Settings, Workloads};
use crate::model::{AttributeName as A, Attributes, SettingKind, WorkloadKind};

/// What is asked.
pub(super) const CALLS: &[Call] = &[
    Call::new(
        "rolesanywhere",
        "list-trust-anchors",
        "rolesanywhere:ListTrustAnchors",
        "certificate authorities that open roles",
        Wire::Get { path: "/trustanchors" },
    )
    .per(Per::Region)
    .pages("nextToken", "nextToken")
    .key("trustAnchors")
    .blinds(&[Settings])
    .of(&["aws.trust-anchor"]),
    Call::new(
        "rolesanywhere",
        "list-profiles",
        "rolesanywhere:ListProfiles",
        "which roles certificates open",
        Wire::Get { path: "/profiles" },
    )
    .per(Per::Region)
    .pages("nextToken", "nextToken")
    .key("profiles")
    .blinds(&[Workloads])
    .of(&["aws.roles-anywhere-profile", "aws.role"]),
];

/// Notes what an answer says.
pub(super) fn read(answer: &Answer, notes: &mut Notes<'_>) {
    for item in notes.items(answer, "trustAnchors", &["trustAnchorArn"]) {
        let mut attributes = Attributes::default().with(A::Form, text_at(item, "/source/sourceType"));
        attributes.set(A::Enabled, flag(item, "enabled").unwrap_or(true));
        attributes.set_known(A::Began, moment(item, "createdAt"));
        let id = (text(item, "trustAnchorArn"), text(item, "name"));
        notes.setting(SettingKind::AwsTrustAnchor, id, None, attributes, (answer, item));
    }
    for item in notes.items(answer, "profiles", &["profileArn"]) {
        let roles = list(item, "roleArns").iter().filter_map(|role| notes.role(role.as_str()?)).collect();
        let limited = !text(item, "sessionPolicy").is_empty() || !list(item, "managedPolicyArns").is_empty();
        let attributes = Attributes::default()
            .with(A::Enabled, flag(item, "enabled").unwrap_or(true))
            .with(A::SessionPolicy, limited);
        let id = (text(item, "profileArn"), text(item, "name"));
        notes.workload(WorkloadKind::AwsRolesAnywhereProfile, id, roles, attributes, (answer, item));
    }
}
