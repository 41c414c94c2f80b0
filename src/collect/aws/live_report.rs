//! Has IAM make the credential report and fetches it. It must not read what is in it.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::refusal::Refusal;

/// Has the report made, waits for it at most this long and gets it; else the call that failed, and why.
pub(super) async fn fetch(iam: &aws_sdk_iam::Client, patience: Duration) -> Result<Vec<u8>, (&'static str, Refusal)> {
    const GENERATE: &str = "iam:GenerateCredentialReport";
    const GET: &str = "iam:GetCredentialReport";
    let end = Instant::now() + patience;
    let mut pause = Duration::from_millis(250);
    loop {
        let started = iam.generate_credential_report().send().await;
        let state = started.map_err(|error| (GENERATE, Refusal::of(&error)))?.state;
        if state == Some(aws_sdk_iam::types::ReportStateType::Complete) {
            match iam.get_credential_report().send().await {
                Ok(answer) => {
                    return Ok(answer.content.map(aws_smithy_types::Blob::into_inner).unwrap_or_default());
                }
                Err(error) => {
                    let refusal = Refusal::of(&error);
                    let not_yet = ["ReportInProgress", "ReportNotPresent", "ReportExpired"];
                    if !not_yet.contains(&refusal.code.as_str()) {
                        return Err((GET, refusal));
                    }
                }
            }
        }
        if Instant::now() + pause >= end {
            let detail = format!("the report was not ready after {} s", patience.as_secs());
            return Err((GENERATE, Refusal::broken(&detail)));
        }
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(4));
    }
}
