//! What files leave out: things that one answer lists and no other tells of, and regions that no file is of. It must not
//! read what an answer says of a thing.

use std::collections::BTreeSet;

use serde_json::Value;

use super::answer::{Answer, each_at};
use super::calls::{self, Call, Per, Wire};
use super::visits::Failure;
use crate::model::Outcome;

/// The call that lists regions.
const REGIONS: &str = "describe-regions";

/// How deep an answer is searched for the name of what it is about.
const DEEPEST: usize = 6;

/// The calls whose answers are missing, as if they had not been answered.
pub(super) fn of(answers: &[Answer]) -> Vec<Failure> {
    let mut found: Vec<Failure> = answers.iter().filter(|answer| is_cut(answer)).map(cut).collect();
    for call in calls::all().filter(|call| !matches!(call.wire, Wire::Sdk)) {
        match call.per {
            Per::Each { name, .. } => found.extend(untold(call, name, answers)),
            Per::Region => found.extend(elsewhere(call, answers)),
            Per::Account => {}
        }
    }
    found.sort_by(|a, b| (a.call.operation, &a.place).cmp(&(b.call.operation, &b.place)));
    found
}

/// Whether an answer says itself that more follow. The CLI has one name for it, services have several.
fn is_cut(answer: &Answer) -> bool {
    let names = ["NextToken", "nextToken", "NextMarker", "Marker", "ContinuationToken", "NextContinuationToken"];
    let says = |name: &&str| answer.value.get(*name).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    let is_truncated = answer.value.get("IsTruncated").and_then(Value::as_bool) == Some(true);
    !answer.call.paging.0.is_empty() && (is_truncated || names.iter().any(says))
}

fn cut(answer: &Answer) -> Failure {
    let place = answer.origin.shown().to_owned();
    failure(answer.call, place, "it says that more follow, and no file has them".to_owned())
}

/// What one answer lists and no answer of a call is about.
fn untold(call: &'static Call, name: &str, answers: &[Answer]) -> Vec<Failure> {
    let Some(parent) = call.parent() else { return Vec::new() };
    let lists = || answers.iter().filter(|one| one.call.is(parent));
    let wanted: BTreeSet<String> = lists().flat_map(|list| distinct(call, list, name)).collect();
    let told: Vec<&Answer> = answers.iter().filter(|one| one.call.is(call)).collect();
    let is_told = |name: &String| told.iter().any(|answer| is_about(answer, name));
    let missing: Vec<&String> = wanted.iter().filter(|name| !is_told(name)).collect();
    // A file need not be called by what it is about, nor say so: as many as there are may be of any.
    let named = wanted.len() - missing.len();
    let spare = told.len().saturating_sub(named);
    let failure = |name: &&String| {
        let what = format!("no file of aws {} {} tells of it", call.service, call.operation);
        failure(call, (*name).clone(), what)
    };
    let mut found: Vec<Failure> = missing.iter().skip(spare).map(failure).collect();
    // The same name in several lists, an account in two permission sets, takes as many answers.
    let all: usize = lists().map(|list| distinct(call, list, name).len()).sum();
    if !parent.item.is_empty() && found.is_empty() && told.len() < all {
        let what = format!("there are files of {} of {all}", told.len());
        found.push(self::failure(call, String::new(), what));
    }
    found
}

/// The positions of what a list names nothing of that other calls are made for: it is asked about by nobody. Zero is the
/// list itself.
pub(super) fn nameless(answer: &Answer) -> Vec<usize> {
    let mut found = BTreeSet::new();
    for call in calls::all().filter(|call| call.parent().is_some_and(|parent| parent.is(answer.call))) {
        let Per::Each { name, .. } = call.per else { continue };
        let Some((path, rest)) = name.split_once("/*") else { continue };
        match answer.value.pointer(path) {
            None | Some(Value::Null) => {}
            Some(Value::Array(items)) => {
                // What is listed in a list of its own may be an empty one.
                let is_named = |item: &Value| {
                    let names = each_at(item, rest);
                    names.iter().all(|name| name.as_str().is_some_and(|text| !text.is_empty()))
                        && (rest.contains('*') || !names.is_empty())
                };
                found.extend((1..).zip(items).filter(|(_, item)| !is_named(item)).map(|(position, _)| position));
            }
            Some(_) => {
                found.insert(0);
            }
        }
    }
    found.into_iter().collect()
}

/// What one answer lists that a call is made for.
fn distinct(call: &Call, list: &Answer, name: &str) -> BTreeSet<String> {
    let names = each_at(&list.value, name).into_iter().filter_map(Value::as_str).map(str::to_owned);
    calls::newest(call, names.collect()).into_iter().collect()
}

/// Whether an answer is about a thing: by the name of its file, or because it names it.
fn is_about(answer: &Answer, name: &str) -> bool {
    let last = name.rsplit(['/', ':']).next().unwrap_or(name);
    let is_it = |text: &str| text == name || text.rsplit(['/', ':']).next() == Some(last);
    answer.items.iter().any(|item| item == name || item == last || item.ends_with(&format!(".{last}")))
        || names(&answer.value, &is_it, 0)
}

fn names(value: &Value, is_it: &impl Fn(&str) -> bool, depth: usize) -> bool {
    match value {
        Value::String(text) => is_it(text),
        _ if depth == DEEPEST => false,
        Value::Array(items) => items.iter().any(|item| names(item, is_it, depth + 1)),
        Value::Object(fields) => fields.values().any(|field| names(field, is_it, depth + 1)),
        _ => false,
    }
}

/// The regions that the account has switched on and no file of a call is of, where its files say of which they are.
fn elsewhere(call: &'static Call, answers: &[Answer]) -> Vec<Failure> {
    let there: BTreeSet<&str> =
        answers.iter().filter(|one| one.call.is(call)).map(|answer| answer.region.as_str()).collect();
    if there.is_empty() || there.contains("") {
        return Vec::new();
    }
    let listing = answers.iter().filter(|answer| answer.call.operation == REGIONS);
    let regions: BTreeSet<&str> =
        listing.flat_map(|one| each_at(&one.value, "/Regions/*/RegionName")).filter_map(Value::as_str).collect();
    let failure = |region: &&str| failure(call, (*region).to_owned(), "no file is of this region".to_owned());
    regions.difference(&there).map(failure).collect()
}

fn failure(call: &'static Call, place: String, detail: String) -> Failure {
    let remedy = format!("add it: {}", call.command());
    Failure { call, place, outcome: Outcome::NotRead, detail, remedy, absent: false }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::collect::aws::site::Origin;

    fn answer(operation: &str, region: &str, items: &[&str], value: Value) -> Answer {
        let call = calls::all().find(|call| call.operation == operation).expect("it is in the table");
        let items = items.iter().map(|item| (*item).to_owned()).collect();
        Answer { call, region: region.to_owned(), items, value, origin: Origin::File(Arc::from("f")) }
    }

    fn places(answers: &[Answer]) -> Vec<(&'static str, String)> {
        of(answers).into_iter().map(|failure| (failure.call.operation, failure.place)).collect()
    }

    #[test]
    fn what_is_listed_must_be_told() {
        let buckets = answer("list-buckets", "", &[], json!({"Buckets": [{"Name": "a"}, {"Name": "b"}]}));
        let of_a = answer("get-bucket-policy", "", &["a"], Value::Null);
        assert_eq!(places(&[buckets.clone(), of_a.clone()]), [("get-bucket-policy", "b".to_owned())]);
        assert_eq!(places(&[buckets, of_a.clone(), answer("get-bucket-policy", "", &["x"], json!({}))]), []);
        assert_eq!(places(&[of_a]), []);
        let queues = answer("list-queues", "eu-west-1", &[], json!({"QueueUrls": ["https://sqs.x/1/jobs"]}));
        assert_eq!(places(std::slice::from_ref(&queues)).len(), 1);
        let jobs = json!({"Attributes": {"QueueArn": "arn:aws:sqs:eu-west-1:1:jobs"}});
        assert_eq!(places(&[queues, answer("get-queue-attributes", "", &[], jobs)]), []);
        // Several in one answer.
        let projects = answer("list-projects", "eu-west-1", &[], json!({"projects": ["p", "q"]}));
        let got = json!({"projects": [{"name": "p"}, {"name": "q"}], "projectsNotFound": []});
        assert_eq!(places(&[projects, answer("batch-get-projects", "", &[], got)]), []);
        // Of task definitions the newest of a family is enough.
        let listed = json!({"taskDefinitionArns": ["arn:x:task-definition/web:3", "arn:x:task-definition/web:2"]});
        let tasks = answer("list-task-definitions", "eu-west-1", &[], listed);
        assert_eq!(places(&[tasks]), [("describe-task-definition", "arn:x:task-definition/web:3".to_owned())]);
    }

    #[test]
    fn an_answer_that_says_that_more_follow_is_not_whole() {
        let cut = answer("list-queues", "eu-west-1", &[], json!({"QueueUrls": [], "NextToken": "abc"}));
        assert_eq!(places(&[cut]), [("list-queues", "f".to_owned())]);
        let whole = answer("list-queues", "eu-west-1", &[], json!({"QueueUrls": [], "NextToken": null}));
        assert_eq!(places(&[whole]), []);
    }

    #[test]
    fn every_region_that_is_on_must_have_its_file() {
        let regions = json!({"Regions": [{"RegionName": "eu-west-1"}, {"RegionName": "us-east-1"}]});
        let on = answer("describe-regions", "", &[], regions);
        let here = answer("list-functions", "eu-west-1", &[], json!({"Functions": []}));
        assert_eq!(places(&[on.clone(), here.clone()]), [("list-functions", "us-east-1".to_owned())]);
        assert_eq!(places(&[on, answer("list-functions", "", &[], json!({"Functions": []}))]), []);
        assert_eq!(places(&[here]), []);
    }
}
