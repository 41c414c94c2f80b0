//! Policies that are attached to resources: buckets, keys, queues and topics, and what Access Analyzer says of them.
//! It must not read what is stored in a resource.
//!
//! Shapes: the API references, `GetBucketPolicy`, `GetKeyPolicy`, `GetQueueAttributes`, `GetTopicAttributes`,
//! `FindingSummaryV2`.

use serde_json::Value;

use crate::collect::aws::answer::{Answer, moment, text, text_at};
use crate::collect::aws::calls::{Call, Per, Wire};
use crate::collect::aws::notes::{Notes, last_part};
use crate::model::FactKind::Settings;
use crate::model::{AttributeName as A, Attributes, SettingKind};

const KMS: Wire = Wire::Json { target: "TrentService", version: "1.1" };
const SQS: Wire = Wire::Json { target: "AmazonSQS", version: "1.0" };
const SNS: Wire = Wire::Query { version: "2010-03-31" };

/// What is asked.
pub(super) const CALLS: &[Call] = &[
    Call::new("s3api", "list-buckets", "s3:ListAllMyBuckets", "buckets", Wire::S3 { query: "" })
        .pages("continuation-token", "ContinuationToken")
        .key("Buckets")
        .blinds(&[Settings])
        .of(&["aws.resource-policy"]),
    Call::new(
        "s3api",
        "get-bucket-policy",
        "s3:GetBucketPolicy",
        "who may use each bucket",
        Wire::S3 { query: "policy" },
    )
    .each("list-buckets", "/Buckets/*/Name", "Bucket")
    .or_none("NoSuchBucketPolicy")
    .blinds(&[Settings])
    .of(&["aws.resource-policy"]),
    Call::new("kms", "list-keys", "kms:ListKeys", "encryption keys", KMS)
        .per(Per::Region)
        .pages("Marker", "NextMarker")
        .blinds(&[Settings])
        .of(&["aws.resource-policy"]),
    Call::new("kms", "get-key-policy", "kms:GetKeyPolicy", "who may use each key", KMS)
        .with(&["PolicyName=default"])
        .each("list-keys", "/Keys/*/KeyId", "KeyId")
        .blinds(&[Settings])
        .of(&["aws.resource-policy"]),
    Call::new("sqs", "list-queues", "sqs:ListQueues", "queues", SQS)
        .per(Per::Region)
        .with(&["MaxResults=1000"])
        .pages("NextToken", "NextToken")
        .key("QueueUrls")
        .blinds(&[Settings])
        .of(&["aws.resource-policy"]),
    Call::new("sqs", "get-queue-attributes", "sqs:GetQueueAttributes", "who may use each queue", SQS)
        .with(&["AttributeNames[]=Policy", "AttributeNames[]=QueueArn"])
        .each("list-queues", "/QueueUrls/*", "QueueUrl")
        .blinds(&[Settings])
        .of(&["aws.resource-policy"]),
    Call::new("sns", "list-topics", "sns:ListTopics", "topics", SNS)
        .per(Per::Region)
        .pages("NextToken", "NextToken")
        .key("Topics")
        .blinds(&[Settings])
        .of(&["aws.resource-policy"]),
    Call::new("sns", "get-topic-attributes", "sns:GetTopicAttributes", "who may use each topic", SNS)
        .each("list-topics", "/Topics/*/TopicArn", "TopicArn")
        .blinds(&[Settings])
        .of(&["aws.resource-policy"]),
    Call::new(
        "accessanalyzer",
        "list-analyzers",
        "access-analyzer:ListAnalyzers",
        "whether Access Analyzer watches",
        Wire::Get { path: "/analyzer" },
    )
    .per(Per::Region)
    .pages("nextToken", "nextToken")
    .key("analyzers")
    .blinds(&[Settings])
    .of(&["aws.analyzer-finding"]),
    Call::new(
        "accessanalyzer",
        "list-findings-v2",
        "access-analyzer:ListFindings",
        "what Access Analyzer found",
        Wire::Post { path: "/findingv2" },
    )
    .each("list-analyzers", "/analyzers/*/arn", "analyzerArn")
    .pages("nextToken", "nextToken")
    .key("findings")
    .blinds(&[Settings])
    .of(&["aws.analyzer-finding"]),
];

/// Notes what an answer says.
pub(super) fn read(answer: &Answer, notes: &mut Notes<'_>) {
    let policy = |name| answer.value.get("Attributes").and_then(|attributes: &Value| attributes.get(name));
    match answer.call.operation {
        "get-bucket-policy" => {
            let name = answer.item();
            let arn = format!("arn:{}:s3:::{name}", notes.site.account.partition);
            notes.resource_policy("s3", &arn, name, answer.value.get("Policy"), answer);
        }
        "get-key-policy" => {
            let arn = notes.arn("kms", &answer.region, &format!("key/{}", last_part(answer.item())));
            notes.resource_policy("kms", &arn, last_part(answer.item()), answer.value.get("Policy"), answer);
        }
        "get-queue-attributes" => {
            let arn = match text_at(&answer.value, "/Attributes/QueueArn") {
                "" => notes.arn("sqs", &answer.region, last_part(answer.item())),
                arn => arn.to_owned(),
            };
            notes.resource_policy("sqs", &arn, last_part(&arn), policy("Policy"), answer);
        }
        "get-topic-attributes" => {
            let arn = match text_at(&answer.value, "/Attributes/TopicArn") {
                "" => answer.item().to_owned(),
                arn => arn.to_owned(),
            };
            notes.resource_policy("sns", &arn, last_part(&arn), policy("Policy"), answer);
        }
        "list-findings-v2" => findings(answer, notes),
        _ => notes.counted(),
    }
}

fn findings(answer: &Answer, notes: &mut Notes<'_>) {
    for item in notes.items(answer, "findings", &["id"]) {
        if !matches!(text(item, "status"), "ACTIVE" | "") {
            continue;
        }
        let mut attributes =
            Attributes::default().with(A::Form, text(item, "findingType")).with(A::Resource, text(item, "resource"));
        attributes.set_known(A::Began, moment(item, "createdAt"));
        let id = notes.arn("access-analyzer", &answer.region, &format!("finding/{}", text(item, "id")));
        let part_of = Some(text(item, "resource")).filter(|resource| !resource.is_empty());
        let name = last_part(text(item, "resource"));
        notes.setting(SettingKind::AwsAnalyzerFinding, (&id, name), part_of, attributes, (answer, item));
    }
}
