//! Secret → credential → identity, without ever using the secret: by the public id in the text and by fingerprint.
//!
//! A wrong join destroys trust: what is ambiguous stays unlinked and says so.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::proofs::{self, KeyNames, OktaClients};
use crate::inventory::{CredentialFacts, ExposureFacts, IdentityFacts, Inventory};
use crate::model::{
    AttributeName, CoverageEntry, Credential, CredentialKind, Exposure, FactKind, Fingerprint, Identity, IdentityKind,
    Known, SettingKind, Urn,
};

/// How many other places of a value each place names.
const NAMED_COPIES: usize = 10;

/// Of more credentials than these nobody learns anything from their names.
const MOST_CANDIDATES: usize = 24;

/// The subject of tokens that a Kubernetes API server issues.
const SERVICE_ACCOUNT_SUBJECT: &str = "system:serviceaccount:";

pub(super) fn link(inventory: &mut Inventory) {
    // Made at once, in order: a map that grows name by name takes twice as much memory.
    let identities = inventory.identities.iter().map(|one| (one.id.clone(), IdentityFacts::default()));
    inventory.facts.identities = identities.collect();
    let credentials = inventory.credentials.iter().map(|one| (one.id.clone(), CredentialFacts::default()));
    inventory.facts.credentials = credentials.collect();
    for credential in inventory.credentials.iter() {
        let holder = inventory.facts.identities.entry(credential.holder.clone()).or_default();
        holder.credentials.insert(credential.id.clone());
    }
    inventory.facts.same_keys = same_keys(inventory);
    let by_value = places_by_value(inventory);
    let index = Index::of(inventory);
    let mut resolved: Vec<ExposureFacts> = inventory.exposures.iter().map(|exposure| index.resolve(exposure)).collect();
    contest(inventory, &mut resolved);
    share(inventory, &mut resolved);
    for (exposure, mut facts) in inventory.exposures.iter().zip(resolved) {
        if let Some(places) = by_value.get(inventory.facts.value_of(exposure)) {
            let others = places.iter().filter(|place| **place != exposure.id);
            facts.same_value = others.take(NAMED_COPIES).cloned().collect();
            facts.copies = places.len() - 1;
        }
        if let Known::Value(identity) = &facts.identity {
            let of = inventory.facts.identities.entry(identity.clone()).or_default();
            of.exposures.insert(exposure.id.clone());
        }
        if let Known::Value(credential) = &facts.credential {
            let of = inventory.facts.credentials.entry(credential.clone()).or_default();
            of.exposures.insert(exposure.id.clone());
        }
        inventory.facts.exposures.insert(exposure.id.clone(), facts);
    }
}

/// A secret of AWS is of one key id: where the same lies beside several, it is not known of which.
fn contest(inventory: &Inventory, resolved: &mut [ExposureFacts]) {
    let mut ids: HashMap<&Fingerprint, BTreeSet<&str>> = HashMap::new();
    let is_key = |one: &&Exposure| !one.public && one.proof.kind == CredentialKind::AwsAccessKey.as_str();
    for exposure in inventory.exposures.iter().filter(is_key) {
        if let Some(id) = &exposure.proof.key_id {
            ids.entry(inventory.facts.value_of(exposure)).or_default().insert(id);
        }
    }
    ids.retain(|_, ids| ids.len() > 1);
    for (exposure, facts) in inventory.exposures.iter().zip(resolved) {
        let Some(ids) = ids.get(inventory.facts.value_of(exposure)).filter(|_| !exposure.public) else { continue };
        let named: Vec<&str> = ids.iter().copied().take(NAMED_COPIES).collect();
        let why = format!("this secret lies beside the key ids {}, and is of one at most", named.join(" and "));
        let listed = ids.iter().map(|id| Urn::aws_access_key(id)).filter(|id| inventory.credentials.get(id).is_some());
        *facts = one_of(listed.collect(), why);
    }
}

/// What one place of a value proves holds for all of them: the secret of a key is that of the key where its id does not
/// stand beside it, too. Where places prove different things, each keeps its own.
fn share(inventory: &Inventory, resolved: &mut [ExposureFacts]) {
    let is_proved = |facts: &&ExposureFacts| !matches!(facts.credential, Known::Unknown(_));
    let mut proved: HashMap<&Fingerprint, Option<ExposureFacts>> = HashMap::new();
    for (exposure, facts) in inventory.exposures.iter().zip(&*resolved).filter(|(_, facts)| is_proved(facts)) {
        let known = proved.entry(inventory.facts.value_of(exposure)).or_insert_with(|| Some(facts.clone()));
        let differs =
            |known: &ExposureFacts| (&known.credential, &known.identity) != (&facts.credential, &facts.identity);
        if known.as_ref().is_some_and(differs) {
            *known = None;
        }
    }
    // So does what it may be.
    let mut maybe: HashMap<&Fingerprint, ExposureFacts> = HashMap::new();
    for (exposure, facts) in inventory.exposures.iter().zip(&*resolved).filter(|(_, facts)| !facts.may_be.is_empty()) {
        maybe.entry(inventory.facts.value_of(exposure)).or_insert_with(|| facts.clone());
    }
    for (exposure, facts) in inventory.exposures.iter().zip(resolved) {
        let is_open = matches!((&facts.credential, &facts.identity), (Known::Unknown(_), Known::Unknown(_)));
        if let Some(Some(known)) = proved.get(inventory.facts.value_of(exposure)).filter(|_| is_open) {
            (facts.credential, facts.identity) = (known.credential.clone(), known.identity.clone());
        } else if let Some(known) = maybe.get(inventory.facts.value_of(exposure)).filter(|_| is_open)
            && facts.may_be.is_empty()
        {
            *facts = known.clone();
        }
    }
}

/// Private keys that lie in several forms (PKCS #1, PKCS #8, OpenSSH, a key file of JSON): their public halves are equal.
fn same_keys(inventory: &Inventory) -> BTreeMap<Fingerprint, Fingerprint> {
    let mut by_key: BTreeMap<&str, BTreeSet<&Fingerprint>> = BTreeMap::new();
    for exposure in inventory.exposures.iter().filter(|one| !one.public) {
        if let Some(key) = exposure.proof.facts.get(AttributeName::SpkiSha256.as_str()) {
            by_key.entry(key).or_default().insert(&exposure.fingerprint);
        }
    }
    let several = by_key.into_values().filter(|forms| forms.len() > 1);
    let of_key = several.flat_map(|forms| {
        let first = forms.first().copied().cloned();
        forms.into_iter().filter_map(move |form| Some((form.clone(), first.clone()?)))
    });
    of_key.collect()
}

fn places_by_value(inventory: &Inventory) -> BTreeMap<Fingerprint, BTreeSet<Urn>> {
    let mut places: BTreeMap<Fingerprint, BTreeSet<Urn>> = BTreeMap::new();
    for exposure in inventory.exposures.iter() {
        places.entry(inventory.facts.value_of(exposure).clone()).or_default().insert(exposure.id.clone());
    }
    places
}

/// What exposures are looked up in: each is asked for many times.
struct Index<'a> {
    inventory: &'a Inventory,
    by_fingerprint: HashMap<&'a str, Vec<&'a Urn>>,
    by_key: KeyNames<'a>,
    clients: OktaClients<'a>,
    /// Service accounts by the uid that their cluster gave them.
    by_uid: HashMap<&'a str, Vec<&'a Identity>>,
    /// The AWS accounts of which users or roles were read, and not from a file of the searched tree alone.
    accounts: HashSet<&'a str>,
    /// Those of them with keys that are in no list: the root user's, and those that only a report counts.
    with_unnamed_keys: HashSet<&'a str>,
    /// How many credentials of each kind were read, in all and of each account or organisation.
    counts: HashMap<(&'a str, &'a str), usize>,
    /// Those of them of which the credentials of a user, or of root, were not read.
    with_unread_keys: HashSet<&'a str>,
}

impl<'a> Index<'a> {
    fn of(inventory: &'a Inventory) -> Self {
        let mut by_fingerprint: HashMap<&str, Vec<&Urn>> = HashMap::new();
        for credential in inventory.credentials.iter() {
            // What an agent is given is a place of a value, and not what proves whose the value is.
            let is_given = credential.kind == CredentialKind::AgentGiven;
            if let Some(fingerprint) = credential.fingerprint.as_ref().filter(|_| !is_given) {
                by_fingerprint.entry(fingerprint.as_str()).or_default().push(&credential.id);
            }
        }
        let mut counts: HashMap<(&str, &str), usize> = HashMap::new();
        for credential in inventory.credentials.iter() {
            *counts.entry((credential.kind.as_str(), "")).or_default() += 1;
            *counts.entry((credential.kind.as_str(), &credential.tenant)).or_default() += 1;
        }
        let (mut by_uid, mut accounts) = (HashMap::<&str, Vec<&Identity>>::new(), HashSet::new());
        for identity in inventory.identities.iter() {
            match (identity.kind, &identity.unique_id) {
                (IdentityKind::KubernetesServiceAccount, Some(uid)) => by_uid.entry(uid).or_default().push(identity),
                (IdentityKind::AwsUser | IdentityKind::AwsRole, _)
                    if !identity.attributes.is(AttributeName::ToldByTree) =>
                {
                    accounts.insert(identity.tenant.as_str());
                }
                _ => {}
            }
        }
        let (by_key, clients) = (KeyNames::of_credentials(inventory), OktaClients::new(inventory));
        let with_unnamed_keys = with_unnamed_keys(inventory);
        let hides =
            |one: &&CoverageEntry| one.blinds.contains(&FactKind::Credentials) || one.what == CoverageEntry::KEYS_SINCE;
        let holes = inventory.coverage.entries().iter().filter(hides);
        let with_unread_keys = holes.filter_map(|one| one.target.split_once(":iam::")?.1.split(':').next()).collect();
        Self {
            inventory,
            by_fingerprint,
            by_key,
            clients,
            by_uid,
            accounts,
            with_unnamed_keys,
            counts,
            with_unread_keys,
        }
    }

    fn resolve(&self, exposure: &Exposure) -> ExposureFacts {
        if let Some(found) = self.by_fingerprint.get(exposure.fingerprint.as_str()) {
            return self.of_one(found, "the same value");
        }
        if let Some(found) = self.by_key.of(exposure) {
            return self.of_one(found, "the same public key");
        }
        let proof = &exposure.proof;
        if proof.kind == CredentialKind::AwsAccessKey.as_str()
            && let Some(key_id) = &proof.key_id
        {
            return self.of_access_key(key_id, proof.account.as_deref());
        }
        let subject = proof.facts.get("subject").and_then(|subject| subject.strip_prefix(SERVICE_ACCOUNT_SUBJECT));
        if let Some(subject) = subject {
            return self.of_service_account(subject, &proof.facts);
        }
        if let Some(app) = self.clients.of(exposure) {
            let credential = Known::Unknown(self.which_of_app(app, &proof.kind));
            return ExposureFacts { credential, identity: Known::Value(app.clone()), ..ExposureFacts::default() };
        }
        if let Some(organisation) = self.clients.organisation(exposure) {
            let why = self.which_of_organisation(organisation, &proof.kind);
            return one_of(self.working_of(organisation, &proof.kind), why);
        }
        let kind = &proof.kind;
        if let Some(host) = proofs::host(exposure).filter(|_| kind.starts_with("okta.")) {
            return unknown(format!("nothing was read of {host}, whose credential it is by what stands beside it"));
        }
        if self.has_listed_keys(kind) {
            return unknown(format!("what was read lists {kind}s by no more than their ends"));
        }
        unknown(match self.counts.get(&(kind.as_str(), "")).copied().unwrap_or_default() {
            0 => format!("nothing that was read lists credentials of the kind {kind}"),
            listed => format!("what was read lists {listed} of the kind {kind}, and none can be told by its value"),
        })
    }

    /// The credentials of an organisation that may work.
    fn working_of(&self, organisation: &str, kind: &str) -> BTreeSet<Urn> {
        let is_it = |one: &&Credential| {
            one.kind.as_str() == kind && one.tenant == organisation && one.active != Known::Value(false)
        };
        self.inventory.credentials.iter().filter(is_it).map(|one| one.id.clone()).collect()
    }

    /// Whether a provider's list of keys of this kind was read.
    fn has_listed_keys(&self, kind: &str) -> bool {
        let mut settings = self.inventory.settings.iter();
        settings
            .any(|one| one.kind == SettingKind::ListedKey && one.attributes.text(AttributeName::KeyKind) == Some(kind))
    }

    /// Why it is not known which credential of an app a text is.
    fn which_of_app(&self, app: &Urn, kind: &str) -> String {
        if kind != CredentialKind::OktaClientSecret.as_str() {
            return "nothing lists the tokens that were given out".to_owned();
        }
        let is_one = |one: &&Credential| one.kind == CredentialKind::OktaClientSecret && one.holder == *app;
        let held: Vec<&Credential> = self.inventory.credentials.iter().filter(is_one).collect();
        let work = held.iter().filter(|one| one.active == Known::Value(true)).count();
        match held.len() {
            0 => "the client id beside it is of this app, and nothing lists its secrets".to_owned(),
            all => format!("the client id beside it is of this app, which has {all} secrets, of which {work} work"),
        }
    }

    /// The same of an organisation.
    fn which_of_organisation(&self, organisation: &str, kind: &str) -> String {
        match self.counts.get(&(kind, organisation)).copied().unwrap_or_default() {
            0 => format!("{organisation} was read, and nothing of it lists credentials of the kind {kind}"),
            1 => format!("{organisation} has 1 of the kind {kind}; whether it is this one cannot be told by its value"),
            all => format!("it is one of {all} of the kind {kind} that {organisation} has, or none of them any more"),
        }
    }

    /// The one credential of several that have something in common; where they are of several identities, none.
    fn of_one(&self, found: &[&Urn], common: &str) -> ExposureFacts {
        let credentials: Vec<&Credential> = found.iter().filter_map(|id| self.inventory.credentials.get(id)).collect();
        // A certificate in a file says no cluster; the same in a cluster says whose it is.
        let is_of_some = |one: &&Credential| one.holder.as_str().starts_with("kubernetes:user/");
        let has_known = credentials.iter().any(|one| !is_of_some(one));
        let credentials: Vec<&Credential> =
            credentials.iter().copied().filter(|one| !has_known || !is_of_some(one)).collect();
        let holders: BTreeSet<&Urn> = credentials.iter().map(|one| &one.holder).collect();
        // Of several of one identity the one that works says what can be done with the value.
        let best = credentials.iter().max_by_key(|one| one.active == Known::Value(true));
        match (holders.len(), best) {
            (1, Some(credential)) => of_credential(credential),
            (holders, _) => {
                unknown(format!("credentials of {holders} identities have {common}: it is not known which"))
            }
        }
    }

    /// A key id is unique over all accounts, and the account it belongs to can be read out of it.
    fn of_access_key(&self, key_id: &str, account: Option<&str>) -> ExposureFacts {
        if let Some(credential) = self.inventory.credentials.get(&Urn::aws_access_key(key_id)) {
            return of_credential(credential);
        }
        let Some(account) = account else {
            return unknown(format!("no account that was read has the key {key_id}"));
        };
        if !key_id.starts_with("AKIA") {
            return unknown(format!("{key_id} is a temporary key, which no list has"));
        }
        if self.with_unnamed_keys.contains(account) {
            let why = "has keys whose ids are in no list (such as the root user's), and it may be one of them";
            return unknown(format!("account {account} {why}"));
        }
        let is_blind = self.inventory.coverage.blind_spot(account, FactKind::Credentials).is_some();
        match (self.accounts.contains(account) && !is_blind, self.with_unread_keys.contains(account)) {
            // Every key of the account is known and this one is not among them: it was deleted.
            (true, false) => ExposureFacts::default(),
            (true, true) => unknown(format!("not all keys of account {account} were read")),
            (false, _) => unknown(format!("the keys of account {account} were not read")),
        }
    }

    /// A token's service account: of the cluster whose account of that name has the uid in the token. The name alone
    /// proves nothing, since every cluster may have one of it.
    fn of_service_account(&self, subject: &str, facts: &BTreeMap<String, String>) -> ExposureFacts {
        let Some((namespace, name)) = subject.split_once(':') else {
            return unknown(format!("'{subject}' names no service account"));
        };
        let full_name = format!("{namespace}/{name}");
        let Some(uid) = facts.get("account_uid") else {
            return unknown(format!("the token does not say of which cluster its service account {full_name} is"));
        };
        let same = self.by_uid.get(uid.as_str()).map(Vec::as_slice).unwrap_or_default();
        let account = match same.iter().filter(|one| one.name == full_name).collect::<Vec<_>>().as_slice() {
            [one] => **one,
            [] => {
                let why = format!("no cluster that was read has the service account {full_name} with the token's uid");
                return unknown(why);
            }
            // A cluster that was read twice under two names, or restored from a copy of another.
            many => return unknown(format!("{} clusters have the service account of the token's uid", many.len())),
        };
        let credential = match facts.get("secret_name") {
            None => Known::unknown("the token is not from a Secret, and nothing lists such tokens"),
            Some(secret) => {
                let id = Urn::kubernetes(&account.tenant, namespace, "secret", secret);
                self.inventory.credentials.get(&id).map(|credential| credential.id.clone()).into()
            }
        };
        ExposureFacts { credential, identity: Known::Value(account.id.clone()), ..ExposureFacts::default() }
    }
}

/// Accounts with access keys that may work and of which the id is not known.
fn with_unnamed_keys(inventory: &Inventory) -> HashSet<&str> {
    let is_unnamed = |one: &&Credential| {
        let is_key = one.kind == CredentialKind::AwsAccessKey && one.active != Known::Value(false);
        is_key && one.id.as_str().contains("#access-key-")
    };
    let of_reports = inventory.credentials.iter().filter(is_unnamed).map(|one| one.tenant.as_str());
    let of_summaries = inventory.settings.iter().filter(|one| one.attributes.is(AttributeName::RootKeys));
    of_reports.chain(of_summaries.map(|one| one.tenant.as_str())).collect()
}

fn of_credential(credential: &Credential) -> ExposureFacts {
    let (credential, identity) = (Known::Value(credential.id.clone()), Known::Value(credential.holder.clone()));
    ExposureFacts { credential, identity, ..ExposureFacts::default() }
}

/// One of some credentials; where these are many, none is named.
fn one_of(may_be: BTreeSet<Urn>, why: String) -> ExposureFacts {
    let may_be = if may_be.len() <= MOST_CANDIDATES { may_be } else { BTreeSet::new() };
    ExposureFacts { may_be, ..unknown(why) }
}

fn unknown(why: String) -> ExposureFacts {
    let (credential, identity) = (Known::Unknown(why.clone()), Known::Unknown(why));
    ExposureFacts { credential, identity, ..ExposureFacts::default() }
}
