//! Says what an identity's rights amount to, in the vocabulary of all providers.
//!
//! Every capability is asked by probes: an action on all resources of a type in the account, so that a right on three
//! named buckets is none. A deny that covers all of them blocks, one that covers some does not.

use super::Principal;
use super::evaluate::{Compiled, Rights};
use super::statement::Action;
use crate::model::{Capability, CapabilityKind, Identity, IdentityKind, Policy};

/// An action and the resources it is asked on; `{p}` is the partition and `{a}` the account.
type Probe = (&'static str, &'static str);

const USERS: &str = "arn:{p}:iam::{a}:user/*";
const ROLES: &str = "arn:{p}:iam::{a}:role/*";
const GROUPS: &str = "arn:{p}:iam::{a}:group/*";
const POLICIES: &str = "arn:{p}:iam::{a}:policy/*";

/// Administrator: all of these. They are what holding an account means: making identities and giving them rights,
/// becoming any of them, reading and opening the data, running code, and turning on and off who may decrypt.
/// `organizations:*` is not among them: an account's administrator who is kept out of the organisation still is one.
const ADMINISTRATOR: &[Probe] = &[
    ("iam:CreateUser", USERS),
    ("iam:PutUserPolicy", USERS),
    ("iam:AttachRolePolicy", ROLES),
    ("iam:UpdateAssumeRolePolicy", ROLES),
    ("iam:PassRole", ROLES),
    ("iam:CreatePolicyVersion", POLICIES),
    ("sts:AssumeRole", ROLES),
    ("s3:GetObject", "arn:{p}:s3:::*"),
    ("s3:PutBucketPolicy", "arn:{p}:s3:::*"),
    ("secretsmanager:GetSecretValue", "arn:{p}:secretsmanager:*:{a}:secret:*"),
    ("kms:Decrypt", "arn:{p}:kms:*:{a}:key/*"),
    ("kms:PutKeyPolicy", "arn:{p}:kms:*:{a}:key/*"),
    ("lambda:UpdateFunctionCode", "arn:{p}:lambda:*:{a}:function:*"),
    ("ec2:RunInstances", "arn:{p}:ec2:*:{a}:*"),
    ("ssm:SendCommand", "arn:{p}:ec2:*:{a}:instance/*"),
];

/// Escalate: any of these, on all identities or policies of the account: each changes what identities may do.
const ESCALATE: &[Probe] = &[
    ("iam:PutUserPolicy", USERS),
    ("iam:AttachUserPolicy", USERS),
    ("iam:PutRolePolicy", ROLES),
    ("iam:AttachRolePolicy", ROLES),
    ("iam:PutGroupPolicy", GROUPS),
    ("iam:AttachGroupPolicy", GROUPS),
    ("iam:AddUserToGroup", GROUPS),
    ("iam:CreatePolicyVersion", POLICIES),
    ("iam:SetDefaultPolicyVersion", POLICIES),
    ("iam:UpdateAssumeRolePolicy", ROLES),
];

/// Escalate on oneself: any of these on the identity's own ARN, which is enough to get any right.
const ESCALATE_SELF: &[(IdentityKind, &str)] = &[
    (IdentityKind::AwsUser, "iam:PutUserPolicy"),
    (IdentityKind::AwsUser, "iam:AttachUserPolicy"),
    (IdentityKind::AwsRole, "iam:PutRolePolicy"),
    (IdentityKind::AwsRole, "iam:AttachRolePolicy"),
];

/// Impersonate: may ask to become every role of the account. Each role's trust policy still decides.
const IMPERSONATE: &[Probe] = &[("sts:AssumeRole", ROLES)];

/// Read secrets: any of these on all secrets or parameters of the account.
const READ_SECRETS: &[Probe] = &[
    ("secretsmanager:GetSecretValue", "arn:{p}:secretsmanager:*:{a}:secret:*"),
    ("secretsmanager:BatchGetSecretValue", "arn:{p}:secretsmanager:*:{a}:secret:*"),
    ("ssm:GetParameter", "arn:{p}:ssm:*:{a}:parameter/*"),
    ("ssm:GetParameters", "arn:{p}:ssm:*:{a}:parameter/*"),
    ("ssm:GetParametersByPath", "arn:{p}:ssm:*:{a}:parameter/*"),
];

/// Run code on what already runs as something else: any of these on all of its kind.
const RUN_CODE: &[Probe] = &[
    ("lambda:UpdateFunctionCode", "arn:{p}:lambda:*:{a}:function:*"),
    ("ssm:SendCommand", "arn:{p}:ec2:*:{a}:instance/*"),
    ("ssm:StartSession", "arn:{p}:ec2:*:{a}:instance/*"),
    ("ec2-instance-connect:SendSSHPublicKey", "arn:{p}:ec2:*:{a}:instance/*"),
    ("ecs:ExecuteCommand", "arn:{p}:ecs:*:{a}:task/*"),
    ("codebuild:StartBuild", "arn:{p}:codebuild:*:{a}:project/*"),
];

/// Run code as a role of one's choice: `iam:PassRole` on all roles, with any of these.
const START_CODE: &[Probe] = &[
    ("lambda:CreateFunction", "arn:{p}:lambda:*:{a}:function:*"),
    ("ec2:RunInstances", "arn:{p}:ec2:*:{a}:instance/*"),
    ("ecs:RunTask", "arn:{p}:ecs:*:{a}:task-definition/*"),
    ("cloudformation:CreateStack", "arn:{p}:cloudformation:*:{a}:stack/*"),
    ("glue:CreateJob", "arn:{p}:glue:*:{a}:job/*"),
    ("codebuild:CreateProject", "arn:{p}:codebuild:*:{a}:project/*"),
    ("sagemaker:CreateNotebookInstance", "arn:{p}:sagemaker:*:{a}:notebook-instance/*"),
];

/// Mint credentials: any of these for all users of the account.
const MINT_CREDENTIALS: &[Probe] = &[
    ("iam:CreateAccessKey", USERS),
    ("iam:CreateLoginProfile", USERS),
    ("iam:UpdateLoginProfile", USERS),
    ("iam:CreateServiceSpecificCredential", USERS),
    ("iam:ResetServiceSpecificCredential", USERS),
];

/// What the policies of an identity amount to: allow minus deny, within the boundary. At most one capability a kind,
/// in the order of [`CapabilityKind`]; an administrator's other capabilities are listed too. A boundary whose
/// document could not be read is the caller's to handle: without one, none is applied.
pub fn capabilities(principal: &Principal<'_>) -> Vec<Capability> {
    let identity = principal.identity;
    let scope = format!("account {}", identity.tenant);
    if identity.kind == IdentityKind::AwsRoot {
        let proof = vec!["the root user may do everything".to_owned()];
        return vec![Capability { kind: CapabilityKind::Administrator, scope, conditional: false, proof }];
    }
    Asker::of(&Rights::of(principal, Compiled::new), identity).all(&scope)
}

/// What one policy amounts to for whoever holds it and nothing else.
pub fn policy_capabilities(policy: &Policy) -> Vec<Capability> {
    let in_account = policy.tenant.len() == 12 && policy.tenant.bytes().all(|byte| byte.is_ascii_digit());
    let scope = if in_account { format!("account {}", policy.tenant) } else { "account".to_owned() };
    let account = if in_account { policy.tenant.as_str() } else { "*" };
    let rights = Rights::of_policy(policy);
    Asker { rights: &rights, identity: None, partition: partition(policy.id.as_str()), account }.all(&scope)
}

/// Whether these rights are an administrator's, and by which statements.
pub(super) fn administrator(rights: &Rights<'_>, identity: &Identity) -> Option<Capability> {
    let scope = format!("account {}", identity.tenant);
    Asker::of(rights, identity)
        .every(ADMINISTRATOR)
        .map(|answer| answer.capability(CapabilityKind::Administrator, &scope))
}

/// The second part of an ARN: `aws`, `aws-cn`, `aws-us-gov`.
pub(super) fn partition(arn: &str) -> &str {
    arn.strip_prefix("arn:").and_then(|rest| rest.split(':').next()).unwrap_or("aws")
}

struct Asker<'r, 'a> {
    rights: &'r Rights<'a>,
    identity: Option<&'r Identity>,
    partition: &'r str,
    account: &'r str,
}

struct Answer {
    conditional: bool,
    proof: Vec<String>,
}

impl Answer {
    fn capability(self, kind: CapabilityKind, scope: &str) -> Capability {
        Capability { kind, scope: scope.to_owned(), conditional: self.conditional, proof: self.proof }
    }

    /// Both are needed.
    fn and(mut self, other: Self) -> Self {
        self.conditional |= other.conditional;
        for line in other.proof {
            if !self.proof.contains(&line) {
                self.proof.push(line);
            }
        }
        self
    }
}

/// Either is enough; the unconditional one is the better answer.
fn either(first: Option<Answer>, second: Option<Answer>) -> Option<Answer> {
    match (&first, &second) {
        (Some(one), Some(other)) if one.conditional && !other.conditional => second,
        (Some(_), _) => first,
        (None, _) => second,
    }
}

impl<'r, 'a> Asker<'r, 'a> {
    fn of(rights: &'r Rights<'a>, identity: &'r Identity) -> Self {
        Self { rights, identity: Some(identity), partition: partition(identity.id.as_str()), account: &identity.tenant }
    }

    fn all(&self, scope: &str) -> Vec<Capability> {
        let passed = || Some(self.any(&[("iam:PassRole", ROLES)])?.and(self.any(START_CODE)?));
        [
            (CapabilityKind::Administrator, self.every(ADMINISTRATOR)),
            (CapabilityKind::Escalate, either(self.any(ESCALATE), self.on_itself())),
            (CapabilityKind::Impersonate, self.any(IMPERSONATE)),
            (CapabilityKind::ReadSecrets, self.any(READ_SECRETS)),
            (CapabilityKind::RunCode, either(self.any(RUN_CODE), passed())),
            (CapabilityKind::MintCredentials, self.any(MINT_CREDENTIALS)),
        ]
        .into_iter()
        .filter_map(|(kind, answer)| Some(answer?.capability(kind, scope)))
        .collect()
    }

    fn every(&self, probes: &[Probe]) -> Option<Answer> {
        probes.iter().map(|probe| self.ask(probe)).reduce(|all, one| Some(all?.and(one?))).flatten()
    }

    fn any(&self, probes: &[Probe]) -> Option<Answer> {
        probes.iter().map(|probe| self.ask(probe)).fold(None, either)
    }

    fn on_itself(&self) -> Option<Answer> {
        let identity = self.identity?;
        let own = ESCALATE_SELF.iter().filter(|(kind, _)| *kind == identity.kind);
        own.map(|(_, action)| self.answer(action, identity.id.as_str())).fold(None, either)
    }

    fn ask(&self, (action, resource): &Probe) -> Option<Answer> {
        self.answer(action, &resource.replace("{p}", self.partition).replace("{a}", self.account))
    }

    fn answer(&self, action: &str, resource: &str) -> Option<Answer> {
        let grounds = self.rights.may(&Action::new(action), resource, &[])?;
        Some(Answer { conditional: grounds.conditional, proof: vec![self.rights.quote(&grounds)] })
    }
}
