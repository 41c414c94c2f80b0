//! Asks a server beforehand what we may list, by SelfSubjectAccessReview, so that every gap is known before the first list.
//! This is the only POST there is: the server answers it and stores nothing (Kubernetes API reference,
//! `SelfSubjectAccessReview`).

use std::collections::BTreeMap;

use futures::StreamExt;
use futures::stream;
use http::Request;
use serde::Deserialize;
use serde_json::json;

use super::list::{Asked, Lister, unauthorized};
use super::request::{Answer, ask};
use super::{NAME, one_line};
use crate::collect::CollectError;
use crate::model::{CoverageEntry, Outcome};

/// What a review is posted to.
const PATH: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

/// What coverage calls it.
const WHAT: &str = "access of the scanner";

/// Reviews at once, as many as lists.
const AT_ONCE: usize = 4;

/// What may not be listed, by group and resource, with the server's reason.
pub(super) type Denied = BTreeMap<(String, String), String>;

#[derive(Deserialize)]
struct Review {
    #[serde(default)]
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    allowed: Option<bool>,
    reason: String,
    evaluation_error: String,
}

impl Lister<'_> {
    /// Asks for each list whether it is allowed. A server that answers no reviews is asked for the lists all the same.
    ///
    /// # Errors
    /// When the server cannot be reached, or does not know us (401).
    pub(super) async fn review(&self, lists: &[Asked]) -> Result<(Denied, CoverageEntry), CollectError> {
        let mut denied = Denied::new();
        let Some((first, rest)) = lists.split_first() else {
            return Ok((denied, CoverageEntry::complete(NAME, self.cluster, WHAT, 0)));
        };
        if let Some(why) = self.take(first, self.ask_one(first).await?, &mut denied) {
            let detail = format!("what may be listed could not be asked beforehand: {why}");
            let entry = CoverageEntry::hole(NAME, self.cluster, WHAT, Outcome::NotRead, detail);
            return Ok((denied, entry.blinds(&[])));
        }
        let answers: Vec<_> = rest.iter().map(|asked| async move { (asked, self.ask_one(asked).await) }).collect();
        let mut answers = stream::iter(answers).buffer_unordered(AT_ONCE);
        let mut unknown = 0_usize;
        while let Some((asked, answer)) = answers.next().await {
            unknown += usize::from(self.take(asked, answer?, &mut denied).is_some());
        }
        let allowed = lists.len() - denied.len() - unknown;
        let mut entry = CoverageEntry::complete(NAME, self.cluster, WHAT, allowed as u64);
        if !denied.is_empty() {
            let names: Vec<String> = denied.keys().map(|(group, name)| named(group, name)).collect();
            entry.detail = Some(format!(
                "may not list {} of {} kinds: {} (nonhuman permissions kubernetes prints the role that may)",
                denied.len(),
                lists.len(),
                names.join(", ")
            ));
        }
        Ok((denied, entry))
    }

    async fn ask_one(&self, asked: &Asked) -> Result<Answer<Review>, CollectError> {
        let attributes = json!({ "verb": "list", "group": asked.group, "resource": asked.plural });
        let body = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": { "resourceAttributes": attributes },
        });
        let request =
            Request::post(PATH).header("content-type", "application/json").body(body.to_string().into_bytes());
        let request = request.map_err(|error| CollectError::failed(WHAT, error))?;
        match ask(&self.client, request).await {
            Answer::Unauthorized(message) => Err(unauthorized(&message)),
            Answer::Failed { detail, unreachable: true } => Err(super::live::unreachable(&detail)),
            answer => Ok(answer),
        }
    }

    /// Notes a refusal; says why where the server gave no answer.
    fn take(&self, asked: &Asked, answer: Answer<Review>, denied: &mut Denied) -> Option<String> {
        let status = match answer {
            Answer::Ok(Review { status }, _) => status,
            Answer::Forbidden(message) => return Some(format!("forbidden (403) {message}")),
            Answer::NotFound => return Some("the server does not serve this API".to_owned()),
            Answer::Failed { detail, .. } => return Some(detail),
            Answer::Unauthorized(_) | Answer::Gone(_) => return Some("an unexpected answer".to_owned()),
        };
        match status.allowed {
            Some(true) => None,
            // What one authorizer could not judge another one may allow.
            Some(false) if status.evaluation_error.is_empty() => {
                let reason = one_line(&status.reason);
                denied.insert((asked.group.clone(), asked.plural.clone()), reason);
                None
            }
            _ => Some("the server did not decide".to_owned()),
        }
    }
}

fn named(group: &str, resource: &str) -> String {
    if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") }
}
