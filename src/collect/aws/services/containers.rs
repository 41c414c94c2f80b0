//! ECS task definitions and EKS clusters: which roles containers and pods get, and the text in task definitions.
//! It must not read what runs inside a cluster.
//!
//! Shapes: ECS API reference, `TaskDefinition`; EKS API reference, `Cluster`, `PodIdentityAssociation`, `AccessEntry`.

use std::sync::Arc;

use crate::collect::aws::answer::{Answer, list, text, text_at};
use crate::collect::aws::calls::{Call, Per, Wire};
use crate::collect::aws::notes::{Notes, last_part, named_values, region_of};
use crate::model::FactKind::{Exposures, Settings, Workloads};
use crate::model::{
    AttributeName as A, Attributes, Confidence, Link, LinkKind, Record, SettingKind, Urn, WorkloadKind,
};

const ECS: Wire = Wire::Json { target: "AmazonEC2ContainerServiceV20141113", version: "1.1" };

/// What is asked.
pub(super) const CALLS: &[Call] = &[
    Call::new("ecs", "list-task-definitions", "ecs:ListTaskDefinitions", "task definitions", ECS)
        .per(Per::Region)
        .with(&["status=ACTIVE", "sort=DESC"])
        .pages("nextToken", "nextToken")
        .key("taskDefinitionArns")
        .blinds(&[Workloads, Exposures])
        .of(&["aws.task", "aws.role"]),
    Call::new(
        "ecs",
        "describe-task-definition",
        "ecs:DescribeTaskDefinition",
        "roles and environments of the newest of each family",
        ECS,
    )
    .each("list-task-definitions", "/taskDefinitionArns/*", "taskDefinition")
    .key("taskDefinition")
    .blinds(&[Workloads, Exposures])
    .of(&["aws.task", "aws.role"]),
    Call::new("eks", "list-clusters", "eks:ListClusters", "clusters", Wire::Get { path: "/clusters" })
        .per(Per::Region)
        .pages("nextToken", "nextToken")
        .blinds(&[Settings])
        .of(&["aws.cluster"]),
    Call::new(
        "eks",
        "describe-cluster",
        "eks:DescribeCluster",
        "the issuer of a cluster's tokens, its role",
        Wire::Get { path: "/clusters/{}" },
    )
    .each("list-clusters", "/clusters/*", "name")
    .key("cluster")
    .blinds(&[Settings])
    .of(&["aws.cluster"]),
    Call::new(
        "eks",
        "list-pod-identity-associations",
        "eks:ListPodIdentityAssociations",
        "which service accounts get roles",
        Wire::Get { path: "/clusters/{}/pod-identity-associations" },
    )
    .each("list-clusters", "/clusters/*", "clusterName")
    .pages("nextToken", "nextToken")
    .key("associations")
    .blinds(&[Workloads])
    .of(&["aws.pod-identity", "aws.role"]),
    Call::new(
        "eks",
        "describe-pod-identity-association",
        "eks:DescribePodIdentityAssociation",
        "the role of each association",
        Wire::Get { path: "/clusters/{}/pod-identity-associations/{}" },
    )
    .each("list-pod-identity-associations", "/associations/*/associationId", "associationId")
    .key("association")
    .blinds(&[Workloads])
    .of(&["aws.pod-identity", "aws.role"]),
    Call::new(
        "eks",
        "list-access-entries",
        "eks:ListAccessEntries",
        "which identities reach a cluster",
        Wire::Get { path: "/clusters/{}/access-entries" },
    )
    .each("list-clusters", "/clusters/*", "clusterName")
    .pages("nextToken", "nextToken")
    .key("accessEntries")
    .blinds(&[Settings])
    .of(&["aws.cluster", "aws.access-entry"]),
    Call::new(
        "eks",
        "describe-access-entry",
        "eks:DescribeAccessEntry",
        "the groups of a cluster that an identity is in",
        Wire::Get { path: "/clusters/{}/access-entries/{}" },
    )
    .each("list-access-entries", "/accessEntries/*", "principalArn")
    .key("accessEntry")
    .blinds(&[Settings])
    .of(&["aws.access-entry"]),
    Call::new(
        "eks",
        "list-associated-access-policies",
        "eks:ListAssociatedAccessPolicies",
        "what an identity may do in a cluster",
        Wire::Get { path: "/clusters/{}/access-entries/{}/access-policies" },
    )
    .each("list-access-entries", "/accessEntries/*", "principalArn")
    .pages("nextToken", "nextToken")
    .key("associatedAccessPolicies")
    .blinds(&[Settings])
    .of(&["aws.access-entry"]),
];

/// Notes what an answer says.
pub(super) fn read(answer: &Answer, notes: &mut Notes<'_>) {
    match answer.call.operation {
        "describe-task-definition" => task_definition(answer, notes),
        "describe-cluster" => cluster(answer, notes),
        "describe-pod-identity-association" => association(answer, notes),
        "list-access-entries" => access_entries(answer, notes),
        "describe-access-entry" => access_entry(answer, notes),
        "list-associated-access-policies" => access_policies(answer, notes),
        _ => notes.counted(),
    }
}

fn task_definition(answer: &Answer, notes: &mut Notes<'_>) {
    let Some(item) = notes.one(answer, "/taskDefinition", &["taskDefinitionArn"]) else { return };
    let (arn, family) = (text(item, "taskDefinitionArn"), text(item, "family"));
    let attributes = Attributes::default().with(A::TaskRole, !text(item, "taskRoleArn").is_empty());
    let roles = notes.role(text(item, "taskRoleArn")).into_iter().collect();
    notes.workload(WorkloadKind::AwsTask, (arn, family), roles, attributes, (answer, item));
    for container in list(item, "containerDefinitions") {
        let place = format!("ecs/{}/{family}/{}/environment", region_of(arn), text(container, "name"));
        notes.environment(place, named_values(list(container, "environment")).into_iter());
        let words: Vec<&str> = ["entryPoint", "command"]
            .iter()
            .flat_map(|name| list(container, name))
            .filter_map(serde_json::Value::as_str)
            .collect();
        notes.text(format!("ecs/{}/{family}/{}/command", region_of(arn), text(container, "name")), words.join("\n"));
    }
}

fn cluster(answer: &Answer, notes: &mut Notes<'_>) {
    let Some(item) = notes.one(answer, "/cluster", &["arn"]) else { return };
    let issuer = text_at(item, "/identity/oidc/issuer");
    let attributes = Attributes::default()
        .with(A::Issuer, issuer)
        .with(A::Public, item.pointer("/resourcesVpcConfig/endpointPublicAccess") == Some(&true.into()));
    notes.setting(SettingKind::AwsCluster, (text(item, "arn"), text(item, "name")), None, attributes, (answer, item));
}

fn association(answer: &Answer, notes: &mut Notes<'_>) {
    let Some(item) = notes.one(answer, "/association", &["associationArn"]) else { return };
    let (cluster, role) = (text(item, "clusterName"), notes.role(text(item, "roleArn")));
    let (namespace, account) = (text(item, "namespace"), text(item, "serviceAccount"));
    let name = format!("{cluster}: {namespace}/{account}");
    let arn = text(item, "associationArn");
    let kind = WorkloadKind::AwsPodIdentity;
    // The association is of the cluster of its own account and region.
    let of = arn.split_once(":podidentityassociation/").map(|(head, _)| format!("{head}:cluster/{cluster}"));
    let mut attributes = Attributes::default().with(A::OfAccount, format!("{namespace}/{account}"));
    if let Some(of) = of {
        attributes.set(A::OfCluster, of);
    }
    notes.workload(kind, (arn, &name), role.into_iter().collect(), attributes, (answer, item));
}

fn access_entries(answer: &Answer, notes: &mut Notes<'_>) {
    notes.counted();
    for principal in list(&answer.value, "accessEntries").iter().filter_map(serde_json::Value::as_str) {
        let cluster = answer.item();
        notes.records.push(Record::Link(Link {
            from: Urn::new(principal),
            kind: LinkKind::Uses,
            to: Urn::new(notes.arn("eks", &answer.region, &format!("cluster/{cluster}"))),
            confidence: Confidence::Certain,
            condition: None,
            why: format!("an access entry of cluster {cluster} lets it in").into(),
            evidence: Arc::new(notes.seen(answer, last_part(principal))),
        }));
    }
}

/// What lets an identity into a cluster. The group of administrators cannot be among its groups (EKS User Guide, "Create
/// access entries"), so a policy alone makes it one.
fn access_entry(answer: &Answer, notes: &mut Notes<'_>) {
    let Some(item) = notes.one(answer, "/accessEntry", &["principalArn"]) else { return };
    let groups: Vec<String> =
        list(item, "kubernetesGroups").iter().filter_map(|one| Some(one.as_str()?.to_owned())).collect();
    let attributes = Attributes::default().with(A::Groups, groups);
    entry(notes, answer, text(item, "clusterName"), text(item, "principalArn"), attributes);
}

/// The access policies of an entry, each with the namespaces that it is limited to.
fn access_policies(answer: &Answer, notes: &mut Notes<'_>) {
    notes.counted();
    let (cluster, principal) = (text(&answer.value, "clusterName"), text(&answer.value, "principalArn"));
    if principal.is_empty() {
        return notes.misplaced();
    }
    let mut policies = Vec::new();
    let mut is_administrator = false;
    for one in list(&answer.value, "associatedAccessPolicies") {
        let name = last_part(text(one, "policyArn"));
        let namespaces: Vec<&str> = one
            .pointer("/accessScope/namespaces")
            .and_then(serde_json::Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(serde_json::Value::as_str)
            .collect();
        let whole = text_at(one, "/accessScope/type") == "cluster";
        is_administrator |= whole && name == "AmazonEKSClusterAdminPolicy";
        let place = if whole { "the whole cluster".to_owned() } else { namespaces.join(", ") };
        policies.push(format!("{name} in {place}"));
    }
    let attributes =
        Attributes::default().with(A::AccessPolicies, policies).with(A::ClusterAdministrator, is_administrator);
    entry(notes, answer, cluster, principal, attributes);
}

fn entry(notes: &mut Notes<'_>, answer: &Answer, cluster: &str, principal: &str, attributes: Attributes) {
    let region = answer.region.as_str();
    let of = notes.arn("eks", region, &format!("cluster/{cluster}"));
    let id = format!("{of}#access/{principal}");
    let name = format!("{cluster}: {}", last_part(principal));
    let attributes = attributes.with(A::OfCluster, of);
    notes.setting(
        SettingKind::AwsAccessEntry,
        (&id, &name),
        Some(principal),
        attributes,
        (answer, &serde_json::Value::Null),
    );
}
