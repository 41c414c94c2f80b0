//! Lists the access keys of users and asks when they were used, a few users at a time. It must not ask what the
//! credential report has said already.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_iam::Client;
use futures::stream::{self, StreamExt};

use super::convert;
use super::credentials::{Key, pair};
use super::export::AccessKey;
use super::live::{Visit, last_use};
use super::refusal::{Refusal, Tally, Why};
use super::report::ReportRow;
use super::site::Origin;
use crate::collect::CollectError;
use crate::model::{FactKind, Outcome};

/// How many users are asked about at once. IAM throttles an account, not a caller.
pub(super) const AT_ONCE: usize = 16;

const LIST: &str = "iam:ListAccessKeys";
const LAST_USED: &str = "iam:GetAccessKeyLastUsed";

/// What came of asking about one user.
struct Answer {
    user: String,
    keys: Vec<Key>,
    /// `None` when it was not asked, because others had shown that it is in vain.
    listed: Option<Result<u64, Refusal>>,
    /// How often the last use was told, and the keys for which it was not.
    told: u64,
    untold: Vec<(String, Refusal)>,
}

impl Visit {
    /// Lists the keys of every user that has or may have some. Without a list, the report's columns are what is known.
    pub(super) async fn keys(&self, report: Option<Vec<ReportRow>>, whole: bool) -> Result<(), CollectError> {
        let users_known = whole || report.is_some();
        let rows: BTreeMap<String, ReportRow> =
            report.into_iter().flatten().map(|row| (row.user.clone(), row)).collect();
        let mut users: BTreeSet<String> = self.projection.users.keys().cloned().collect();
        users.retain(|user| rows.get(user).is_none_or(|row| !row.keys().is_empty()));
        users.extend(rows.values().filter(|row| !row.is_root() && !row.keys().is_empty()).map(|row| row.user.clone()));
        for root in rows.values().filter(|row| row.is_root()) {
            self.send_keys(&root.user, &pair(None, Some(root)), Some(root)).await?;
        }
        let in_vain = Arc::new(AtomicBool::new(false));
        let asked: Vec<_> = users
            .into_iter()
            .map(|user| {
                let row = rows.get(&user).cloned();
                ask(self.iam.clone(), user, row, Arc::clone(&in_vain))
            })
            .collect();
        let (mut lists, mut uses) = (Tally::default(), Tally::default());
        let mut answers = stream::iter(asked).buffer_unordered(AT_ONCE);
        while let Some(answer) = answers.next().await {
            self.send_keys(&answer.user, &answer.keys, rows.get(&answer.user)).await?;
            match answer.listed {
                None => lists.unasked += 1,
                Some(Err(refusal)) => lists.failures.push((answer.user, refusal)),
                Some(Ok(count)) => {
                    lists.answered += 1;
                    lists.count += count;
                }
            }
            uses.answered += answer.told;
            uses.count += answer.told;
            uses.failures.extend(answer.untold);
        }
        let site = &self.projection.site;
        let was_used = uses.answered > 0 || !uses.failures.is_empty();
        let mut entry = lists.entry(site, "access keys", LIST, &[FactKind::Credentials]);
        if !users_known && entry.outcome == Outcome::Complete {
            let detail = "asked only of the users that are known, and the calls that tell all of them failed";
            entry =
                site.hole("access keys", Outcome::NotRead, detail).count(entry.count).blinds(&[FactKind::Credentials]);
        }
        self.cover(entry).await?;
        if was_used {
            self.cover(uses.entry(site, "access key last use", LAST_USED, &[FactKind::Usage])).await?;
        }
        Ok(())
    }

    async fn send_keys(&self, user: &str, keys: &[Key], row: Option<&ReportRow>) -> Result<(), CollectError> {
        let holder = self.projection.user_arn(user, row);
        for key in keys {
            self.send(self.projection.key(&holder, key, &Origin::Api, &Origin::Api)).await?;
        }
        Ok(())
    }
}

async fn ask(iam: Client, user: String, row: Option<ReportRow>, in_vain: Arc<AtomicBool>) -> Answer {
    let mut answer = Answer { keys: Vec::new(), listed: None, told: 0, untold: Vec::new(), user };
    if in_vain.load(Ordering::Relaxed) {
        answer.keys = pair(None, row.as_ref());
        return answer;
    }
    match list(&iam, &answer.user).await {
        Ok(keys) => {
            answer.listed = Some(Ok(keys.len() as u64));
            answer.keys = pair(Some(keys), row.as_ref());
        }
        Err(refusal) => {
            in_vain.fetch_or(refusal.ends_the_series(), Ordering::Relaxed);
            answer.listed = Some(Err(refusal));
            answer.keys = pair(None, row.as_ref());
        }
    }
    for key in answer.keys.iter_mut().filter(|key| key.use_unsaid()) {
        let Some(id) = key.listed.as_ref().map(|listed| listed.id.clone()) else { continue };
        match iam.get_access_key_last_used().access_key_id(&id).send().await {
            Ok(used) => {
                let moment = used.access_key_last_used.as_ref().and_then(|used| used.last_used_date.as_ref());
                key.used = Some((last_use(moment), Origin::Api));
                answer.told += 1;
            }
            Err(error) => answer.untold.push((id, Refusal::of(&error))),
        }
    }
    answer
}

/// All keys of a user; none when the user is gone.
async fn list(iam: &Client, user: &str) -> Result<Vec<AccessKey>, Refusal> {
    let mut keys = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let call = iam.list_access_keys().user_name(user).set_marker(marker.clone());
        let page = match call.send().await {
            Ok(page) => page,
            Err(error) => {
                let refusal = Refusal::of(&error);
                return if refusal.why == Why::Missing { Ok(keys) } else { Err(refusal) };
            }
        };
        let next = page.marker.filter(|_| page.is_truncated);
        keys.extend(page.access_key_metadata.into_iter().map(convert::access_key));
        match next {
            Some(next) if marker.as_ref() != Some(&next) => marker = Some(next),
            _ => return Ok(keys),
        }
    }
}
