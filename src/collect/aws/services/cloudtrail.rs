//! CloudTrail's event history: who made the newest users and roles, and who was used when. Bounded: one page of each sort of
//! event, which reaches back 90 days at most. It must not read other events.
//!
//! Shapes: CloudTrail API reference, `Event`.

use serde_json::Value;

use crate::collect::aws::answer::{Answer, list, moment, text, text_at};
use crate::collect::aws::calls::{Call, Wire};
use crate::collect::aws::notes::Notes;
use crate::model::{AttributeName as A, IdentityKind, Known, Record, Urn};

const TRAIL: Wire = Wire::Json { target: "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101", version: "1.1" };

/// One page, and as much as one has. Whoever names it has the AWS CLI read no further pages either: of a busy account they
/// would take hours.
const PAGE: &str = "MaxResults=50";

const fn of(event: &'static [&'static str]) -> Call {
    Call::new(
        "cloudtrail",
        "lookup-events",
        "cloudtrail:LookupEvents",
        "who made the newest users and roles; last uses",
        TRAIL,
    )
    .with(event)
    .key("Events")
}

/// What is asked.
pub(super) const CALLS: &[Call] = &[
    of(&[PAGE, "LookupAttributes[].AttributeKey=EventName", "LookupAttributes[].AttributeValue=CreateUser"]),
    of(&[PAGE, "LookupAttributes[].AttributeKey=EventName", "LookupAttributes[].AttributeValue=CreateRole"]),
    of(&[PAGE, "LookupAttributes[].AttributeKey=EventName", "LookupAttributes[].AttributeValue=AssumeRole"]),
    of(&[PAGE, "LookupAttributes[].AttributeKey=EventName", "LookupAttributes[].AttributeValue=ConsoleLogin"]),
];

/// Notes what an answer says.
pub(super) fn read(answer: &Answer, notes: &mut Notes<'_>) {
    for item in list(&answer.value, "Events") {
        notes.counted();
        // The event itself is JSON in a text.
        let event: Value = serde_json::from_str(text(item, "CloudTrailEvent")).unwrap_or_default();
        uses(&event, answer, notes);
        let author = text_at(&event, "/userIdentity/arn");
        let made = [
            (IdentityKind::AwsUser, "/responseElements/user/arn", "/responseElements/user/userName"),
            (IdentityKind::AwsRole, "/responseElements/role/arn", "/responseElements/role/roleName"),
        ];
        for (kind, arn, name) in made {
            let (arn, name) = (text_at(&event, arn), text_at(&event, name));
            // Only of what is still there: a page of the past brings nobody back.
            if author.is_empty() || !notes.is_known(arn) {
                continue;
            }
            let seen = notes.seen(answer, name);
            let mut identity = notes.site.identity(kind, arn, name, seen);
            identity.enabled = Known::unknown("an event of the past does not say");
            identity.attributes.set(A::Author, author);
            notes.records.push(Record::Identity(identity));
        }
    }
}

/// Whom an event shows in use: who called, by which long-lived key, and the role that was assumed. That something is in no
/// event says nothing.
fn uses(event: &Value, answer: &Answer, notes: &mut Notes<'_>) {
    let Known::Value(at) = moment(event, "eventTime") else { return };
    // What was refused is no use.
    if !text(event, "errorCode").is_empty() {
        return;
    }
    let caller = match text_at(event, "/userIdentity/type") {
        "AssumedRole" => text_at(event, "/userIdentity/sessionContext/sessionIssuer/arn"),
        _ => text_at(event, "/userIdentity/arn"),
    };
    let failed = text_at(event, "/responseElements/ConsoleLogin") == "Failure";
    let role = match text(event, "eventName") {
        "AssumeRole" => text_at(event, "/requestParameters/roleArn"),
        _ => "",
    };
    let key = text_at(event, "/userIdentity/accessKeyId");
    let used = [caller, role].into_iter().filter(|arn| !failed && notes.is_known(arn)).map(Urn::new);
    let keys = Some(key).filter(|key| key.starts_with("AKIA") && !failed).map(Urn::aws_access_key);
    let used: Vec<Urn> = used.chain(keys).collect();
    for of in used {
        let seen = notes.seen(answer, text(event, "eventName"));
        notes.records.push(Record::Usage(notes.site.event(&of, at, seen)));
    }
}
