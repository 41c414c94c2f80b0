//! What is known of a request before it is made: condition keys with values, without one, or not to be known.
//! It compares nothing.

use jiff::Timestamp;

use super::region;
use crate::model::{Identity, IdentityKind, Labels};

/// How long after its making temporary credentials can work at most: 36 hours for a federated user.
/// Source: STS API reference, `GetFederationToken`, `DurationSeconds`.
const LONGEST_SESSION_SECONDS: i64 = 36 * 3_600;

/// What is known of one condition key.
#[derive(Clone, Copy, Debug)]
pub(super) enum Seen<'c> {
    /// It has one value.
    One(&'c str),
    /// It has these values.
    Many(&'c [String]),
    /// It has a value between these, in seconds since 1970; or perhaps none.
    Time { from: i64, to: i64, or_absent: bool },
    /// It is not in the request.
    Absent,
    /// Nothing is known of it.
    Unknown,
}

#[derive(Clone, Debug)]
enum Entry {
    Values(Vec<String>),
    Time { from: i64, to: i64, or_absent: bool },
    Absent,
}

/// The condition keys of a request as far as they are known, by lower-case name.
#[derive(Clone, Debug, Default)]
pub struct Context {
    entries: Vec<(String, Entry)>,
    /// Keys with this beginning that have no entry are absent.
    absent: Vec<&'static str>,
    /// Every key that has no entry is absent.
    complete: bool,
}

impl Context {
    /// Nothing known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a key to its values; keys are case-insensitive. No values: the key is not in the request.
    pub fn set(&mut self, key: &str, values: Vec<String>) {
        let entry = if values.is_empty() { Entry::Absent } else { Entry::Values(values) };
        self.put(key, entry);
    }

    /// Says that keys which were not set are not in the request.
    pub fn complete(&mut self) {
        self.complete = true;
    }

    /// Sets a key unless it is set already.
    pub fn set_default(&mut self, key: &str, value: &str) {
        if !self.entries.iter().any(|(known, _)| known.eq_ignore_ascii_case(key)) {
            self.put(key, Entry::Values(vec![value.to_owned()]));
        }
    }

    /// Says that a key is not in the request, unless it is set already.
    pub fn set_absent(&mut self, key: &str) {
        if !self.entries.iter().any(|(known, _)| known.eq_ignore_ascii_case(key)) {
            self.put(key, Entry::Absent);
        }
    }

    /// What is known of whoever uses the rights of an identity, at a time.
    ///
    /// Source: IAM User Guide, "AWS global condition context keys", properties of the principal and of the request.
    pub fn of(identity: &Identity, now: Timestamp) -> Self {
        let mut context = Self::default();
        context.put_text("aws:principalarn", identity.id.as_str());
        context.put_text("aws:principalaccount", &identity.tenant);
        context.put_text("aws:principalisawsservice", "false");
        let second = now.as_second();
        context.at(now);
        let is_user = identity.kind == IdentityKind::AwsUser;
        // An access key has no such time; a console session of the same user has one.
        let issued = Entry::Time { from: second - LONGEST_SESSION_SECONDS, to: second, or_absent: is_user };
        context.put("aws:tokenissuetime", issued);
        for (name, value) in &identity.labels {
            context.put_text(&format!("aws:principaltag/{name}"), value);
        }
        if is_user {
            context.put_text("aws:username", &identity.name);
            context.put_text("aws:principaltype", "User");
            // A session of a role may bring tags of its own.
            context.absent.push("aws:principaltag/");
        } else {
            context.put("aws:username", Entry::Absent);
            context.put_text("aws:principaltype", "AssumedRole");
        }
        context
    }

    /// Sets when the request is made.
    pub fn at(&mut self, now: Timestamp) {
        let second = now.as_second();
        self.put("aws:currenttime", Entry::Time { from: second, to: second, or_absent: false });
        self.put("aws:epochtime", Entry::Time { from: second, to: second, or_absent: false });
    }

    /// The same, bearing further tags: those that one can give oneself.
    pub(super) fn tagged(&self, tags: &[(String, String)]) -> Self {
        let mut context = self.clone();
        for (name, value) in tags {
            context.put_text(&format!("aws:principaltag/{name}"), value);
        }
        context
    }

    fn put_text(&mut self, key: &str, value: &str) {
        self.put(key, Entry::Values(vec![value.to_owned()]));
    }

    fn put(&mut self, key: &str, entry: Entry) {
        let key = key.to_ascii_lowercase();
        match self.entries.iter_mut().find(|(known, _)| *known == key) {
            Some((_, old)) => *old = entry,
            None => self.entries.push((key, entry)),
        }
    }

    /// The context of a question without further keys.
    pub(super) fn asked(&self) -> Asked<'_> {
        self.asked_with(Terms::default())
    }

    /// The context of a question that fixes further keys itself.
    pub(super) fn asked_with<'c>(&'c self, terms: Terms<'c>) -> Asked<'c> {
        Asked { context: self, terms, region: None }
    }
}

/// What a question itself says of what is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Terms<'c> {
    /// Condition keys, in lower case, such as `iam:passedtoservice`; without a value, the key is not in the request.
    pub(super) keys: &'c [(&'c str, Option<&'c str>)],
    /// The tags of what is asked for, where they were read.
    pub(super) tags: Option<&'c Labels>,
}

impl<'c> Terms<'c> {
    fn seen(&self, key: &str) -> Option<Seen<'c>> {
        if let Some((_, value)) = self.keys.iter().find(|(name, _)| *name == key) {
            return Some(value.map_or(Seen::Absent, Seen::One));
        }
        let tag = ["aws:resourcetag/", "iam:resourcetag/"].iter().find_map(|start| key.strip_prefix(start))?;
        let mut same = self.tags?.iter().filter(|(name, _)| name.eq_ignore_ascii_case(tag));
        Some(same.next().map_or(Seen::Absent, |(_, value)| Seen::One(value)))
    }
}

/// A context with the keys that the question itself fixes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'c> {
    context: &'c Context,
    terms: Terms<'c>,
    region: Option<&'c str>,
}

impl<'c> Asked<'c> {
    /// The same question, asked in a region.
    pub(super) fn in_region<'r>(self, region: Option<&'r str>) -> Asked<'r>
    where
        'c: 'r,
    {
        Asked { region, ..self }
    }

    /// What is known of a key, given in lower case.
    pub(super) fn seen(&self, key: &str) -> Seen<'c> {
        if let Some(seen) = self.terms.seen(key) {
            return seen;
        }
        if let Some(region) = self.region.filter(|_| key == region::KEY) {
            return Seen::One(region);
        }
        match self.context.entries.iter().find(|(name, _)| name == key) {
            Some((_, Entry::Values(values))) => Seen::Many(values),
            Some((_, Entry::Absent)) => Seen::Absent,
            Some((_, Entry::Time { from, to, or_absent })) => {
                Seen::Time { from: *from, to: *to, or_absent: *or_absent }
            }
            None if self.context.complete || self.context.absent.iter().any(|start| key.starts_with(start)) => {
                Seen::Absent
            }
            None => Seen::Unknown,
        }
    }
}
