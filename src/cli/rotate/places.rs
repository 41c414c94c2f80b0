//! The places that have a credential, for `nonhuman rotate`: files, histories, objects of clusters and accounts. What is typed
//! is text for a person.

use super::{Graph, Section, Subject, thing};
use crate::cli::runbook::{context, quoted};
use crate::inventory::Inventory;
use crate::model::{AttributeName, Credential, EdgeKind, Exposure, Location, Urn};

pub(super) fn uses(known: &Graph, subject: &Subject<'_>) -> Section {
    let mut section = Section::new("Who has it");
    for place in &subject.places {
        section.line(0, format!("{}: {}", place.evidence.location, place.title));
        place.lies_since(known.now).into_iter().for_each(|text| section.line(1, text));
        if is_workflow(place) {
            section.line(1, "a workflow: its jobs get the new one from a secret of the repository");
        }
    }
    for (place, condition) in &subject.maybe {
        section.line(0, format!("{}: {}, which may be it", place.evidence.location, place.title));
        section.line(1, (*condition).to_owned());
    }
    for given in &subject.given {
        let holder = thing::label(&known.inventory, &given.holder);
        let way = given.attributes.text(AttributeName::GivenAs).unwrap_or("setting");
        section.line(0, format!("{}: {holder} is given it ({way} {})", given.evidence.location, given.name));
        if let Some(to) = given.attributes.text(AttributeName::Reference) {
            section.line(1, format!("it is looked up there ({to}): change it where that is set"));
        }
    }
    for (user, why) in &subject.users {
        let has = if known.inventory.settings.get(user).is_some() { "holds" } else { "uses" };
        section.line(0, format!("{} {has} it: {why}", thing::label(&known.inventory, user)));
    }
    if section.is_empty() {
        section.line(0, "nothing that was read has it");
    }
    section
}

/// Places that may be a credential, besides those that are.
pub(super) fn maybe<'a>(
    inventory: &'a Inventory,
    credential: Option<&Credential>,
    places: &[&Exposure],
) -> Vec<(&'a Exposure, &'a str)> {
    let edges = credential.into_iter().flat_map(|one| inventory.facts.graph.to(&one.id));
    let open = edges.filter(|edge| edge.kind == EdgeKind::ValueOf).filter_map(|edge| {
        let place = inventory.exposures.get(&edge.from)?;
        Some((place, edge.condition.as_deref()?))
    });
    open.filter(|(place, _)| !places.iter().any(|known| known.id == place.id)).collect()
}

/// Why it is not known which credential a text is, and which ones it may be.
pub(super) fn candidates(known: &Graph, subject: &Subject<'_>, section: &mut Section) {
    let of_place = |place: &&Exposure| known.inventory.facts.exposures.get(&place.id);
    let Some(facts) = subject.places.iter().find_map(of_place) else { return };
    facts.credential.why_unknown().into_iter().for_each(|why| section.line(0, why.to_owned()));
    for one in facts.may_be.iter().filter_map(|id| known.inventory.credentials.get(id)) {
        section.fact("may be", thing::candidate(&known.inventory, one, known.now));
        section.line(1, format!("nonhuman rotate {}", quoted(one.id.as_str())));
    }
}

/// Whether a place is the text of an object of a cluster or account, and no file.
fn is_object(place: &Exposure) -> bool {
    let is_read = matches!(&*place.evidence.collector, "kubernetes" | "aws");
    is_read && matches!(&place.evidence.location, Location::File { root, .. } if root.is_empty())
}

/// Whether a place is the own text of something.
pub(super) fn is_in(place: &Exposure, of: &Urn) -> bool {
    let Location::File { path, .. } = &place.evidence.location else { return false };
    let object = path.strip_prefix("kubernetes/").map(|rest| format!("k8s:{rest}"));
    is_object(place) && (object.is_some_and(|object| object == of.as_str()) || of.as_str().contains(":function:"))
}

/// Whether it lies there now, and not in a history alone.
pub(super) fn lies_now(place: &Exposure) -> bool {
    place.introduced.as_ref().is_none_or(|commit| commit.in_head)
}

fn is_workflow(place: &Exposure) -> bool {
    let Location::File { path, .. } = &place.evidence.location else { return false };
    path.contains(".github/workflows/") && lies_now(place)
}

/// How it is not to be given.
pub(super) fn as_text(subject: &Subject<'_>) -> &'static str {
    let lies_in_files = subject.places.iter().any(|place| lies_now(place) && !is_object(place));
    match (lies_in_files, subject.places.iter().any(|place| is_object(place)), subject.consumers()) {
        (false, true, _) => "as a literal",
        (true, true, _) => "in files or as a literal",
        (_, _, 1) => "in the file",
        _ => "in the files",
    }
}

/// The objects that have it in their own text, with what replaces it there by a reference.
pub(super) fn objects<'a>(subject: &'a Subject<'_>) -> impl Iterator<Item = (&'a Exposure, Option<String>)> {
    let of_objects = subject.places.iter().copied().filter(|place| is_object(place));
    of_objects.map(|place| (place, by_reference(place)))
}

/// `kubectl set env`, for what makes pods anew by itself.
/// Source: Kubernetes documentation, "kubectl set env".
fn by_reference(place: &Exposure) -> Option<String> {
    let Location::File { path, .. } = &place.evidence.location else { return None };
    let parts: Vec<&str> = path.strip_prefix("kubernetes/")?.split('/').collect();
    let [cluster, namespace, kind @ ("deploy" | "sts" | "ds" | "cj" | "rs"), name] = parts.as_slice() else {
        return None;
    };
    let variable = place.proof.facts.get("variable")?;
    let containers = place.proof.facts.get("container").map(|one| format!(" --containers={}", quoted(one)));
    let (flag, note) = match context(cluster) {
        Some(context) => (format!(" --context {}", quoted(&context)), String::new()),
        None => (String::new(), format!(", in the context of cluster {cluster}")),
    };
    Some(format!(
        "kubectl{flag} -n {} set env {} --from=secret/NAME --keys={}{}   # NAME: a Secret with the new value by that name{note}",
        quoted(namespace),
        quoted(&format!("{kind}/{name}")),
        quoted(variable),
        containers.unwrap_or_default(),
    ))
}

/// The last step: where it is to be taken out, once it is dead.
pub(super) fn taken_out(subject: &Subject<'_>) -> String {
    let counts = "that it is dead is what counts";
    let files = subject.places.iter().any(|place| lies_now(place) && !is_object(place));
    let objects: Vec<String> =
        objects(subject).map(|(place, _)| place.evidence.location.file().unwrap_or_default()).collect();
    let of_objects = match objects.is_empty() {
        true => String::new(),
        false => format!("See that it stands no more in {}, nor in what made that", objects.join(", ")),
    };
    match (files, objects.is_empty()) {
        (true, true) => format!("Take it out of the files. It stays in their history: {counts}."),
        (true, false) => format!("Take it out of the files. It stays in their history: {counts}. {of_objects}."),
        (false, false) => format!("{of_objects}."),
        (false, true) => format!("No file of HEAD has it any more, but their history does: {counts}."),
    }
}
