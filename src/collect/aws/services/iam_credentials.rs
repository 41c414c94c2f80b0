//! IAM beyond the account authorization details: Bedrock API keys and other service credentials, SSH keys,
//! certificates, the account's own settings. It must not read a secret part of any of them.
//!
//! Shapes: IAM API reference, the operations of the same names.

use serde_json::Value;

use crate::collect::aws::answer::{Answer, list, moment, number, text, text_at};
use crate::collect::aws::calls::{Call, Wire};
use crate::collect::aws::notes::Notes;
use crate::model::FactKind::{Credentials, Settings, Workloads};
use crate::model::{
    AttributeName as A, Attributes, CredentialKind, Known, Record, SettingKind, Urn, Workload, WorkloadKind,
};
use crate::secrets::published_keys;

const IAM: Wire = Wire::Query { version: "2010-05-08" };
const USERS: (&str, &str) = ("get-account-authorization-details", "/UserDetailList/*/UserName");

/// What is asked.
pub(super) const CALLS: &[Call] = &[
    Call::new(
        "iam",
        "list-service-specific-credentials",
        "iam:ListServiceSpecificCredentials",
        "Bedrock API keys and other service credentials",
        IAM,
    )
    .with(&["AllUsers=true"])
    .pages("Marker", "Marker")
    .key("ServiceSpecificCredentials")
    .blinds(&[Credentials])
    .of(&["aws.service-credential", "aws.user"]),
    Call::new("iam", "list-ssh-public-keys", "iam:ListSSHPublicKeys", "SSH keys of users that may use CodeCommit", IAM)
        .each(USERS.0, USERS.1, "UserName")
        .key("SSHPublicKeys")
        .blinds(&[Credentials])
        .of(&["aws.ssh-key", "aws.user"]),
    Call::new("iam", "get-ssh-public-key", "iam:GetSSHPublicKey", "their bodies: which private key opens what", IAM)
        .each("list-ssh-public-keys", "/SSHPublicKeys/*/SSHPublicKeyId", "SSHPublicKeyId")
        .with(&["Encoding=SSH"])
        .key("SSHPublicKey"),
    Call::new(
        "iam",
        "list-signing-certificates",
        "iam:ListSigningCertificates",
        "certificates of users of whom the credential report shows one",
        IAM,
    )
    .each(USERS.0, USERS.1, "UserName")
    .key("Certificates"),
    Call::new("iam", "list-server-certificates", "iam:ListServerCertificates", "server certificates", IAM)
        .pages("Marker", "Marker")
        .key("ServerCertificateMetadataList")
        .blinds(&[Settings])
        .of(&["aws.server-certificate"]),
    Call::new(
        "iam",
        "list-instance-profiles",
        "iam:ListInstanceProfiles",
        "instance profiles, also without a role",
        IAM,
    )
    .pages("Marker", "Marker")
    .key("InstanceProfiles")
    .blinds(&[Workloads])
    .of(&["aws.instance-profile"]),
    Call::new("iam", "get-account-summary", "iam:GetAccountSummary", "MFA and keys of the root user", IAM)
        .key("SummaryMap")
        .blinds(&[Settings])
        .of(&["aws.account"]),
    Call::new("iam", "get-account-password-policy", "iam:GetAccountPasswordPolicy", "the rules for passwords", IAM)
        .key("PasswordPolicy")
        .or_none("NoSuchEntity")
        .blinds(&[Settings])
        .of(&["aws.password-policy"]),
    Call::new(
        "iam",
        "get-outbound-web-identity-federation-info",
        "iam:GetOutboundWebIdentityFederationInfo",
        "whether the account issues tokens for other systems",
        IAM,
    )
    .key("IssuerIdentifier")
    .or_none("FeatureDisabled")
    .blinds(&[Settings])
    .of(&["aws.outbound-federation"]),
    Call::new("iam", "list-delegation-requests", "iam:ListDelegationRequests", "who asked for temporary rights", IAM)
        .pages("Marker", "Marker")
        .key("DelegationRequests")
        .blinds(&[Settings])
        .of(&["aws.delegation-request"]),
];

/// Notes what an answer says.
pub(super) fn read(answer: &Answer, notes: &mut Notes<'_>) {
    match answer.call.operation {
        "list-service-specific-credentials" => service_credentials(answer, notes),
        "list-ssh-public-keys" => ssh_keys(answer, notes),
        "get-ssh-public-key" => ssh_key(answer, notes),
        "list-signing-certificates" => signing_certificates(answer, notes),
        "list-server-certificates" => server_certificates(answer, notes),
        "list-instance-profiles" => instance_profiles(answer, notes),
        "list-delegation-requests" => delegations(answer, notes),
        _ => account(answer, notes),
    }
}

fn user(notes: &Notes<'_>, name: &str) -> String {
    notes.users.get(name).cloned().unwrap_or_else(|| notes.site.account.iam_arn(&format!("user/{name}")))
}

fn is_active(item: &Value) -> Known<bool> {
    match text(item, "Status") {
        "Active" => Known::Value(true),
        "" => Known::unknown("the answer does not say whether it is active"),
        _ => Known::Value(false),
    }
}

fn service_credentials(answer: &Answer, notes: &mut Notes<'_>) {
    for item in notes.items(answer, "ServiceSpecificCredentials", &["ServiceSpecificCredentialId"]) {
        let id = text(item, "ServiceSpecificCredentialId");
        let holder = user(notes, text(item, "UserName"));
        let seen = notes.seen(answer, id);
        let urn = format!("aws:service-credential/{id}");
        let mut credential = notes.credential(CredentialKind::AwsServiceCredential, (&urn, id), &holder, seen);
        credential.active = is_active(item);
        credential.created = moment(item, "CreateDate");
        credential.expires = moment(item, "ExpirationDate");
        credential.attributes.set(A::Service, text(item, "ServiceName"));
        notes.records.push(Record::Credential(credential));
    }
}

fn ssh_keys(answer: &Answer, notes: &mut Notes<'_>) {
    for item in notes.items(answer, "SSHPublicKeys", &["SSHPublicKeyId"]) {
        note_ssh_key(item, answer, notes);
    }
}

/// One with its body, by which a found private key is known as its other half.
fn ssh_key(answer: &Answer, notes: &mut Notes<'_>) {
    if let Some(item) = notes.one(answer, "/SSHPublicKey", &["SSHPublicKeyId"]) {
        note_ssh_key(item, answer, notes);
    }
}

fn note_ssh_key(item: &Value, answer: &Answer, notes: &mut Notes<'_>) {
    let id = text(item, "SSHPublicKeyId");
    let name = if text(item, "UserName").is_empty() { answer.item() } else { text(item, "UserName") };
    let seen = notes.seen(answer, id);
    let urn = format!("aws:ssh-key/{id}");
    let mut credential = notes.credential(CredentialKind::AwsSshKey, (&urn, id), &user(notes, name), seen);
    credential.active = is_active(item);
    credential.created = moment(item, "UploadDate");
    credential.attributes = names_of_key(text(item, "SSHPublicKeyBody"));
    notes.records.push(Record::Credential(credential));
}

fn signing_certificates(answer: &Answer, notes: &mut Notes<'_>) {
    for item in notes.items(answer, "Certificates", &["CertificateId"]) {
        let id = text(item, "CertificateId");
        let name = if text(item, "UserName").is_empty() { answer.item() } else { text(item, "UserName") };
        let holder = user(notes, name);
        let uploaded = moment(item, "UploadDate");
        let second = uploaded.value().map(|uploaded| uploaded.as_second());
        let reported = notes.certificates.get(name).into_iter().flatten();
        // The credential report shows the same, by slot.
        let slot = reported.filter(|(_, shown)| Some(*shown) == second).map(|(slot, _)| slot).next();
        let short =
            slot.map_or_else(|| format!("signing-certificate/{id}"), |slot| format!("signing-certificate-{slot}"));
        let seen = notes.seen(answer, id);
        let kind = CredentialKind::AwsSigningCertificate;
        let mut credential = notes.credential(kind, (&format!("{holder}#{short}"), &short), &holder, seen);
        credential.active = is_active(item);
        credential.created = uploaded;
        credential.expires = Known::unknown("AWS takes it whatever end it names");
        credential.attributes = names_of_key(text(item, "CertificateBody"));
        notes.records.push(Record::Credential(credential));
    }
}

/// The names of a public key or of the key of a certificate, in whichever form AWS gives it.
fn names_of_key(body: &str) -> Attributes {
    let mut attributes = Attributes::default();
    for (name, text) in published_keys(body).first().into_iter().flat_map(|key| &key.names) {
        match *name {
            "ssh_fingerprint" => attributes.set(A::SshFingerprint, text.as_str()),
            "spki_sha256" => attributes.set(A::SpkiSha256, text.as_str()),
            _ => {}
        }
    }
    attributes
}

fn server_certificates(answer: &Answer, notes: &mut Notes<'_>) {
    for item in notes.items(answer, "ServerCertificateMetadataList", &["Arn"]) {
        let mut attributes = Attributes::default();
        attributes.set_known(A::Ends, moment(item, "Expiration"));
        attributes.set_known(A::Began, moment(item, "UploadDate"));
        let id = (text(item, "Arn"), text(item, "ServerCertificateName"));
        notes.setting(SettingKind::AwsServerCertificate, id, None, attributes, (answer, item));
    }
}

fn instance_profiles(answer: &Answer, notes: &mut Notes<'_>) {
    for item in notes.items(answer, "InstanceProfiles", &["Arn"]) {
        let roles: Vec<Urn> = list(item, "Roles").iter().map(|role| Urn::new(text(role, "Arn"))).collect();
        let name = text(item, "InstanceProfileName");
        // Account authorization details name those that have a role; this list adds those without one.
        if roles.is_empty() {
            let evidence = notes.seen(answer, name);
            notes.records.push(Record::Workload(Workload {
                id: Urn::new(text(item, "Arn")),
                kind: WorkloadKind::AwsInstanceProfile,
                tenant: notes.site.account.id.clone(),
                name: name.to_owned(),
                runs_as: roles,
                labels: crate::collect::aws::answer::tags(item),
                attributes: Attributes::default(),
                evidence,
            }));
        }
    }
}

fn delegations(answer: &Answer, notes: &mut Notes<'_>) {
    for item in notes.items(answer, "DelegationRequests", &["DelegationRequestId"]) {
        let name = text(item, "DelegationRequestId");
        let mut attributes = Attributes::default().with(A::State, text(item, "State"));
        attributes.set_known(A::Began, moment(item, "CreateDate"));
        for (attribute, field) in [(A::Account, "OwnerAccountId"), (A::Author, "RequestorName")] {
            if !text(item, field).is_empty() {
                attributes.set(attribute, text(item, field));
            }
        }
        let id = notes.site.account.iam_arn(&format!("delegation-request/{name}"));
        notes.setting(SettingKind::AwsDelegationRequest, (&id, name), None, attributes, (answer, item));
    }
}

/// Answers about the account itself; there is one of each.
fn account(answer: &Answer, notes: &mut Notes<'_>) {
    let value = &answer.value;
    let mut attributes = Attributes::default();
    let (kind, name) = match answer.call.operation {
        "get-account-summary" => {
            let Some(map) = value.get("SummaryMap") else { return };
            for (attribute, field) in [(A::Mfa, "AccountMFAEnabled"), (A::RootKeys, "AccountAccessKeysPresent")] {
                if let Some(number) = number(map, field) {
                    attributes.set(attribute, number > 0);
                }
            }
            (SettingKind::AwsAccount, "account")
        }
        "get-account-password-policy" => {
            let Some(policy) = value.get("PasswordPolicy") else { return };
            if let Some(length) = number(policy, "MinimumPasswordLength") {
                attributes.set(A::MinimumLength, length);
            }
            if let Some(remembered) = number(policy, "PasswordReusePrevention") {
                attributes.set(A::Remembered, remembered);
            }
            (SettingKind::AwsPasswordPolicy, "password-policy")
        }
        _ => {
            let issuer = text_at(value, "/IssuerIdentifier");
            attributes.set(A::Issuer, issuer);
            let enabled = crate::collect::aws::answer::flag(value, "JwtVendingEnabled");
            attributes.set(A::Enabled, enabled.unwrap_or(!issuer.is_empty()));
            (SettingKind::AwsOutboundFederation, "outbound-federation")
        }
    };
    notes.counted();
    let id = notes.site.account.iam_arn(name);
    notes.setting(kind, (&id, name), None, attributes, (answer, &Value::Null));
}
