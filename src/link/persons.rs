//! Accounts that are people's own: an IAM user, a user of a cluster or of Okta that the people directory has by its address.
//! An equal name alone makes nobody the same.

use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::Inventory;
use crate::model::{AttributeName, CredentialKind, Identity, IdentityKind, Known, Person, Urn};

/// Labels that have the address of whoever signs in as a user.
const ADDRESSES: &[&str] = &["email", "e-mail", "mail", "user-email", "username", "user"];

/// What says whose account it is.
pub(super) struct Sign<'a> {
    pub(super) person: &'a Person,
    pub(super) why: String,
    /// Whether it is theirs for certain; else it may be.
    pub(super) is_sure: bool,
}

/// The people of the directory, by what accounts are called after.
pub(super) struct People<'a> {
    by_email: BTreeMap<&'a str, &'a Person>,
    /// By the part before the `@` and by first and last name in one; none where several people have it.
    by_short: BTreeMap<String, Option<&'a Person>>,
    /// Users who sign in with a password of their own.
    signs_in: BTreeSet<&'a Urn>,
}

impl<'a> People<'a> {
    pub(super) fn of(inventory: &'a Inventory) -> Self {
        let mut by_short: BTreeMap<String, Option<&Person>> = BTreeMap::new();
        for person in &inventory.people {
            let names = shorts(person);
            for short in names {
                by_short.entry(short).and_modify(|one| *one = None).or_insert(Some(person));
            }
        }
        let passwords = inventory.credentials.iter().filter(|one| one.kind == CredentialKind::AwsPassword);
        Self {
            by_email: inventory.people.iter().map(|person| (person.email.as_str(), person)).collect(),
            by_short,
            signs_in: passwords.filter(|one| one.active != Known::Value(false)).map(|one| &one.holder).collect(),
        }
    }

    /// The person with such a part before the `@`, or called so in one word, where only one is.
    pub(super) fn by_short(&self, name: &str) -> Option<&'a Person> {
        self.by_short.get(&name.to_lowercase()).copied().flatten()
    }

    /// Whose account it is. One that is switched off is nobody's any more.
    pub(super) fn whose(&self, identity: &Identity) -> Option<Sign<'a>> {
        use IdentityKind::{AwsUser, KubernetesUser, OktaUser};
        let is_machine = identity.kind == OktaUser && !identity.attributes.is(AttributeName::Human);
        let is_user = matches!(identity.kind, AwsUser | KubernetesUser | OktaUser);
        if !is_user || is_machine || self.by_email.is_empty() || identity.enabled == Known::Value(false) {
            return None;
        }
        let name = identity.name.to_lowercase();
        // An API server puts the issuer or a prefix before the name that a provider gives.
        let short = name.rsplit(['/', '#', ':', '|']).next().unwrap_or(&name);
        if let Some(person) = self.by_email.get(short) {
            return Some(Sign { person, why: "its name, which is their address".to_owned(), is_sure: true });
        }
        if identity.kind != AwsUser {
            return None;
        }
        let of_name = self.by_short(short);
        let tagged = identity.labels.iter().find_map(|(label, value)| {
            let is_address = ADDRESSES.contains(&label.to_lowercase().replace('_', "-").as_str());
            self.by_email.get(value.trim().to_lowercase().as_str()).filter(|_| is_address)
        });
        if let Some(person) = tagged {
            // A machine's user may have the address of whoever is asked about it.
            let is_named = of_name.is_some_and(|one| one.id == person.id);
            let is_sure = is_named || self.signs_in.contains(&identity.id);
            return Some(Sign { person, why: "a user of their own".to_owned(), is_sure });
        }
        of_name.map(|person| Sign { person, why: "its name is like theirs".to_owned(), is_sure: false })
    }
}

/// `jana` and `jana.novak`, `jana-novak`, `jana_novak`, `jananovak` of Jana Novak <jana@…>.
fn shorts(person: &Person) -> BTreeSet<String> {
    let local = person.email.split('@').next().unwrap_or_default();
    let lower = person.name.to_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    let joined = [".", "-", "_", ""].iter().filter(|_| words.len() > 1).map(|joint| words.join(joint));
    joined.chain([local.to_owned()]).filter(|short| short.len() > 2).collect()
}
