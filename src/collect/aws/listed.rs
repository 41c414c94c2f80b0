//! From lists of access keys and what the credential report says of them to the keys of every user, and what is missing of
//! them. It must not read files.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::NAME;
use super::assemble::Assembly;
use super::contradictions::one_a_key;
use super::credentials::pair;
use super::export::AccessKey;
use super::report::ReportRow;
use super::reports::Chosen;
use super::site::{Origin, some_of, time};
use crate::model::{CoverageEntry, FactKind, Known, Outcome, Record};

impl Assembly {
    /// The records of all keys, and what is missing of them.
    pub(super) fn keys(&mut self) -> Vec<Record> {
        let mut listed: BTreeMap<String, (Vec<AccessKey>, Origin)> = BTreeMap::new();
        let cut = self.listings.iter().any(|(listing, _)| listing.is_truncated || listing.next_token.is_some());
        let (without, nameless) = self.without_keys();
        let (keys, contradictions) = one_a_key(std::mem::take(&mut self.listings));
        let ids: BTreeSet<String> = keys.keys().cloned().collect();
        for (key, origin) in keys.into_values() {
            listed.entry(key.user.clone()).or_insert_with(|| (Vec::new(), origin)).0.push(key);
        }
        for (user, origin) in without {
            listed.entry(user).or_insert_with(|| (Vec::new(), origin));
        }
        // Nobody can list the root user's keys: the report is all there is.
        let Chosen { rows, old, no_list, is_there } = &self.report;
        let rows_of = || rows.values().map(|(row, _)| row).filter(|row| !row.is_root());
        let everyone = || {
            let all: BTreeSet<String> =
                self.projection.users.keys().cloned().chain(rows_of().map(|row| row.user.clone())).collect();
            let unlisted: Vec<String> = all.into_iter().filter(|user| !listed.contains_key(user)).collect();
            if unlisted.len() <= nameless { Vec::new() } else { unlisted }
        };
        let has_unlisted = |row: &&ReportRow| !row.keys().is_empty() && !listed.contains_key(&row.user);
        let unlisted: Vec<String> = match *is_there && old.is_none() {
            true => rows_of().filter(has_unlisted).map(|row| row.user.clone()).collect(),
            false => everyone(),
        };
        let since = no_list.as_ref().filter(|_| old.is_none()).and_then(|words| self.since_report(words, &everyone()));
        // How many keys work a report of today says without their ids.
        let counts = *is_there && no_list.is_none() && !unlisted.is_empty();
        let mut out = vec![Record::Coverage(self.key_coverage(&ids, cut, &unlisted))];
        out.extend(since);
        out.extend(self.contradiction(&contradictions));
        let mut taken = BTreeSet::new();
        let users: BTreeSet<String> = self.report.rows.keys().chain(listed.keys()).cloned().collect();
        for user in users {
            let (keys, listing) = listed.remove(&user).unzip();
            let is_only = keys.as_ref().is_some_and(|keys| keys.len() == 1);
            let (row, report) = self.report.rows.get(&user).map(|(row, origin)| (row, origin)).unzip();
            let holder = self.projection.user_arn(&user, row);
            let Some(anywhere) = listing.as_ref().or(report) else { continue };
            if let (None, Some(row), Some(origin)) = (&listing, row, report) {
                out.extend(self.projection.counted_keys(row, origin).filter(|_| counts));
            }
            for mut key in pair(keys, row) {
                key.used = key.listed.as_ref().and_then(|listed| self.last_use(listed, is_only, &mut taken));
                let (listing, report) = (listing.as_ref().unwrap_or(anywhere), report.unwrap_or(anywhere));
                out.extend(self.projection.key(&holder, &key, listing, report));
            }
        }
        out.extend(self.last_use_coverage(&taken));
        out
    }

    /// What `get-access-key-last-used` says of a key. The answer names the user and not the key, so the file's name must
    /// name it, unless the user has but one.
    fn last_use(
        &self,
        key: &AccessKey,
        is_only: bool,
        taken: &mut BTreeSet<usize>,
    ) -> Option<(Known<Timestamp>, Origin)> {
        let names = |origin: &Origin| matches!(origin, Origin::File(file) if file.contains(&key.id));
        let mut answers = self.used.iter().enumerate().filter(|(_, (used, _))| used.user == key.user);
        let (position, (used, origin)) = answers.find(|(_, (_, origin))| is_only || names(origin))?;
        taken.insert(position);
        let last = used.used.date.as_ref().map_or(Known::Absent, |date| time(Some(date)));
        Some((last, origin.clone()))
    }

    fn last_use_coverage(&self, taken: &BTreeSet<usize>) -> Option<Record> {
        const WHAT: &str = "access key last use";
        let site = &self.projection.site;
        let lost: Vec<String> = (0..)
            .zip(&self.used)
            .filter(|(position, _)| !taken.contains(position))
            .map(|(_, (used, _))| used.user.clone())
            .collect();
        let entry = match (self.used.len(), lost.len()) {
            (0, _) => return None,
            (all, 0) => site.complete(WHAT, all as u64),
            (_, lost_count) => {
                let detail =
                    format!("{lost_count} answers do not tell which key they are of (users {})", some_of(&lost));
                let remedy = "list the keys too, and name each file after its key id, such as last-used-AKIA….json";
                let hole = site.hole(WHAT, Outcome::Partial, detail).count(taken.len() as u64);
                hole.blinds(&[FactKind::Usage]).remedy(remedy)
            }
        };
        Some(Record::Coverage(entry))
    }

    fn key_coverage(&self, ids: &BTreeSet<String>, cut: bool, unlisted: &[String]) -> crate::model::CoverageEntry {
        const WHAT: &str = "access keys";
        let site = &self.projection.site;
        let remedy = "add them: aws iam list-access-keys --user-name NAME > keys-NAME.json, for each user";
        let (outcome, detail) = match (cut, ids.is_empty(), unlisted.len()) {
            (true, ..) => (Outcome::Partial, "a list says that more follow".to_owned()),
            (_, _, count) if count > 0 && self.report.old.is_some() => {
                let words = self.report.old.as_deref().unwrap_or_default();
                let who = some_of(unlisted);
                let detail = format!(
                    "the credential report does not know keys made since ({words}), and none are listed for {count} \
                     users: {who}"
                );
                (Outcome::Partial, detail)
            }
            (_, true, count) if count > 0 || !self.users_known() => {
                (Outcome::NotRead, "no file lists them, so their ids are not known".to_owned())
            }
            (_, _, 0) => return site.complete(WHAT, ids.len() as u64),
            (_, _, count) => (
                Outcome::NotRead,
                format!("not listed for {count} users who have or may have some: {}", some_of(unlisted)),
            ),
        };
        site.hole(WHAT, outcome, detail).count(ids.len() as u64).blinds(&[FactKind::Credentials]).remedy(remedy)
    }

    /// Whether any file says which users there are, so that none may have keys.
    fn users_known(&self) -> bool {
        self.report.is_there || self.projection.actors > 0
    }

    /// Keys of which two files say different things: neither can be trusted.
    fn contradiction(&self, contradictions: &[String]) -> Option<Record> {
        let remedy = "keep the newest export of each list only";
        let hole = self.projection.site.hole("access key lists", Outcome::Partial, some_of(contradictions));
        (!contradictions.is_empty()).then(|| Record::Coverage(hole.blinds(&[FactKind::Credentials]).remedy(remedy)))
    }

    /// The users whose lists hold no key, by the names of the files, and how many such lists do not say whose they are: any
    /// user who is in no other may be the one.
    fn without_keys(&self) -> (BTreeMap<String, Origin>, usize) {
        let empty = self.listings.iter().filter(|(listing, _)| listing.keys.items.is_empty());
        let mut named = BTreeMap::new();
        let mut nameless = 0;
        for (_, origin) in empty {
            let file = origin.shown().rsplit('/').next().unwrap_or_default().trim_end_matches(".json");
            let is_of =
                |user: &&String| file.strip_suffix(user.as_str()).is_some_and(|start| start.ends_with(['.', '-', '_']));
            // `ci` ends `deploy-ci`, too: the longest name is meant.
            match self.projection.users.keys().filter(is_of).max_by_key(|user| user.len()) {
                Some(user) => drop(named.insert(user.clone(), origin.clone())),
                None => nameless += 1,
            }
        }
        (named, nameless)
    }

    /// Where a report of some days stands for lists of keys: a key that was made since is known to nobody. It hides nothing
    /// that is known, only that there is no other.
    fn since_report(&self, words: &str, unlisted: &[String]) -> Option<Record> {
        let detail = format!(
            "the credential report stands for the keys of {} users ({}), and does not know keys made since: {words}",
            unlisted.len(),
            some_of(unlisted)
        );
        let site = &self.projection.site;
        let everyone = site.account.iam_arn("user/*");
        let hole = CoverageEntry::hole(NAME, &everyone, CoverageEntry::KEYS_SINCE, Outcome::NotRead, detail);
        let remedy = "add them: aws iam list-access-keys --user-name NAME > keys-NAME.json, for each user";
        (!unlisted.is_empty()).then(|| Record::Coverage(hole.remedy(remedy)))
    }
}
