//! Secrets Manager and SSM parameters: how old, rotated and used the stored secrets are. It must never ask for a value.
//!
//! Shapes: Secrets Manager API reference, `SecretListEntry`; Systems Manager API reference, `ParameterMetadata`,
//! `Activation`.

use crate::collect::aws::answer::{Answer, flag, moment, number, text};
use crate::collect::aws::calls::{Call, Per, Wire};
use crate::collect::aws::notes::{Notes, last_part};
use crate::model::FactKind::{Settings, Workloads};
use crate::model::{AttributeName as A, Attributes, SettingKind, WorkloadKind};

const SECRETS: Wire = Wire::Json { target: "secretsmanager", version: "1.1" };
const SSM: Wire = Wire::Json { target: "AmazonSSM", version: "1.1" };

/// What is asked.
pub(super) const CALLS: &[Call] = &[
    Call::new(
        "secretsmanager",
        "list-secrets",
        "secretsmanager:ListSecrets",
        "rotation and last use of stored secrets, never their values",
        SECRETS,
    )
    .per(Per::Region)
    .pages("NextToken", "NextToken")
    .key("SecretList")
    .blinds(&[Settings])
    .of(&["aws.secret"]),
    Call::new(
        "secretsmanager",
        "get-resource-policy",
        "secretsmanager:GetResourcePolicy",
        "who may read each secret",
        SECRETS,
    )
    .each("list-secrets", "/SecretList/*/ARN", "SecretId")
    .blinds(&[Settings])
    .of(&["aws.resource-policy"]),
    Call::new(
        "ssm",
        "describe-parameters",
        "ssm:DescribeParameters",
        "names and types of parameters, never their values",
        SSM,
    )
    .per(Per::Region)
    .pages("NextToken", "NextToken")
    .key("Parameters")
    .blinds(&[Settings])
    .of(&["aws.parameter"]),
    Call::new("ssm", "describe-activations", "ssm:DescribeActivations", "machines outside of AWS that get a role", SSM)
        .per(Per::Region)
        .pages("NextToken", "NextToken")
        .key("ActivationList")
        .blinds(&[Workloads])
        .of(&["aws.activation", "aws.role"]),
];

/// Notes what an answer says.
pub(super) fn read(answer: &Answer, notes: &mut Notes<'_>) {
    match answer.call.operation {
        "list-secrets" => secrets(answer, notes),
        "get-resource-policy" => {
            let arn = match text(&answer.value, "ARN") {
                "" => answer.item().to_owned(),
                arn => arn.to_owned(),
            };
            let name = text(&answer.value, "Name").to_owned();
            notes.resource_policy("secretsmanager", &arn, &name, answer.value.get("ResourcePolicy"), answer);
        }
        "describe-parameters" => parameters(answer, notes),
        _ => activations(answer, notes),
    }
}

fn secrets(answer: &Answer, notes: &mut Notes<'_>) {
    for item in notes.items(answer, "SecretList", &["ARN"]) {
        let mut attributes = Attributes::default()
            .with(A::Rotation, flag(item, "RotationEnabled").unwrap_or(false))
            // Kept by a service of AWS, which rotates it.
            .with(A::Managed, !text(item, "OwningService").is_empty());
        for (attribute, field) in [
            (A::Began, "CreatedDate"),
            (A::Rotated, "LastRotatedDate"),
            (A::Changed, "LastChangedDate"),
            (A::Accessed, "LastAccessedDate"),
            (A::Deleted, "DeletedDate"),
        ] {
            attributes.set_known(attribute, moment(item, field));
        }
        let id = (text(item, "ARN"), text(item, "Name"));
        notes.setting(SettingKind::AwsSecret, id, None, attributes, (answer, item));
    }
}

fn parameters(answer: &Answer, notes: &mut Notes<'_>) {
    for item in notes.items(answer, "Parameters", &["Name"]) {
        let name = text(item, "Name");
        let arn = match text(item, "ARN") {
            "" => notes.arn("ssm", &answer.region, &format!("parameter/{}", name.trim_start_matches('/'))),
            arn => arn.to_owned(),
        };
        let mut attributes = Attributes::default().with(A::Form, text(item, "Type"));
        attributes.set_known(A::Changed, moment(item, "LastModifiedDate"));
        notes.setting(SettingKind::AwsParameter, (&arn, name), None, attributes, (answer, item));
    }
}

fn activations(answer: &Answer, notes: &mut Notes<'_>) {
    for item in notes.items(answer, "ActivationList", &["ActivationId"]) {
        let name = text(item, "ActivationId");
        let arn = notes.arn("ssm", &answer.region, &format!("activation/{name}"));
        let roles = notes.role(last_part(text(item, "IamRole"))).into_iter().collect();
        let mut attributes = Attributes::default().with(A::Enabled, !flag(item, "Expired").unwrap_or(false));
        attributes.set_known(A::Ends, moment(item, "ExpirationDate"));
        if let Some(count) = number(item, "RegistrationsCount") {
            attributes.set(A::Machines, count);
        }
        notes.workload(WorkloadKind::AwsActivation, (&arn, name), roles, attributes, (answer, item));
    }
}
