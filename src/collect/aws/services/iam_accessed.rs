//! Which services an identity used and when: IAM's "last accessed information". It must not say what follows from it.
//!
//! Shapes: IAM API reference, `GenerateServiceLastAccessedDetails`, `GetServiceLastAccessedDetails`. The answer does not
//! name the identity, so live calls remember it and the name of a file must say it.

use crate::collect::aws::answer::{Answer, moment, text};
use crate::collect::aws::calls::{Call, Wire};
use crate::collect::aws::notes::Notes;
use crate::model::{AttributeName as A, IdentityKind, Known, Record};

/// Has the answer made.
pub(in crate::collect::aws) const GENERATE: &str = "generate-service-last-accessed-details";
/// Gets it when it is done.
pub(in crate::collect::aws) const GET: &str = "get-service-last-accessed-details";

const IAM: Wire = Wire::Query { version: "2010-05-08" };

/// What is asked, of as many identities as the user wants.
pub(super) const CALLS: &[Call] = &[
    Call::new(
        "iam",
        GENERATE,
        "iam:GenerateServiceLastAccessedDetails",
        "has the next answer made (--aws-last-accessed)",
        IAM,
    )
    .each("--aws-last-accessed N identities", "", "Arn"),
    Call::new("iam", GET, "iam:GetServiceLastAccessedDetails", "which services an identity used, and when", IAM)
        .each(GENERATE, "/JobId", "JobId")
        .pages("Marker", "Marker")
        .key("ServicesLastAccessed"),
];

/// Notes what an answer says.
pub(super) fn read(answer: &Answer, notes: &mut Notes<'_>) {
    let services = notes.items(answer, "ServicesLastAccessed", &["ServiceNamespace"]);
    let is_done = matches!(text(&answer.value, "JobStatus"), "COMPLETED" | "");
    let Some(arn) = notes.actor(answer.item()).filter(|_| is_done) else { return notes.misplaced() };
    let used: Vec<String> = services
        .into_iter()
        .map(|item| {
            let name = text(item, "ServiceNamespace");
            match moment(item, "LastAuthenticated") {
                Known::Value(at) => format!("{name} {at}"),
                _ => format!("{name} never"),
            }
        })
        .collect();
    let kind = if arn.contains(":user/") { IdentityKind::AwsUser } else { IdentityKind::AwsRole };
    let name = arn.rsplit('/').next().unwrap_or_default();
    let seen = notes.seen(answer, name);
    let mut identity = notes.site.identity(kind, &arn, name, seen);
    identity.enabled = Known::unknown("this answer does not say");
    identity.attributes.set(A::LastAccessed, used);
    notes.records.push(Record::Identity(identity));
}
