//! What the join concludes about the nouns: owners, links, capabilities, ways to more power.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Confidence, Known, Urn, names};

names! {
    /// What a grant amounts to, in one vocabulary for all providers.
    CapabilityKind {
        /// Everything in its scope.
        Administrator = "administrator",
        /// Can give itself more rights than it has.
        Escalate = "escalate",
        /// Can act as other identities.
        Impersonate = "impersonate",
        /// Can read stored secrets.
        ReadSecrets = "read-secrets",
        /// Can run code as something else.
        RunCode = "run-code",
        /// Can mint credentials.
        MintCredentials = "mint-credentials",
        /// Can read data that is not public.
        ReadPrivateData = "read-private-data",
        /// Reads text that outsiders write.
        ReadUntrusted = "read-untrusted-content",
        /// Can send data out.
        SendOut = "send-data-out",
        /// Can read stored data.
        ReadData = "read-data",
        /// Can change stored data.
        WriteData = "write-data",
        /// Can destroy stored data.
        DeleteData = "delete-data",
        /// Can change what reaches what over the network.
        ChangeNetwork = "change-network",
        /// Can write cluster roles, which others may be put together from.
        KubernetesAggregateRoles = "kubernetes.aggregate-roles",
        /// Can change service accounts, such as the cloud role they act as.
        KubernetesAnnotateAccounts = "kubernetes.annotate-accounts",
        /// Can bind roles that it does not hold.
        KubernetesBindRoles = "kubernetes.bind-roles",
        /// Can create pods, as any service account of their namespace.
        KubernetesCreatePods = "kubernetes.create-pods",
        /// Can create volumes, of files of a node, too.
        KubernetesCreateVolumes = "kubernetes.create-volumes",
        /// Can add containers to running pods.
        KubernetesDebugPods = "kubernetes.debug-pods",
        /// Can run commands in running pods.
        KubernetesEnterPods = "kubernetes.enter-pods",
        /// May use the verbs that lift the check against escalation.
        KubernetesEscalateOrBind = "kubernetes.escalate-or-bind",
        /// Can write roles that give more than it holds.
        KubernetesEscalateRoles = "kubernetes.escalate-roles",
        /// Can act as service accounts.
        KubernetesImpersonateAccounts = "kubernetes.impersonate-accounts",
        /// Can act as others by the verbs `impersonate:…`.
        KubernetesImpersonateConstrained = "kubernetes.impersonate-constrained",
        /// Can forge uids and extra fields of whom it acts as.
        KubernetesImpersonateExtras = "kubernetes.impersonate-extras",
        /// Can act as any user or group.
        KubernetesImpersonateUsers = "kubernetes.impersonate-users",
        /// Can approve or sign requests for client certificates, and make none.
        KubernetesApproveCertificates = "kubernetes.approve-certificates",
        /// Can have client certificates issued.
        KubernetesIssueCertificates = "kubernetes.issue-certificates",
        /// Can change the labels by which pod security is enforced.
        KubernetesLabelNamespaces = "kubernetes.label-namespaces",
        /// Can run commands in every pod, through the kubelets.
        KubernetesReachKubelets = "kubernetes.reach-kubelets",
        /// Can reach ports of pods and services through the API server.
        KubernetesReachPorts = "kubernetes.reach-ports",
        /// Can have tokens of service accounts issued.
        KubernetesRequestTokens = "kubernetes.request-tokens",
        /// Can have a lasting token of any service account of a namespace made and read it.
        KubernetesTokenSecrets = "kubernetes.token-secrets",
        /// Can take over nodes, and so what runs on them.
        KubernetesTakeNodes = "kubernetes.take-nodes",
        /// Can have controllers do things with their rights.
        KubernetesUseDeputies = "kubernetes.use-deputies",
        /// Holds a rule for everything of some sort.
        KubernetesWildcard = "kubernetes.wildcard",
        /// Holds a rule with every verb, or every resource, of a group of the API server's own.
        KubernetesWildcardPart = "kubernetes.wildcard-part",
        /// Can write or remove the policies that admission judges by.
        KubernetesWriteAdmissionPolicies = "kubernetes.write-admission-policies",
        /// Can write bindings.
        KubernetesWriteBindings = "kubernetes.write-bindings",
        /// Can write custom resource definitions.
        KubernetesWriteDefinitions = "kubernetes.write-definitions",
        /// Can change where names lead.
        KubernetesWriteDns = "kubernetes.write-dns",
        /// Can change how the cluster tells who somebody is.
        KubernetesWriteLogin = "kubernetes.write-login",
        /// Can change nodes and their status.
        KubernetesWriteNodes = "kubernetes.write-nodes",
        /// Can write Secrets.
        KubernetesWriteSecrets = "kubernetes.write-secrets",
        /// Can put itself between every request and the API server.
        KubernetesWriteWebhooks = "kubernetes.write-webhooks",
        /// Can write controllers that create pods.
        KubernetesWriteWorkloads = "kubernetes.write-workloads",
    }
}

/// A capability with the chain that proves it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Capability {
    /// What it can do.
    pub kind: CapabilityKind,
    /// Where: `account 123456789012`, `cluster prod`, `namespace prod/payments`, or one thing by its name:
    /// `service-account prod/payments/worker` (`*` for any namespace), `secret prod/payments/key`, `user prod/jana`, `group prod/ops`,
    /// `resource arn:aws:s3:::orders/*`, `resources … and …`.
    pub scope: String,
    /// Holds only under a condition that cannot be judged offline.
    pub conditional: bool,
    /// The steps that prove it, such as binding, role, rule or policy and statement.
    pub proof: Vec<String>,
}

impl Capability {
    /// Whether it is about things by their names alone.
    pub fn is_of_named(&self) -> bool {
        ["service-account ", "secret ", "user ", "group ", "resource ", "resources "]
            .iter()
            .any(|word| self.scope.starts_with(word))
    }

    /// Administrator of a whole account or cluster, without a condition.
    pub fn is_administrator(&self) -> bool {
        self.kind == CapabilityKind::Administrator && !self.conditional && !self.scope.starts_with("namespace ")
    }

    /// Begins a line of the proof that says what is denied all the same: `but not iam:CreateUser: policy p, …`.
    pub const DENIED: &str = "but not ";

    /// What is denied all the same, as the proof says.
    pub fn denied(&self) -> Vec<&str> {
        let lines = self.proof.iter().filter_map(|line| line.strip_prefix(Self::DENIED));
        lines.map(|line| line.split_once(": ").map_or(line, |(names, _)| names)).collect()
    }
}

/// A way by which an identity becomes administrator or gets at data.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EscalationPath {
    /// The identity it ends at, when it passes through others.
    pub target: Urn,
    /// Holds only under a condition that cannot be judged offline.
    pub conditional: bool,
    /// Whom it passes through and what it changes, one entry for each thing that is done, in order: `role/ci`,
    /// `iam:PutUserPolicy on itself`. Empty where these were not counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub via: Vec<String>,
    /// The sentences that prove it, in order.
    pub steps: Vec<String>,
    /// What to take away so that this way is closed where it begins; empty where that is not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cut: String,
    /// The first identity that it passes through, where that is not its end: the way goes on as the best one from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Hop>,
}

/// The first part of a way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Hop {
    /// Whom it leads to.
    pub to: Urn,
    /// How many of the sentences of the way prove it.
    pub steps: usize,
    /// Holds only under a condition that cannot be judged offline.
    pub conditional: bool,
}

impl EscalationPath {
    /// How many things are done on it; where that was not counted, how many sentences prove it.
    pub fn length(&self) -> usize {
        if self.via.is_empty() { self.steps.len() } else { self.via.len() }
    }
}

/// Who answers for an identity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Owner {
    /// The person, team or release, as written at the source.
    pub name: String,
    /// Where it is written, such as `tag owner` or `label app.kubernetes.io/part-of`.
    pub source: String,
    /// How much that source is worth.
    pub confidence: Confidence,
    /// The person in the directory, where there is one.
    pub person: Option<Urn>,
    /// Whether the owner is still there; unknown without a directory entry.
    pub active: Known<bool>,
    /// When the owner left.
    pub left: Known<Timestamp>,
}

/// The newest statement about a last use.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LastUse {
    /// The last use; `None` means not since the horizon.
    pub at: Option<Timestamp>,
    /// How far back the source sees, when not the whole life.
    pub horizon: Option<Timestamp>,
    /// The source.
    pub source: String,
}

names! {
    /// Whether an exposed credential still opens something.
    CredentialState {
        /// Its provider lists it as working.
        Live = "live",
        /// It works, and its identity is switched off: it opens something again on the day on which that is switched on.
        Asleep = "asleep",
        /// Its provider lists it as switched off, or its own text says that it has expired.
        Dead = "dead",
        /// Its account was read to its end and does not have it any more.
        Gone = "gone",
        /// Nothing that was read says.
        Unknown = "unknown",
    }
}

names! {
    /// Who is named by a trust policy.
    PrincipalKind {
        /// Anyone at all.
        Anyone = "anyone",
        /// Every identity of an account that the account itself allows.
        Account = "account",
        /// One user, role or session.
        Identity = "identity",
        /// A service of the provider.
        Service = "service",
        /// A federated identity provider.
        Federated = "federated",
        /// The unique id of an identity that was deleted.
        Deleted = "deleted",
    }
}

/// One principal that may become an identity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TrustedPrincipal {
    /// What sort of principal.
    pub kind: PrincipalKind,
    /// As written: an ARN, an account id, a service, a provider.
    pub name: String,
    /// The condition keys that limit it, lower case; empty when nothing does.
    pub conditions: Vec<String>,
}
