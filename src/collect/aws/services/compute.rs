//! Lambda functions and EC2 instances: which role each runs as, how it is reached, and the text they carry.
//! It must not read code.
//!
//! Shapes: Lambda API reference, `FunctionConfiguration`; EC2 API reference, `Instance`, in the AWS CLI's names.

use base64::Engine;
use serde_json::Value;

use crate::collect::aws::answer::{Answer, list, moment, number, text, text_at};
use crate::collect::aws::calls::{Call, Per, Wire};
use crate::collect::aws::notes::{Notes, region_of, variables};
use crate::model::FactKind::{Exposures, Settings, Workloads};
use crate::model::{AttributeName as A, Attributes, Urn, WorkloadKind};

const EC2: Wire = Wire::Query { version: "2016-11-15" };

/// What is asked.
pub(super) const CALLS: &[Call] = &[
    Call::new("ec2", "describe-regions", "ec2:DescribeRegions", "which regions are switched on", EC2).key("Regions"),
    Call::new(
        "lambda",
        "list-functions",
        "lambda:ListFunctions",
        "functions, their roles and environments",
        Wire::Get { path: "/2015-03-31/functions/" },
    )
    .per(Per::Region)
    .pages("Marker", "NextMarker")
    .key("Functions")
    .blinds(&[Workloads, Exposures])
    .of(&["aws.function", "aws.role"]),
    Call::new(
        "lambda",
        "get-policy",
        "lambda:GetPolicy",
        "who may call each function",
        Wire::Get { path: "/2015-03-31/functions/{}/policy" },
    )
    .each("list-functions", "/Functions/*/FunctionName", "FunctionName")
    .or_none("ResourceNotFoundException")
    .blinds(&[Settings])
    .of(&["aws.resource-policy"]),
    Call::new(
        "lambda",
        "list-function-url-configs",
        "lambda:ListFunctionUrlConfigs",
        "which functions the internet reaches",
        Wire::Get { path: "/2021-10-31/functions/{}/urls" },
    )
    .each("list-functions", "/Functions/*/FunctionName", "FunctionName")
    .key("FunctionUrlConfigs")
    .blinds(&[Workloads])
    .of(&["aws.function"]),
    Call::new(
        "ec2",
        "describe-instances",
        "ec2:DescribeInstances",
        "instances, their profiles and metadata service",
        EC2,
    )
    .per(Per::Region)
    .pages("NextToken", "NextToken")
    .key("Reservations")
    .blinds(&[Workloads])
    .of(&["aws.instance", "aws.role"]),
    Call::new("ec2", "describe-instance-attribute", "ec2:DescribeInstanceAttribute", "user data of instances", EC2)
        .with(&["Attribute=userData"])
        .each("describe-instances", "/Reservations/*/Instances/*/InstanceId", "InstanceId")
        .key("UserData")
        .blinds(&[Exposures]),
];

/// Notes what an answer says.
pub(super) fn read(answer: &Answer, notes: &mut Notes<'_>) {
    match answer.call.operation {
        "list-functions" => functions(answer, notes),
        "get-policy" => {
            let name = answer.item();
            let arn = notes.arn("lambda", &answer.region, &format!("function:{name}"));
            notes.resource_policy("lambda", &arn, name, answer.value.get("Policy"), answer);
        }
        "list-function-url-configs" => urls(answer, notes),
        "describe-instances" => instances(answer, notes),
        "describe-regions" => notes.counted(),
        _ => user_data(answer, notes),
    }
}

fn functions(answer: &Answer, notes: &mut Notes<'_>) {
    for item in notes.items(answer, "Functions", &["FunctionArn"]) {
        let (arn, name) = (text(item, "FunctionArn"), text(item, "FunctionName"));
        let environment = variables(item.pointer("/Environment/Variables"));
        let mut attributes = Attributes::default().with(A::Form, text(item, "Runtime"));
        attributes.set_known(A::Changed, moment(item, "LastModified"));
        let roles = notes.role(text(item, "Role")).into_iter().collect();
        notes.workload(WorkloadKind::AwsFunction, (arn, name), roles, attributes, (answer, item));
        notes.environment(format!("lambda/{}/{name}/environment", region_of(arn)), environment.into_iter());
    }
}

fn urls(answer: &Answer, notes: &mut Notes<'_>) {
    for item in notes.items(answer, "FunctionUrlConfigs", &["FunctionArn"]) {
        // The ARN may carry an alias behind the function's own.
        let arn: String = text(item, "FunctionArn").splitn(8, ':').take(7).collect::<Vec<_>>().join(":");
        let name = arn.rsplit(':').next().unwrap_or_default().to_owned();
        let public = text(item, "AuthType") == "NONE";
        let attributes = Attributes::default().with(A::Public, public);
        notes.workload(WorkloadKind::AwsFunction, (&arn, &name), Vec::new(), attributes, (answer, item));
    }
}

fn instances(answer: &Answer, notes: &mut Notes<'_>) {
    for reservation in list(&answer.value, "Reservations") {
        let inner = Answer { value: reservation.clone(), ..answer.clone() };
        for item in notes.items(&inner, "Instances", &["InstanceId"]) {
            instance(item, answer, notes);
        }
    }
}

fn instance(item: &Value, answer: &Answer, notes: &mut Notes<'_>) {
    // A terminated instance stays in the list for an hour.
    if text_at(item, "/State/Name") == "terminated" {
        return;
    }
    let id = text(item, "InstanceId");
    let region = match (answer.region.as_str(), text_at(item, "/Placement/AvailabilityZone")) {
        ("", zone) => zone.trim_end_matches(|letter: char| letter.is_ascii_lowercase()).to_owned(),
        (region, _) => region.to_owned(),
    };
    let arn = notes.arn("ec2", &region, &format!("instance/{id}"));
    let profile = text_at(item, "/IamInstanceProfile/Arn");
    let roles: Vec<Urn> = notes.profiles.get(profile).into_iter().flatten().map(Urn::new).collect();
    let mut attributes = Attributes::default().with(A::State, text_at(item, "/State/Name"));
    if let Some(options) = item.get("MetadataOptions") {
        let reachable = text(options, "HttpEndpoint") != "disabled";
        attributes.set(A::ImdsV1, reachable && text(options, "HttpTokens") == "optional");
        if let Some(hops) = number(options, "HttpPutResponseHopLimit") {
            attributes.set(A::MetadataHops, hops);
        }
    }
    attributes.set(A::Public, !text(item, "PublicIpAddress").is_empty());
    attributes.set(A::InstanceProfile, profile);
    attributes.set_known(A::Began, moment(item, "LaunchTime"));
    notes.workload(WorkloadKind::AwsInstance, (&arn, id), roles, attributes, (answer, item));
}

fn user_data(answer: &Answer, notes: &mut Notes<'_>) {
    notes.counted();
    let id = match text(&answer.value, "InstanceId") {
        "" => answer.item(),
        id => id,
    };
    let raw: String = text_at(&answer.value, "/UserData/Value").split_ascii_whitespace().collect();
    let decoded = base64::engine::general_purpose::STANDARD.decode(&raw).unwrap_or_else(|_| raw.into_bytes());
    let place = format!("ec2/{}/{id}/user-data", answer.region);
    notes.text(place, String::from_utf8_lossy(&decoded).into_owned());
}
