//! Live: answers with malformed objects, and answers that are no lists.

use nonhuman::model::{FactKind, Outcome};

use super::kube_server::{KubeServer, Reply};
use super::live::{is, scan};
use super::{coverage, holes, inventory_of};

#[test]
fn malformed_answers_are_holes_and_cost_no_other_object() {
    let good = r#"{"metadata":{"name":"good","namespace":"n"}}"#;
    let list = |items: &str, metadata: &str| {
        format!(r#"{{"kind":"ServiceAccountList","apiVersion":"v1","metadata":{metadata},"items":{items}}}"#)
    };
    let cases = [
        (
            list(&format!(r#"[{{"metadata":"PLANTED"}},{good}]"#), "{}"),
            Outcome::Partial,
            "position 1: expected metadata",
            1,
        ),
        (list(&format!(r#"[{good},"PLANTED"]"#), "{}"), Outcome::Partial, "position 2: expected the object", 1),
        (list(r#"{"a":"PLANTED"}"#, "{}"), Outcome::Failed, "expected items to be a list", 0),
        (list("[]", r#"{"continue":["PLANTED"]}"#), Outcome::Failed, "expected metadata.continue to be a text", 0),
    ];
    for (answer, outcome, expected, accounts) in cases {
        let served = answer.clone();
        let server =
            KubeServer::start(move |seen| is(seen, "serviceaccounts").then(|| Reply::json(200, served.clone())));
        let records = scan(&server);
        let found = holes(&records);
        assert_eq!(found.len(), 1, "{answer}: {found:#?}");
        let detail = found[0].detail.as_deref().unwrap();
        assert_eq!((found[0].what.as_str(), found[0].outcome), ("serviceaccounts", outcome), "{detail}");
        assert!(detail.contains(expected) && !detail.contains("PLANTED"), "{detail}");
        assert_eq!(found[0].blinds, [FactKind::Identities]);
        assert_eq!(found[0].count, accounts, "{answer}");
        let inventory = inventory_of(&records);
        assert_eq!(inventory.identities.iter().filter(|one| one.name == "n/good").count() as u64, accounts);
        assert_eq!(coverage(&records, "clusterroles").count, 82, "the other lists are read");
    }
}
