//! What runs as an identity.

use serde::{Deserialize, Serialize};

use super::{Attributes, Evidence, Labels, Urn, names};

names! {
    /// What sort of workload it is.
    WorkloadKind {
        /// A Pod without a controller that is listed too.
        KubernetesPod = "kubernetes.pod",
        /// A Deployment, also when scaled to zero.
        KubernetesDeployment = "kubernetes.deployment",
        /// A ReplicaSet.
        KubernetesReplicaSet = "kubernetes.replica-set",
        /// A ReplicationController.
        KubernetesReplicationController = "kubernetes.replication-controller",
        /// A StatefulSet.
        KubernetesStatefulSet = "kubernetes.stateful-set",
        /// A DaemonSet.
        KubernetesDaemonSet = "kubernetes.daemon-set",
        /// A Job.
        KubernetesJob = "kubernetes.job",
        /// A CronJob, also when suspended.
        KubernetesCronJob = "kubernetes.cron-job",
        /// A GitHub workflow that may ask for a token of its own.
        CiGithubWorkflow = "ci.github-workflow",
        /// A GitLab pipeline whose jobs may ask for tokens of their own.
        CiGitlabPipeline = "ci.gitlab-pipeline",
        /// A custom resource that names a service account for its pods.
        KubernetesCustom = "kubernetes.custom",
        /// An EC2 instance profile that hands a role to instances.
        AwsInstanceProfile = "aws.instance-profile",
        /// A hybrid activation of Systems Manager: machines outside of AWS with a role.
        AwsActivation = "aws.activation",
        /// An agent runtime of Bedrock AgentCore.
        AwsAgentRuntime = "aws.agent-runtime",
        /// A Bedrock agent.
        AwsBedrockAgent = "aws.bedrock-agent",
        /// A CodeBuild project.
        AwsBuild = "aws.build",
        /// A Lambda function.
        AwsFunction = "aws.function",
        /// A gateway of Bedrock AgentCore.
        AwsGateway = "aws.gateway",
        /// A Glue job.
        AwsGlueJob = "aws.glue-job",
        /// An EC2 instance.
        AwsInstance = "aws.instance",
        /// A SageMaker notebook instance.
        AwsNotebook = "aws.notebook",
        /// An EKS Pod Identity association.
        AwsPodIdentity = "aws.pod-identity",
        /// A profile of IAM Roles Anywhere.
        AwsRolesAnywhereProfile = "aws.roles-anywhere-profile",
        /// A Step Functions state machine.
        AwsStateMachine = "aws.state-machine",
        /// An ECS task definition.
        AwsTask = "aws.task",
    }
}

/// A workload and the identities it uses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Workload {
    /// Its stable name.
    pub id: Urn,
    /// What sort of workload it is.
    pub kind: WorkloadKind,
    /// The account or cluster it lives in.
    pub tenant: String,
    /// Its name there; `namespace/name` for namespaced things.
    pub name: String,
    /// The identities it runs as.
    pub runs_as: Vec<Urn>,
    /// Tags, labels and annotations by name.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// What only its provider knows of it.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
    /// Where it was seen.
    pub evidence: Evidence,
}
