//! What AWS identities amount to beyond their own account and for what runs as them: roles that other accounts of one's own
//! let people into, agents whose role is wide, and how a credential is taken away. It must not change what was read.

use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::Inventory;
use crate::model::{
    AttributeName as A, Attributes, Capability, CapabilityKind, Credential, CredentialKind, IdentityKind, SettingKind,
    Urn, Workload, WorkloadKind,
};

/// How many identities of other accounts are named of one role.
const NAMED: usize = 5;

/// The rights that make a role wide where they are on all of an account.
const WIDE: [CapabilityKind; 9] = [
    CapabilityKind::ReadSecrets,
    CapabilityKind::ReadData,
    CapabilityKind::WriteData,
    CapabilityKind::DeleteData,
    CapabilityKind::MintCredentials,
    CapabilityKind::Escalate,
    CapabilityKind::Impersonate,
    CapabilityKind::RunCode,
    CapabilityKind::ChangeNetwork,
];

/// Of each role the other accounts that were read and whose identities may become it, and those of them that stand in a
/// lower environment. The management account of an organisation gives itself such roles in every account it makes.
pub(super) fn accounts(inventory: &Inventory) -> Vec<(Urn, Attributes)> {
    let organizations = inventory.settings.iter().filter(|one| one.kind == SettingKind::AwsOrganization);
    let management: BTreeSet<&str> = organizations.filter_map(|one| one.attributes.text(A::Account)).collect();
    let mut found: BTreeMap<&Urn, Vec<&Urn>> = BTreeMap::new();
    for (who, roles) in &inventory.facts.assumes {
        for (role, ..) in roles {
            found.entry(role).or_default().push(who);
        }
    }
    let of_role = |(role, whom): (&Urn, Vec<&Urn>)| {
        let role = inventory.identities.get(role)?;
        let others = whom.into_iter().filter_map(|who| inventory.identities.get(who));
        let others: Vec<_> =
            others.filter(|who| who.tenant != role.tenant && !management.contains(who.tenant.as_str())).collect();
        let accounts: BTreeSet<&str> = others.iter().map(|who| who.tenant.as_str()).collect();
        let environment = |id: &Urn| inventory.facts.environments.get(id).map(|one| one.name.as_str());
        let is_production = environment(&role.id) == Some("prod");
        let lower = others.iter().filter_map(|who| {
            let of = environment(&who.id).filter(|of| is_production && *of != "prod")?;
            Some(format!("{} of account {} ({of})", who.name, who.tenant))
        });
        let lower: Vec<String> = lower.take(NAMED).collect();
        let accounts: Vec<String> = accounts.into_iter().map(str::to_owned).collect();
        let all = Attributes::default().with(A::OwnAccounts, accounts).with(A::EnteredFromBelow, lower);
        Some((role.id.clone(), all))
    };
    found.into_iter().filter_map(of_role).collect()
}

/// The rights on all of an account that the role of an agent has, where it is no administrator.
pub(super) fn wide(inventory: &Inventory, workload: &Workload) -> Vec<String> {
    let is_of_agent = matches!(
        workload.kind,
        WorkloadKind::AwsAgentRuntime | WorkloadKind::AwsBedrockAgent | WorkloadKind::AwsGateway
    );
    let held = workload.runs_as.iter().filter_map(|id| inventory.facts.identities.get(id));
    let all: Vec<&Capability> = held.flat_map(|facts| &facts.capabilities).filter(|_| is_of_agent).collect();
    if all.iter().any(|one| one.is_administrator()) {
        return Vec::new();
    }
    let is_wide = |one: &&&Capability| WIDE.contains(&one.kind) && one.scope.starts_with("account ");
    let kinds: BTreeSet<String> = all.iter().filter(is_wide).map(|one| one.kind.as_str().replace('-', " ")).collect();
    kinds.into_iter().collect()
}

/// How each access key and signing certificate is switched off and deleted: by which command, or where no command can.
pub(super) fn removal(inventory: &Inventory) -> Vec<(Urn, Attributes)> {
    let is_one =
        |one: &&Credential| matches!(one.kind, CredentialKind::AwsAccessKey | CredentialKind::AwsSigningCertificate);
    inventory
        .credentials
        .iter()
        .filter(is_one)
        .filter_map(|one| Some((one.id.clone(), of_one(inventory, one)?)))
        .collect()
}

fn of_one(inventory: &Inventory, credential: &Credential) -> Option<Attributes> {
    let holder = inventory.identities.get(&credential.holder)?;
    if holder.kind == IdentityKind::AwsRoot {
        // IAM has no calls about credentials of root, but those that root makes itself.
        let place = "as the root user, in the console under Security credentials";
        return Some(Attributes::default().with(A::DeleteBy, place).with(A::StopBy, place));
    }
    let (noun, flag) = match credential.kind {
        CredentialKind::AwsAccessKey => ("access-key", "access-key-id"),
        _ => ("signing-certificate", "certificate-id"),
    };
    let plural = if noun == "access-key" { "access-keys" } else { "signing-certificates" };
    let user = &holder.name;
    let is_listed = credential.id.as_str().starts_with("aws:access-key/");
    let (first, id) = match is_listed {
        true => (String::new(), credential.name.as_str()),
        // The credential report has no ids.
        false => (format!("aws iam list-{plural} --user-name {user} tells its ID, then "), "ID"),
    };
    let delete = format!("{first}aws iam delete-{noun} --user-name {user} --{flag} {id}");
    let stop = format!("{first}aws iam update-{noun} --user-name {user} --{flag} {id} --status Inactive");
    Some(Attributes::default().with(A::DeleteBy, delete).with(A::StopBy, stop))
}
