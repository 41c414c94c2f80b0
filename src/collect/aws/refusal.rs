//! Why a call failed, what that leaves unknown and what the user can do. It must not retry anything.

use std::error::Error;

use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};

use super::site::{Site, some_of};
use crate::model::{CoverageEntry, FactKind, Outcome};

/// The sort of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// There are no credentials, or they are expired or wrong.
    Credentials,
    /// The credentials may not make this call.
    Denied,
    /// What was asked about is not there.
    Missing,
    /// Too many calls; retries did not help.
    Throttled,
    /// There is no connection to the service.
    Unreachable,
    /// Anything else: no network, a timeout, an answer that makes no sense.
    Broken,
}

/// A call that failed after its retries.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    /// The sort.
    pub(super) why: Why,
    /// The service's code, such as `AccessDenied`.
    pub(super) code: String,
    /// The reason in words.
    pub(super) detail: String,
}

/// How much of a service's message is shown.
const MESSAGE_LENGTH: usize = 400;

impl Refusal {
    /// Reads the SDK's error.
    pub(super) fn of<E, R>(error: &SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
        R: std::fmt::Debug + 'static,
    {
        let code = error.code().unwrap_or_default().to_owned();
        match error {
            SdkError::ServiceError(_) => {
                let detail = match error.message() {
                    Some(message) => format!("{code}: {}", plain(message)),
                    None => code.clone(),
                };
                Self { why: of_code(&code), code, detail }
            }
            SdkError::TimeoutError(_) => {
                Self { why: Why::Broken, code, detail: "no answer in time, after retries".to_owned() }
            }
            SdkError::DispatchFailure(failure) if failure.is_io() || failure.is_timeout() => {
                Self { why: Why::Broken, code, detail: chain(error) }
            }
            other => {
                let detail = chain(other);
                // The chain of providers fails inside the call, and says so only in words.
                let credentials = ["credential", "identity", "sso", "token"].iter().any(|word| detail.contains(word));
                Self { why: if credentials { Why::Credentials } else { Why::Broken }, code, detail }
            }
        }
    }

    /// An answer that came but makes no sense, or did not come in the time allowed.
    pub(super) fn broken(detail: &str) -> Self {
        Self { why: Why::Broken, code: String::new(), detail: detail.to_owned() }
    }

    /// What a service answered in place of what was asked for.
    pub(super) fn answered(code: &str, message: &str) -> Self {
        // Some write a namespace before the code and a URL behind it.
        let code = code.rsplit('#').next().unwrap_or_default().split(':').next().unwrap_or_default();
        let detail = if message.is_empty() { code.to_owned() } else { format!("{code}: {}", plain(message)) };
        Self { why: of_code(code), code: code.to_owned(), detail }
    }

    /// No connection: often a service that a region does not have.
    pub(super) fn unreachable(detail: &str) -> Self {
        Self { why: Why::Unreachable, code: String::new(), detail: detail.to_owned() }
    }

    /// Left out, since it would be in vain.
    pub(super) fn unasked(detail: &str) -> Self {
        Self { why: Why::Denied, code: "AccessDenied".to_owned(), detail: detail.to_owned() }
    }

    /// How the part that this call would have given ended.
    pub(super) fn outcome(&self) -> Outcome {
        match self.why {
            Why::Credentials | Why::Denied => Outcome::Refused,
            Why::Missing | Why::Throttled | Why::Unreachable | Why::Broken => Outcome::Failed,
        }
    }

    /// What the user can do, for a call of this action.
    pub(super) fn remedy(&self, action: &str) -> String {
        match self.why {
            Why::Credentials => "sign in again: aws sso login (or aws login), set AWS_PROFILE, or export \
                 AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; aws sts get-caller-identity must work"
                .to_owned(),
            Why::Denied => format!("allow {action} for the scanning identity; the managed policy SecurityAudit has it"),
            Why::Throttled => "run it again when fewer programs call IAM in this account".to_owned(),
            Why::Missing | Why::Unreachable | Why::Broken => {
                format!("run it again; {action} must be reachable from here")
            }
        }
    }

    /// Whether asking the same about others is in vain.
    pub(super) fn ends_the_series(&self) -> bool {
        matches!(self.why, Why::Credentials | Why::Throttled | Why::Unreachable | Why::Broken)
    }

    /// The hole that it is.
    pub(super) fn hole(&self, site: &Site, what: &str, action: &str, blinds: &[FactKind]) -> CoverageEntry {
        site.hole(what, self.outcome(), format!("{action}: {}", self.detail)).blinds(blinds).remedy(self.remedy(action))
    }
}

fn of_code(code: &str) -> Why {
    match code {
        "ExpiredToken"
        | "ExpiredTokenException"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "MissingAuthenticationToken"
        | "AuthFailure"
        | "RequestExpired"
        | "InvalidAccessKeyId" => Why::Credentials,
        "NoSuchEntity"
        | "NoSuchEntityException"
        | "NoSuchBucketPolicy"
        | "ResourceNotFoundException"
        | "NotFoundException"
        | "FeatureDisabled"
        | "FeatureDisabledException"
        | "PolicyTypeNotEnabledException"
        | "AWSOrganizationsNotInUseException" => Why::Missing,
        _ if code.starts_with("AccessDenied")
            || code.starts_with("Unauthorized")
            || matches!(code, "OptInRequired" | "AuthorizationError") =>
        {
            Why::Denied
        }
        _ if code.contains("Throttl")
            || matches!(code, "RequestLimitExceeded" | "TooManyRequestsException" | "SlowDown") =>
        {
            Why::Throttled
        }
        _ => Why::Broken,
    }
}

/// One line of printable text, bounded: the message comes from the other side.
fn plain(message: &str) -> String {
    let words: Vec<&str> =
        message.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(MESSAGE_LENGTH).collect()
}

/// The messages of an error and its causes, without those that repeat or say nothing.
fn chain(error: &(dyn Error + 'static)) -> String {
    const EMPTY: [&str; 4] = ["dispatch failure", "other", "service error", "unhandled error"];
    let mut messages: Vec<String> = Vec::new();
    let mut next = Some(error);
    for _ in 0..12 {
        let Some(error) = next else { break };
        let message = plain(&error.to_string());
        if !EMPTY.contains(&message.as_str()) && messages.last() != Some(&message) {
            messages.push(message);
        }
        next = error.source();
    }
    if messages.is_empty() { "no reason was given".to_owned() } else { messages.join(": ") }
}

/// The ends of many calls of one action.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// How many answered.
    pub(super) answered: u64,
    /// What the answers held.
    pub(super) count: u64,
    /// Who was asked about in vain.
    pub(super) failures: Vec<(String, Refusal)>,
    /// Who was not asked about any more.
    pub(super) unasked: u64,
}

impl Tally {
    /// One coverage entry for all the calls.
    pub(super) fn entry(mut self, site: &Site, what: &str, action: &str, blinds: &[FactKind]) -> CoverageEntry {
        self.failures.sort_by(|a, b| a.0.cmp(&b.0));
        let Some((_, first)) = self.failures.first() else {
            return site.complete(what, self.count);
        };
        let names: Vec<&str> = self.failures.iter().map(|(name, _)| name.as_str()).collect();
        let mut detail = format!(
            "{action} failed for {} of {} ({}): {}",
            names.len(),
            self.answered + self.unasked + names.len() as u64,
            some_of(&names),
            first.detail
        );
        if self.unasked > 0 {
            detail.push_str(&format!("; {} were not asked about any more", self.unasked));
        }
        let outcome = if self.answered > 0 { Outcome::Partial } else { first.outcome() };
        site.hole(what, outcome, detail).count(self.count).blinds(blinds).remedy(first.remedy(action))
    }
}
