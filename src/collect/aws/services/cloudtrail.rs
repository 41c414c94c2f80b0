//! CloudTrail's event history: who made the newest users, roles and keys. Bounded: one page of each sort of event, which
//! reaches back 90 days at most. It must not read other events.
//!
//! Shapes: CloudTrail API reference, `Event`.

use serde_json::Value;

use crate::collect::aws::answer::{Answer, list, text, text_at};
use crate::collect::aws::calls::{Call, Wire};
use crate::collect::aws::notes::Notes;
use crate::model::{AttributeName as A, IdentityKind, Known, Record};

const TRAIL: Wire = Wire::Json { target: "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101", version: "1.1" };

const fn of(event: &'static [&'static str]) -> Call {
    Call::new("cloudtrail", "lookup-events", "cloudtrail:LookupEvents", "who made the newest users and roles", TRAIL)
        .with(event)
        .key("Events")
}

/// What is asked.
pub(super) const CALLS: &[Call] = &[
    of(&["LookupAttributes[].AttributeKey=EventName", "LookupAttributes[].AttributeValue=CreateUser"]),
    of(&["LookupAttributes[].AttributeKey=EventName", "LookupAttributes[].AttributeValue=CreateRole"]),
];

/// Notes what an answer says.
pub(super) fn read(answer: &Answer, notes: &mut Notes<'_>) {
    for item in list(&answer.value, "Events") {
        notes.counted();
        // The event itself is JSON in a text.
        let event: Value = serde_json::from_str(text(item, "CloudTrailEvent")).unwrap_or_default();
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
