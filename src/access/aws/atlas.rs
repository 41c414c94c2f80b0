//! All identities with the indexes that spare comparing each with each. It answers who might do a step to whom; which
//! steps make a way is decided in `escalate`.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use super::choice::may_make_by_choice;
use super::document::Form;
use super::step::{Held, Node, Step, become_by, is_pass_role};
use super::surroundings::Surroundings;
use super::technique::{How, On, Technique, Techniques};
use super::trust::{account_of, same_service};
use super::within::{Names, Within};

/// All identities, and who holds what.
pub(super) struct Atlas<'n, 'a> {
    pub(super) nodes: &'n [Node<'a>],
    pub(super) techniques: &'n [Technique],
    around: &'n Surroundings<'n>,
    by_arn: HashMap<&'n str, usize>,
    /// Those that act, by account.
    by_account: HashMap<&'n str, Vec<usize>>,
    /// For each technique, who holds its actions at all, in order.
    holders: Vec<Vec<usize>>,
    /// For each identity, the techniques that it may use, in their order, and what allows them.
    held: Vec<Vec<(usize, Held)>>,
    /// The place of the technique by which roles are assumed.
    assume: Option<usize>,
    pub(super) groups: Vec<usize>,
    /// How one joins a group.
    pub(super) joins: Option<&'n Technique>,
    /// Roles by the names that their trust policies let in: ARNs, accounts, roles of sessions, services, `*`.
    trusting: HashMap<&'n str, Vec<usize>>,
    names: Names<'n>,
    /// By technique that changes what runs, and by account, who of other accounts may by statements that name the account.
    from_outside: HashMap<(usize, &'n str), Vec<usize>>,
}

impl<'n, 'a> Atlas<'n, 'a> {
    pub(super) fn new(nodes: &'n [Node<'a>], techniques: &'n Techniques, around: &'n Surroundings<'n>) -> Self {
        let by_arn = nodes.iter().enumerate().map(|(i, node)| (node.identity.id.as_str(), i)).collect();
        let groups = (0..nodes.len()).filter(|i| !nodes[*i].acts()).collect();
        let mut by_account: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut trusting: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, node) in nodes.iter().enumerate() {
            if node.acts() {
                by_account.entry(&node.identity.tenant).or_default().push(index);
            }
            for (_, name) in node.trust.iter().flat_map(super::trust::TrustPolicy::allowed_names) {
                let whom = of_session(name).or(account_of(name).filter(|_| !names_one(name))).unwrap_or(name);
                trusting.entry(whom).or_default().push(index);
            }
        }
        let held: Vec<Vec<(usize, Held)>> = nodes.iter().map(|node| held(node, &techniques.all)).collect();
        let mut holders: Vec<Vec<usize>> = vec![Vec::new(); techniques.all.len()];
        for (who, held) in held.iter().enumerate() {
            for (place, _) in held.iter().filter(|(_, held)| held.is_some()) {
                holders[*place].push(who);
            }
        }
        let assume = techniques.all.iter().position(|technique| technique.how == How::Assume);
        let joins = techniques.all.iter().find(|t| t.how == How::Grant && t.on == Some(On::Membership));
        let techniques = &techniques.all;
        Self {
            nodes,
            techniques,
            around,
            by_arn,
            by_account,
            holders,
            held,
            assume,
            groups,
            joins,
            trusting,
            names: Names::new(nodes),
            from_outside: HashMap::new(),
        }
        .with_outsiders()
    }

    /// Notes who may change what runs in other accounts that were read.
    fn with_outsiders(mut self) -> Self {
        let changes = |place: &usize| self.techniques[*place].how == How::ExistingCompute;
        for place in (0..self.techniques.len()).filter(changes) {
            let technique: &'n Technique = &self.techniques[place];
            for who in &self.holders[place] {
                for account in accounts_named(&self.nodes[*who], technique) {
                    if let Some((account, _)) = self.by_account.get_key_value(account) {
                        self.from_outside.entry((place, *account)).or_default().push(*who);
                    }
                }
            }
        }
        self
    }

    /// Whom someone can use a technique on at most.
    pub(super) fn within(&self, who: &Node<'_>, technique: &Technique) -> Within {
        self.names.within(who, technique)
    }

    /// The techniques of [`How::Grant`] that an identity can use on something.
    pub(super) fn grants(&self, who: usize) -> impl Iterator<Item = &'n Technique> {
        self.of_kind(who, How::Grant)
    }

    /// The techniques of a kind that an identity can use on something.
    pub(super) fn of_kind(&self, who: usize, how: How) -> impl Iterator<Item = &'n Technique> {
        self.held[who].iter().map(|(place, _)| &self.techniques[*place]).filter(move |t| t.how == how)
    }

    /// The best single step by which `who` becomes `target`.
    pub(super) fn step(&self, who: usize, target: usize, certain: bool) -> Option<Step> {
        let mut open = None;
        for (place, held) in &self.held[who] {
            match become_by(&self.nodes[who], &self.nodes[target], &self.techniques[*place], held, self.around) {
                Some(step) if !step.conditional => return Some(step),
                Some(step) if !certain => open = open.or(Some(step)),
                _ => {}
            }
        }
        open
    }

    /// The step by which `who` assumes the role `target`, if it may.
    pub(super) fn assumption(&self, who: usize, target: usize) -> Option<Step> {
        become_by(&self.nodes[who], &self.nodes[target], &self.techniques[self.assume?], &None, self.around)
    }

    /// Who of those that are wanted might become `target` in one step, in order.
    pub(super) fn sources(&self, target: usize, wanted: impl Fn(usize) -> bool) -> Vec<usize> {
        let node = &self.nodes[target];
        let mut sources = Vec::new();
        let trusted: Vec<_> = node.trust.iter().flat_map(super::trust::TrustPolicy::allowed_names).collect();
        for (place, (technique, holders)) in self.techniques.iter().zip(&self.holders).enumerate() {
            let fits = match technique.how {
                How::Grant | How::NewIdentity | How::Tag => false,
                How::Assume => {
                    sources.extend(self.assumers(target).into_iter().filter(|who| wanted(*who)));
                    false
                }
                How::OtherIdentity => technique.on.is_some_and(|on| node.is_changeable(on)),
                How::IdentityProvider => {
                    let mut providers = node.trust.iter().flat_map(super::trust::TrustPolicy::providers);
                    providers.any(|provider| technique.works_on(provider))
                }
                How::PassRole | How::ExistingCompute => trusted.iter().any(|(form, name)| {
                    *name == "*"
                        || (*form == Form::Service
                            && technique.services.iter().any(|service| same_service(name, service)))
                }),
            };
            if fits {
                // What runs in one account may be changed from another.
                let is_wide = technique.how == How::ExistingCompute
                    && self.around.carriers(&node.identity.id).iter().any(|one| technique.works_on(one.as_str()));
                let same = |i: &&usize| is_wide || self.nodes[**i].identity.tenant == node.identity.tenant;
                sources.extend(holders.iter().filter(|who| wanted(**who)).filter(same).copied());
                if technique.on == Some(On::PermissionSet) {
                    let reaches = |who: &&usize| {
                        self.around.center().reaches(&self.nodes[**who].identity.tenant, &node.identity.id)
                    };
                    sources.extend(holders.iter().filter(|who| wanted(**who)).filter(reaches).copied());
                }
                let outside = self.from_outside.get(&(place, node.identity.tenant.as_str())).into_iter().flatten();
                sources.extend(outside.filter(|who| wanted(**who)));
            }
        }
        sources.sort_unstable();
        sources.dedup();
        sources
    }

    /// Who the names in the trust policy of a role stand for: by ARN, or everyone of an account who may call
    /// `sts:AssumeRole`.
    pub(super) fn assumers(&self, target: usize) -> Vec<usize> {
        let node = &self.nodes[target];
        let askers = self.askers();
        let mut found = Vec::new();
        for (form, name) in node.trust.iter().flat_map(super::trust::TrustPolicy::allowed_names) {
            if form != Form::Aws {
                continue;
            }
            if let Some(index) = self.by_arn.get(name) {
                found.push(*index);
            } else if name == "*" {
                found.extend(askers);
                found.extend(self.account(&node.identity.tenant));
            } else if let Some(account) = account_of(name) {
                let role = name.split_once(":assumed-role/").and_then(|(_, rest)| rest.split('/').next());
                let here = self.account(account).iter().filter(|i| match role {
                    Some(role) => self.nodes[**i].identity.name == role,
                    None => askers.binary_search(i).is_ok(),
                });
                found.extend(here);
            } else {
                let same = |i: &&usize| self.nodes[**i].identity.unique_id.as_deref() == Some(name);
                found.extend(self.account(&node.identity.tenant).iter().filter(same));
            }
        }
        found.retain(|i| self.nodes[*i].acts());
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Who of its account `who` might become in one step: those it can make credentials of, the roles that trust a service
    /// which it can have run something, and the roles that let it in. Of them only those whom some of the lists hold.
    pub(super) fn candidates(&self, who: usize, lists: &[&Within]) -> Vec<usize> {
        let node = &self.nodes[who];
        let mut found: Vec<usize> = Vec::new();
        let mut services: BTreeSet<&str> = BTreeSet::new();
        for technique in self.held[who].iter().filter(|(_, held)| held.is_some()).map(|(at, _)| &self.techniques[*at]) {
            match technique.how {
                How::OtherIdentity => match self.within(node, technique) {
                    Within::Everyone => found.extend(self.account(&node.identity.tenant)),
                    Within::These(all) => found.extend(all),
                },
                How::PassRole | How::ExistingCompute => services.extend(technique.services.iter().map(String::as_str)),
                // Whoever trusts the provider.
                How::IdentityProvider => found.extend(self.account(&node.identity.tenant)),
                How::Grant | How::NewIdentity | How::Tag | How::Assume => {}
            }
        }
        let in_china = services.iter().map(|service| Cow::Owned(format!("{service}.cn")));
        let services: Vec<Cow<'_, str>> = in_china.chain(services.iter().map(|one| Cow::Borrowed(*one))).collect();
        let asks = self.askers().binary_search(&who).is_ok();
        let wide = Some(node.identity.tenant.as_str()).filter(|_| asks);
        let session = format!("{SESSION}{}", node.identity.name);
        let (id, unique) = (node.identity.id.as_str(), node.identity.unique_id.as_deref());
        let names = [Some(id), unique, Some("*"), Some(session.as_str()), wide];
        let names = names.into_iter().flatten().chain(services.iter().map(AsRef::as_ref));
        found.extend(names.filter_map(|name| self.trusting.get(name)).flatten());
        let beyond = self.beyond(who);
        found.retain(|at| self.nodes[*at].identity.tenant == node.identity.tenant);
        found.extend(beyond);
        found.sort_unstable();
        found.dedup();
        found.retain(|at| *at != who && lists.iter().any(|list| list.holds(*at)));
        found
    }

    /// The roles of other accounts whose permission sets `who` might change or give to people.
    pub(super) fn beyond(&self, who: usize) -> Vec<usize> {
        let mut held = self.held[who].iter().filter(|(_, held)| held.is_some());
        if !held.any(|(at, _)| self.techniques[*at].on == Some(On::PermissionSet)) {
            return Vec::new();
        }
        let roles = self.around.center().reached(&self.nodes[who].identity.tenant);
        roles.into_iter().filter_map(|role| self.by_arn.get(role.as_str()).copied()).collect()
    }

    /// Who holds `sts:AssumeRole` on something, in order.
    fn askers(&self) -> &[usize] {
        self.assume.and_then(|place| self.holders.get(place)).map(Vec::as_slice).unwrap_or_default()
    }

    /// Those of an account that act.
    pub(super) fn account(&self, account: &str) -> &[usize] {
        self.by_account.get(account).map(Vec::as_slice).unwrap_or_default()
    }
}

/// What stands before the role in the name of a session.
const SESSION: &str = "assumed-role/";

/// The role of a session, `assumed-role/ci`, of `arn:aws:sts::111122223333:assumed-role/ci/build`.
fn of_session(name: &str) -> Option<&str> {
    let (_, of) = name.split_once(":sts::")?.1.split_once(':')?;
    let role = of.strip_prefix(SESSION)?.split('/').next()?;
    of.get(..SESSION.len() + role.len())
}

/// Whether a principal's name means one identity rather than its account.
fn names_one(name: &str) -> bool {
    name.contains(":user/") || name.contains(":role/")
}

/// The techniques whose actions an identity holds, on something each.
fn held(node: &Node<'_>, techniques: &[Technique]) -> Vec<(usize, Held)> {
    let mut found = Vec::new();
    for (place, technique) in techniques.iter().enumerate().filter(|_| node.acts()) {
        let is_named = technique.needs.iter().all(|need| node.holds.get(*need).copied().unwrap_or_default());
        let asked = technique.actions.iter().filter(|action| technique.how != How::PassRole || !is_pass_role(action));
        let held = match technique.how {
            _ if !is_named || is_sure(node) => None,
            How::PassRole => may_make_by_choice(node, &asked.collect::<Vec<_>>()),
            _ => node.may_each(asked),
        };
        // A role that trusts somebody of its own account by name may be assumed without a policy.
        if held.is_some() || technique.how == How::Assume {
            found.push((place, held));
        }
    }
    found
}

pub(super) fn is_sure(node: &Node<'_>) -> bool {
    node.administrator.as_ref().is_some_and(|administrator| !administrator.conditional)
}

/// The accounts, other than its own, that statements name by which an identity may use a technique.
pub(super) fn accounts_named<'n>(node: &'n Node<'_>, technique: &'n Technique) -> BTreeSet<&'n str> {
    let first = technique.done_there().next();
    let patterns = first.and_then(|action| node.rights.allowed_patterns(action)).unwrap_or_default();
    let accounts = patterns.into_iter().filter_map(|pattern| pattern.split(':').nth(4));
    accounts.filter(|account| account.len() == 12 && *account != node.identity.tenant).collect()
}
