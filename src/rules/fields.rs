//! The field list: everything a rule can ask. One table, from which the checker, the view and the documentation come.

use std::sync::LazyLock;

use crate::model::{
    AttributeName, AttributeType, CapabilityKind, Confidence, CredentialKind, CredentialState, FactKind, GrantKind,
    IdentityKind, Provider, SettingKind, Severity, SubjectKind, WorkloadKind,
};

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Int,
    /// A span of time in seconds; compare it with `days(90)` or `hours(1)`.
    Duration,
    /// Any text.
    Text,
    /// A text of a closed set; comparing it with a text outside of the set is an error.
    Name(&'static [&'static str]),
    /// A list of texts of a closed set.
    Names(&'static [&'static str]),
    /// A list of any texts.
    Texts,
    /// Texts by name; read with `label(map, "name")` or `"name" in map`.
    Labels,
}

/// One field of a subject.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub ty: Type,
    /// Whether it may be `null`, which always means "there is none" and never "it is not known".
    pub nullable: bool,
    /// The facts without which it is unknown.
    pub needs: &'static [FactKind],
    /// What it means.
    pub doc: &'static str,
    /// The attribute that it is, where it is no field of the noun's own.
    pub(super) attribute: Option<AttributeName>,
}

const fn field(name: &'static str, ty: Type, doc: &'static str) -> Field {
    Field { name, ty, nullable: false, needs: &[], doc, attribute: None }
}

impl Field {
    const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    const fn needs(mut self, needs: &'static [FactKind]) -> Self {
        self.needs = needs;
        self
    }
}

use FactKind::{Credentials, Exposures, Grants, Identities, People, Settings, Trusts, Usage, Workloads};

const IDENTITY: &[Field] = &[
    field("id", Type::Text, "Its stable name (URN)."),
    field("kind", Type::Name(IdentityKind::NAMES), "What sort of identity it is."),
    field("provider", Type::Name(Provider::NAMES), "The system it lives in."),
    field("tenant", Type::Text, "The account or cluster it lives in."),
    field("name", Type::Text, "Its name; namespace/name in a cluster."),
    field("enabled", Type::Bool, "Whether it can act at all."),
    field("builtin", Type::Bool, "Made and run by the platform itself."),
    field("age", Type::Duration, "Time since it was made.").nullable(),
    field("labels", Type::Labels, "Tags, labels and annotations."),
    field("owner", Type::Text, "Who answers for it, as written.").nullable(),
    field("owner_source", Type::Text, "Where the owner is written.").nullable(),
    field("owner_left", Type::Bool, "The owner is in the people directory and has left.").needs(&[People]),
    field("owner_left_on", Type::Text, "The day the owner left.").nullable().needs(&[People]),
    field("never_used", Type::Bool, "No use is known since it was made, or since the source's horizon.")
        .needs(&[Usage]),
    field("unused_for", Type::Duration, "Time since its last use; since it was made when it was never used.")
        .nullable()
        .needs(&[Usage]),
    field("last_used", Type::Text, "The day of its last use.").nullable().needs(&[Usage]),
    field("credentials", Type::Int, "How many credentials it has.").needs(&[Credentials]),
    field("active_credentials", Type::Int, "How many of them work.").needs(&[Credentials]),
    field("workloads", Type::Int, "How many workloads run as it.").needs(&[Workloads]),
    field("workloads_seen", Type::Int, "How many workloads that were read run as it; others may that were not."),
    field("grants", Type::Int, "How many policies and roles it holds.").needs(&[Grants]),
    field("linked", Type::Int, "How many identities of other systems are tied to it."),
    field("exposures", Type::Int, "In how many places its credentials lie in the open."),
    field("trusted", Type::Int, "How many principals may become it.").needs(&[Trusts]),
    field("trusts_anyone", Type::Bool, "Anyone may become it, without a condition.").needs(&[Trusts]),
    field("capabilities", Type::Names(CapabilityKind::NAMES), "What it can do by its own rights.").needs(&[Grants]),
    field(
        "wide_capabilities",
        Type::Names(CapabilityKind::NAMES),
        "What it can do in all of its account or cluster, without a condition.",
    )
    .needs(&[Grants]),
    field(
        "local_capabilities",
        Type::Names(CapabilityKind::NAMES),
        "What it can do in some namespaces only, without a condition.",
    )
    .needs(&[Grants]),
    field("administers", Type::Texts, "The namespaces in which it can do everything, where it cannot in all.")
        .needs(&[Grants]),
    field("local_scopes", Type::Text, "The namespaces in which it can do more than elsewhere.").needs(&[Grants]),
    field("administrator", Type::Bool, "It can do everything in its account or cluster.").needs(&[Grants]),
    field("extent", Type::Text, "What it can do as administrator: everything, or everything but what is denied."),
    field("becomes_administrator", Type::Bool, "It is not administrator and can become it.").needs(&[Grants, Trusts]),
    field(
        "could_become_administrator",
        Type::Bool,
        "It is not administrator and can become it if something holds that is not known.",
    )
    .needs(&[Grants, Trusts]),
    field("becomes_in", Type::Text, "The account, cluster or tenant of which it can become administrator.").nullable(),
    field("becomes", Type::Text, "The identity at the end of its way to administrator, or to data.").nullable(),
    field("becomes_steps", Type::Text, "How many things it does on that way: `1 step`, `3 steps`.").nullable(),
    field("becomes_via", Type::Text, "Whom it passes through and what it changes on that way, in order.").nullable(),
    field("reaches_data", Type::Bool, "It reads no stored data itself, and can get at some through others.")
        .needs(&[Grants, Trusts]),
    field("could_reach_data", Type::Bool, "As reaches_data, if something holds that is not known.")
        .needs(&[Grants, Trusts]),
    field("cut", Type::Text, "What to take away so that those ways are closed where they begin.").nullable(),
    field("environment", Type::Text, "prod, staging, test, dev, or what a label says; by labels, then by names.")
        .nullable(),
    field(
        "code_share",
        Type::Int,
        "How many in a hundred of the users and roles of its tenant are made by code that was read.",
    ),
    field("defined_in", Type::Text, "The file of the code that makes it.").nullable(),
    field(
        "reach",
        Type::Names(CapabilityKind::NAMES),
        "What it can do for certain, by its own rights or through others.",
    )
    .needs(&[Grants]),
    field(
        "reaches_administrator",
        Type::Bool,
        "It is administrator somewhere or gets to it through others, for certain.",
    )
    .needs(&[Grants]),
    field("reaches_cloud_administrator", Type::Bool, "As reaches_administrator, of a cloud account.").needs(&[Grants]),
    field(
        "could_reach_cloud_administrator",
        Type::Bool,
        "As reaches_cloud_administrator, if a condition holds that cannot be judged from what was read.",
    )
    .needs(&[Grants]),
    field("reaches_through", Type::Text, "The way to that, in names; empty when it needs nobody."),
    field("alive_elsewhere", Type::Bool, "It is tied to an identity of another system that is switched on."),
    field("still_alive", Type::Text, "What of it goes on where it is switched off: credentials, workloads, twins."),
    field("own_account", Type::Bool, "It is the account of a person of the directory."),
    field("assumed_by", Type::Int, "How many things that were read can act as it."),
    field("anyone", Type::Bool, "It stands for everyone, or everyone who is logged in."),
    field("declared", Type::Bool, "It was read from a source tree and not from where it runs."),
];

const CREDENTIAL: &[Field] = &[
    field("id", Type::Text, "Its stable name (URN)."),
    field("kind", Type::Name(CredentialKind::NAMES), "What sort of credential it is."),
    field("tenant", Type::Text, "The account or cluster it lives in."),
    field("name", Type::Text, "How its provider calls it: a key id, a Secret's name."),
    field("active", Type::Bool, "Whether it works."),
    field("age", Type::Duration, "Time since it was made or rotated.").nullable(),
    field("expires_in", Type::Duration, "Time until it stops working; null means never.").nullable(),
    field("never_expires", Type::Bool, "It works until somebody takes it away."),
    field("never_used", Type::Bool, "No use is known since it was made, or since the source's horizon.")
        .needs(&[Usage]),
    field("unused_for", Type::Duration, "Time since its last use; since it was made when it was never used.")
        .nullable()
        .needs(&[Usage]),
    field("last_used", Type::Text, "The day of its last use.").nullable().needs(&[Usage]),
    field("exposures", Type::Int, "In how many places its value lies in the open."),
    field("reach", Type::Names(CapabilityKind::NAMES), "What can be done with it for certain.").needs(&[Grants]),
    field("reaches_administrator", Type::Bool, "Whoever has it is administrator somewhere, for certain.")
        .needs(&[Grants]),
    field("keyless_by", Type::Text, "It lies in the open, and its account trusts this provider of tokens already.")
        .nullable(),
    field("declared", Type::Bool, "It was read from a source tree and not from where it runs."),
];

const GRANT: &[Field] = &[
    field("id", Type::Text, "Its stable name (URN)."),
    field("kind", Type::Name(GrantKind::NAMES), "How the policy bears on its holder."),
    field("provider", Type::Name(Provider::NAMES), "The system it lives in."),
    field("tenant", Type::Text, "The account or cluster it lives in."),
    field("scope", Type::Text, "account, cluster or namespace/<name>."),
    field("policy", Type::Text, "The policy or role that is given."),
    field("policy_name", Type::Text, "Its name, with its kind in a cluster."),
    field("policy_exists", Type::Bool, "Whether that policy or role is there.").needs(&[Grants]),
    field("via", Type::Text, "What it came through, such as a binding or a group; empty when given directly."),
    field("via_name", Type::Text, "The name of what it came through."),
    field("capabilities", Type::Names(CapabilityKind::NAMES), "What it amounts to alone.").needs(&[Grants]),
    field(
        "holder_exists",
        Type::Bool,
        "Whether the service account that it names is there; users and groups always are.",
    )
    .needs(&[Identities]),
    field("shipped", Type::Bool, "The platform makes it itself at its start."),
    field("by_user_name", Type::Bool, "It names a service account as a user, by system:serviceaccount:NAMESPACE:NAME."),
    field("unasked_days", Type::Int, "For how many days an audit log shows its holder, and no use of what it gives.")
        .nullable()
        .needs(&[Grants]),
    field("crosses_namespaces", Type::Bool, "It gives rights in one namespace to a service account of another."),
    field(
        "enters_production_from",
        Type::Text,
        "The environment of its holder's namespace, where its rights are in a namespace of production and that is none.",
    )
    .nullable(),
    field("declared", Type::Bool, "It was read from a source tree and not from where it runs."),
];

const EXPOSURE: &[Field] = &[
    field("id", Type::Text, "Its stable name."),
    field("detector", Type::Text, "The detector that found it."),
    field("title", Type::Text, "What was found, in words."),
    field("severity", Type::Name(Severity::NAMES), "How bad the detector says it is."),
    field("confidence", Type::Name(Confidence::NAMES), "How sure the detector is."),
    field("kind", Type::Text, "The kind of credential it is."),
    field("path", Type::Text, "The file it lies in."),
    field("line", Type::Int, "The line it lies on."),
    field("preview", Type::Text, "A masked preview."),
    field("key_id", Type::Text, "The public id by which the provider knows it.").nullable(),
    field("account", Type::Text, "The account, project or tenant in it.").nullable(),
    field("remedy", Type::Text, "What the detector says to do."),
    field("public", Type::Bool, "It is a public id alone, without the secret."),
    field("allowed", Type::Bool, "Marked in place as allowed."),
    field("copies", Type::Int, "In how many other places the same value lies."),
    field(
        "first_copy",
        Type::Bool,
        "It is the first of the places where the value lies, so that the value is told once.",
    ),
    field("state", Type::Name(CredentialState::NAMES), "Whether it still opens something, as far as was read."),
    field("environment", Type::Text, "The environment of its file or of its identity.").nullable(),
    field("environment_count", Type::Int, "How many those are."),
    field(
        "environments",
        Type::Texts,
        "The environments of the files in which the same value lies, when there are several.",
    ),
    field("exposed_for", Type::Duration, "Time since the commit that brought it; null without a history.").nullable(),
    field("in_head", Type::Bool, "It still lies there; false when only old commits hold it."),
    field("unlocks", Type::Texts, "The files in which the public half of this private key stands, and what for."),
    field("written_by", Type::Text, "The address of the author of that commit.").nullable(),
    field("reach", Type::Names(CapabilityKind::NAMES), "What can be done with it for certain."),
    field("reaches_administrator", Type::Bool, "Whoever has it is administrator somewhere, for certain."),
    field("known", Type::Bool, "It is a credential or token of an identity that was read."),
];

const WORKLOAD: &[Field] = &[
    field("id", Type::Text, "Its stable name (URN)."),
    field("kind", Type::Name(WorkloadKind::NAMES), "What sort of workload it is."),
    field("tenant", Type::Text, "The account or cluster it lives in."),
    field("name", Type::Text, "Its name; namespace/name in a cluster."),
    field("labels", Type::Labels, "Tags, labels and annotations."),
    field("runs_as", Type::Int, "As how many identities it runs."),
    field("missing_identities", Type::Int, "How many of them do not exist.").needs(&[Identities]),
    field("acts_as", Type::Int, "How many identities it is for certain.").needs(&[Trusts]),
    field("acts_as_names", Type::Text, "Their names."),
    field("could_act_as", Type::Int, "How many more it could be, if a condition holds.").needs(&[Trusts]),
    field("could_act_as_names", Type::Text, "Their names."),
    field(
        "could_reach_administrator",
        Type::Bool,
        "It is administrator somewhere, for certain or if a condition holds.",
    )
    .needs(&[Grants]),
    field("reach", Type::Names(CapabilityKind::NAMES), "What it can do for certain.").needs(&[Grants]),
    field("reaches_administrator", Type::Bool, "It is administrator somewhere, for certain.").needs(&[Grants]),
    field("given_administrator", Type::Bool, "A credential that it is given makes it administrator somewhere.")
        .needs(&[Grants]),
    field("reaches_through", Type::Text, "The way to that, in names; empty when there is none."),
    field("declared", Type::Bool, "It was read from a source tree and not from where it runs."),
];

fn own_fields(of: SubjectKind) -> &'static [Field] {
    match of {
        SubjectKind::Identity => IDENTITY,
        SubjectKind::Credential => CREDENTIAL,
        SubjectKind::Grant => GRANT,
        SubjectKind::Exposure => EXPOSURE,
        SubjectKind::Workload => WORKLOAD,
        SubjectKind::Setting => SETTING,
    }
}

/// The fields of a subject: those that every provider's have, then the attributes that only some have.
pub fn fields(of: SubjectKind) -> &'static [Field] {
    static FIELDS: LazyLock<Vec<(SubjectKind, Vec<Field>)>> = LazyLock::new(|| {
        let all = |subject| own_fields(subject).iter().copied().chain(attributes(subject)).collect();
        SubjectKind::ALL.iter().map(|subject| (*subject, all(*subject))).collect()
    });
    FIELDS.iter().find(|(subject, _)| *subject == of).map_or(&[], |(_, fields)| fields)
}

/// Attributes as fields: what is not set is false, an empty list, or null.
fn attributes(of: SubjectKind) -> impl Iterator<Item = Field> {
    let named = AttributeName::ALL.iter().filter(move |name| name.nouns().contains(&of));
    named.map(|name| {
        let (ty, nullable) = match name.ty() {
            AttributeType::Bool => (Type::Bool, false),
            AttributeType::Int => (Type::Int, true),
            AttributeType::Time => (Type::Duration, true),
            AttributeType::Text => (Type::Text, true),
            AttributeType::Texts => (Type::Texts, false),
        };
        // Whose second factor is not known may be missing altogether: the root user is in the credential report alone.
        let needs: &'static [FactKind] = if *name == AttributeName::Mfa { &[Credentials] } else { &[] };
        Field { nullable, needs, attribute: Some(*name), ..field(name.as_str(), ty, name.doc().trim_ascii_start()) }
    })
}

const SETTING: &[Field] = &[
    field("id", Type::Text, "Its stable name (URN)."),
    field("kind", Type::Name(SettingKind::NAMES), "What sort of setting it is."),
    field("tenant", Type::Text, "The account, cluster or organisation it lives in."),
    field("name", Type::Text, "Its name there."),
    field("labels", Type::Labels, "Tags, labels and annotations."),
    field("part_of", Type::Text, "The setting or identity that it is a part of.").nullable(),
    field("declared", Type::Bool, "It was read from a source tree and not from where it runs."),
];

/// The other nouns that a rule about a subject can ask, all of which may be `null`.
pub(super) fn relations(of: SubjectKind) -> &'static [(&'static str, SubjectKind)] {
    match of {
        SubjectKind::Credential | SubjectKind::Grant => &[("identity", SubjectKind::Identity)],
        SubjectKind::Exposure => &[("identity", SubjectKind::Identity), ("credential", SubjectKind::Credential)],
        SubjectKind::Identity | SubjectKind::Workload | SubjectKind::Setting => &[],
    }
}

/// The facts without which subjects of a kind may be missing altogether.
pub(super) fn subject_needs(of: SubjectKind) -> &'static [FactKind] {
    match of {
        SubjectKind::Identity => &[Identities],
        SubjectKind::Credential => &[Credentials],
        SubjectKind::Grant => &[Grants],
        SubjectKind::Exposure => &[Exposures],
        SubjectKind::Workload => &[Workloads],
        SubjectKind::Setting => &[Settings],
    }
}
