//! From the credential report and listed access keys to credentials and their last use. It must not fetch anything.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::NAME;
use super::export::AccessKey;
use super::records::Projection;
use super::report::{ReportCredential, ReportRow};
use super::site::{Origin, Site, some_of, time};
use crate::model::{
    AttributeName, Attributes, CoverageEntry, Credential, CredentialKind, FactKind, IdentityKind, Known, Outcome,
    Record, Urn,
};

/// The call that the credential report comes from.
const REPORT_CALL: &str = "iam:GetCredentialReport";

/// How many users may lack a row before the whole report counts as cut.
const ALONE: usize = 20;

/// The call that lists access keys.
const LIST_CALL: &str = "iam:ListAccessKeys";

/// The call that says when a key was used.
const USED_CALL: &str = "iam:GetAccessKeyLastUsed";

/// An access key with all that is known of it.
#[derive(Clone, Debug)]
pub(super) struct Key {
    /// As it was listed; `None` where only the report shows it, without its id.
    pub(super) listed: Option<AccessKey>,
    /// As the report shows it.
    pub(super) report: Option<ReportCredential>,
    /// When it was used, if it was asked about, and where that was seen.
    pub(super) used: Option<(Known<Timestamp>, Origin)>,
}

/// A user's keys. The report has no ids, so its columns are matched with listed keys by the second of their creation.
///
/// A list is complete and fresh, the report up to four hours old: a column without a listed key is a deleted key.
pub(super) fn pair(listed: Option<Vec<AccessKey>>, row: Option<&ReportRow>) -> Vec<Key> {
    let mut columns = row.map(ReportRow::keys).unwrap_or_default();
    let Some(listed) = listed else {
        return columns.into_iter().map(|column| Key { listed: None, report: Some(column), used: None }).collect();
    };
    let second = |moment: &Known<Timestamp>| moment.value().map(|moment| moment.as_second());
    let keys = listed.into_iter().map(|key| {
        let created = second(&time(key.created.as_ref()));
        let same = columns.iter().position(|column| created.is_some() && second(&column.rotated) == created);
        Key { report: same.map(|position| columns.remove(position)), listed: Some(key), used: None }
    });
    keys.collect()
}

impl Key {
    /// Whether only `GetAccessKeyLastUsed` can tell when it was used.
    #[cfg(feature = "aws")]
    pub(super) fn use_unsaid(&self) -> bool {
        self.report.as_ref().is_none_or(|report| report.last_used.why_unknown().is_some())
    }
}

impl Projection {
    /// The ARN of a user, with its path where that is known.
    pub(super) fn user_arn(&self, name: &str, row: Option<&ReportRow>) -> String {
        let known = self.users.get(name).cloned().or_else(|| row.map(|row| row.arn.clone()));
        known.unwrap_or_else(|| self.site.account.iam_arn(&format!("user/{name}")))
    }

    /// Notes which signing certificates a row shows: a list of them says the same with their bodies.
    pub(super) fn note_certificates(&mut self, row: &ReportRow) {
        let shown = row.certificates().into_iter();
        let dated: Vec<(u8, i64)> =
            shown.filter_map(|one| Some((one.slot, one.rotated.value()?.as_second()))).collect();
        if !dated.is_empty() {
            self.certificates.insert(row.user.clone(), dated);
        }
    }

    /// What a row says besides access keys: the root user, users that no other answer names, passwords, certificates.
    pub(super) fn report_row(&self, row: &ReportRow, origin: &Origin) -> Vec<Record> {
        let seen = self.site.evidence(origin, REPORT_CALL, &row.user);
        let (holder, created) = (Urn::new(&row.arn), row.created());
        let mut out = Vec::new();
        if row.is_root() || !self.users.contains_key(&row.user) {
            let (kind, name) = match row.is_root() {
                true => (IdentityKind::AwsRoot, "root"),
                false => (IdentityKind::AwsUser, row.user.as_str()),
            };
            let mut identity = self.site.identity(kind, &row.arn, name, seen.clone());
            identity.created = created.clone();
            identity.attributes.set_known(AttributeName::Mfa, row.mfa());
            out.push(Record::Identity(identity));
        }
        // With a password it is told of that one.
        if !row.is_root()
            && self.users.contains_key(&row.user)
            && row.password().is_none()
            && row.mfa() != Known::Value(false)
        {
            let mut identity = self.site.identity(IdentityKind::AwsUser, &row.arn, &row.user, seen.clone());
            identity.enabled = Known::unknown("the report does not say");
            identity.attributes.set_known(AttributeName::Mfa, row.mfa());
            out.push(Record::Identity(identity));
        }
        if let Some(moment) = row.signed_in() {
            out.push(Record::Usage(self.site.password_use(&holder, Known::Value(moment), &created, seen.clone())));
        }
        if let Some(password) = row.password() {
            let id = Urn::new(format!("{holder}#password"));
            let last = password.last_used.clone();
            out.push(Record::Usage(match &password.rotated {
                set @ Known::Value(_) => self.site.password_use(&id, last, set, seen.clone()),
                _ => self.site.password_use_since(&id, last, &created, seen.clone()),
            }));
            let mut credential = self.site.reported(id, CredentialKind::AwsPassword, row, &password, origin);
            credential.attributes.set_known(AttributeName::Mfa, row.mfa());
            out.push(Record::Credential(credential));
        }
        for certificate in row.certificates() {
            let id = Urn::new(format!("{holder}#signing-certificate-{}", certificate.slot));
            let kind = CredentialKind::AwsSigningCertificate;
            out.push(Record::Credential(self.site.reported(id, kind, row, &certificate, origin)));
        }
        out
    }

    /// How many keys of a user work, where a row says it of each: nobody listed them.
    pub(super) fn counted_keys(&self, row: &ReportRow, origin: &Origin) -> Option<Record> {
        let keys = row.keys();
        let states: Option<Vec<bool>> = keys.iter().map(|key| key.active.value().copied()).collect();
        let active = states.filter(|_| !row.is_root())?.into_iter().filter(|works| *works).count();
        let seen = self.site.evidence(origin, REPORT_CALL, &row.user);
        let mut identity = self.site.identity(IdentityKind::AwsUser, &row.arn, &row.user, seen);
        identity.enabled = Known::unknown("the report does not say");
        identity.attributes.set(AttributeName::ActiveKeys, i64::try_from(active).unwrap_or(i64::MAX));
        Some(Record::Identity(identity))
    }

    /// The users that the report has no row of: it was made before them, or its end is missing. Of each, what it would
    /// have said is not known.
    pub(super) fn beside_report<'r>(&self, users: impl Iterator<Item = &'r String>) -> Vec<Record> {
        const WHAT: &str = "credential report";
        const REMEDY: &str = "have it made again: aws iam generate-credential-report, then get-credential-report";
        let reported: BTreeSet<&String> = users.collect();
        let missing: Vec<(&String, &String)> = self.users.iter().filter(|(name, _)| !reported.contains(name)).collect();
        let facts = [FactKind::Credentials, FactKind::Usage];
        if missing.len() > ALONE {
            let names: Vec<&String> = missing.iter().map(|(name, _)| *name).collect();
            let detail = format!("it has no row of {} users: {}", names.len(), some_of(&names));
            return vec![Record::Coverage(
                self.site.hole(WHAT, Outcome::Partial, detail).blinds(&facts).remedy(REMEDY),
            )];
        }
        let of_one = |(name, arn): (&String, &String)| {
            let detail = format!("it has no row of user {name}: it is older than the user, or cut short");
            let hole = CoverageEntry::hole(NAME, arn, WHAT, Outcome::Partial, detail);
            Record::Coverage(hole.blinds(&facts).remedy(REMEDY))
        };
        missing.into_iter().map(of_one).collect()
    }

    /// AWS writes a row of the root user into every report: without it, what the row says of root is not known, and of a
    /// key of the account nobody knows whether it is root's.
    pub(super) fn without_root<'r>(&self, mut rows: impl Iterator<Item = &'r ReportRow>) -> Option<Record> {
        if rows.any(ReportRow::is_root) {
            return None;
        }
        let detail = "it has no row of the root user, which AWS writes into every report: it was cut";
        let arn = self.site.account.iam_arn("root");
        let hole = CoverageEntry::hole(NAME, &arn, "credential report", Outcome::Partial, detail);
        let remedy = "give the report as it came: aws iam get-credential-report > report.json";
        Some(Record::Coverage(hole.blinds(&[FactKind::Credentials, FactKind::Usage]).remedy(remedy)))
    }

    /// A key and what is known of its last use. `listing` and `report` say where each half was seen.
    pub(super) fn key(&self, holder: &str, key: &Key, listing: &Origin, report: &Origin) -> Vec<Record> {
        let (id, name) = match (&key.listed, &key.report) {
            (Some(listed), _) => (Urn::aws_access_key(&listed.id), listed.id.clone()),
            (None, Some(column)) => {
                let name = format!("access-key-{}", column.slot);
                (Urn::new(format!("{holder}#{name}")), name)
            }
            (None, None) => return Vec::new(),
        };
        let object = holder.rsplit('/').next().unwrap_or(holder);
        let evidence = match &key.listed {
            Some(listed) => self.site.evidence(listing, LIST_CALL, &format!("AccessKeyMetadata/{}", listed.id)),
            None => self.site.evidence(report, REPORT_CALL, object),
        };
        let reported = key.report.as_ref();
        let created = match &key.listed {
            Some(listed) => time(listed.created.as_ref()),
            None => reported.map_or(Known::Absent, |column| column.rotated.clone()),
        };
        let (last, source, seen) = match (&key.used, reported) {
            (Some((last, origin)), _) => {
                (last.clone(), "GetAccessKeyLastUsed", self.site.evidence(origin, USED_CALL, &name))
            }
            (None, Some(column)) => {
                (column.last_used.clone(), "credential report", self.site.evidence(report, REPORT_CALL, object))
            }
            (None, None) => (Known::unknown("no answer says when it was used"), "ListAccessKeys", evidence.clone()),
        };
        let usage = self.site.key_use(&id, last, &created, source, seen);
        let credential = Credential {
            id,
            kind: CredentialKind::AwsAccessKey,
            holder: Urn::new(holder),
            tenant: self.site.account.id.clone(),
            name,
            active: active(key),
            created,
            expires: Known::Absent,
            fingerprint: None,
            attributes: Attributes::default(),
            evidence,
        };
        vec![Record::Credential(credential), Record::Usage(usage)]
    }
}

/// What the list says, else the report. An expired key of the list works no more.
fn active(key: &Key) -> Known<bool> {
    let status = key.listed.as_ref().and_then(|listed| listed.status.as_deref());
    match (status, &key.report) {
        (Some("Active"), _) => Known::Value(true),
        (Some("Inactive" | "Expired"), _) => Known::Value(false),
        (_, Some(column)) => column.active.clone(),
        _ => Known::unknown("the answer does not say whether the key is active"),
    }
}

impl Site {
    fn reported(
        &self,
        id: Urn,
        kind: CredentialKind,
        row: &ReportRow,
        seen: &ReportCredential,
        origin: &Origin,
    ) -> Credential {
        let name = id.as_str().rsplit('#').next().unwrap_or_default().to_owned();
        Credential {
            id,
            kind,
            holder: Urn::new(&row.arn),
            tenant: self.account.id.clone(),
            name,
            active: seen.active.clone(),
            created: seen.rotated.clone(),
            // A password expires only under an account's password policy, which is not read; certificates name no end here.
            expires: Known::unknown("the credential report does not say"),
            fingerprint: None,
            attributes: Attributes::default(),
            evidence: self.evidence(origin, REPORT_CALL, &row.user),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::parse;
    use super::{AccessKey, pair};

    fn listed(id: &str, created: &str) -> AccessKey {
        AccessKey { id: id.to_owned(), created: Some(created.to_owned()), ..AccessKey::default() }
    }

    #[test]
    fn columns_meet_keys_by_the_second() {
        let csv = "user,arn,user_creation_time,access_key_1_active,access_key_1_last_rotated,access_key_2_active,access_key_2_last_rotated\n\
                   a,arn:aws:iam::123456789012:user/a,N/A,true,2025-10-01T00:00:00+00:00,false,2025-11-01T00:00:00+00:00\n";
        let (rows, _) = parse(csv.as_bytes());
        let keys =
            pair(Some(vec![listed("B", "2025-11-01T00:00:00Z"), listed("C", "2026-01-01T00:00:00Z")]), rows.first());
        let slots: Vec<_> = keys.iter().map(|key| key.report.as_ref().map(|column| column.slot)).collect();
        assert_eq!(slots, [Some(2), None], "column 1 is a deleted key, C is newer than the report");
        let unlisted = pair(None, rows.first());
        assert_eq!(unlisted.len(), 2);
        assert!(unlisted.iter().all(|key| key.listed.is_none()));
    }
}
