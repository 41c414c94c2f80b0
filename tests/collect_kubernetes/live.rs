//! Live: paging, refusals and misbehaving servers, through a real kubeconfig.

use std::time::{Duration, Instant};

use nonhuman::collect::kubernetes::KubernetesLive;
use nonhuman::model::{FactKind, IdentityKind, Location, Outcome, Record};

use super::kube_server::{KubeServer, Reply, Seen, recorded};
use super::{coverage, dump, entries, holes, inventory_of, recorded_dump, records_of};

const TRACKING: &str = "configmap kube-system/kube-apiserver-legacy-service-account-token-tracking";

fn scan_as(server: &KubeServer, user: &str, deadline: Duration) -> Vec<Record> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let directory = tempfile::tempdir().unwrap();
    let kubeconfig = server.kubeconfig(directory.path(), user);
    let live = KubernetesLive { kubeconfigs: vec![kubeconfig], ..KubernetesLive::default() };
    records_of(live, deadline)
}

pub(super) fn scan(server: &KubeServer) -> Vec<Record> {
    scan_as(server, "{token: synthetic}", Duration::from_secs(60))
}

pub(super) fn is(seen: &Seen, kind: &str) -> bool {
    seen.path.ends_with(&format!("/{kind}"))
}

#[test]
fn the_recorded_cluster_is_read_with_gets_pages_and_reviews_only() {
    let server = KubeServer::start(|_| None);
    let records = scan(&server);
    assert_eq!(holes(&records), Vec::<&_>::new());
    let inventory = inventory_of(&records);
    let accounts = inventory.identities.iter().filter(|one| one.kind.as_str() == "kubernetes.service-account").count();
    assert_eq!(accounts, 68);
    assert_eq!(inventory.credentials.len(), 3);
    assert_eq!(inventory.policies.len(), 82 + 9);
    for (what, count) in [("serviceaccounts", 68), ("clusterroles", 82), ("clusterrolebindings", 63), ("pods", 10)] {
        assert_eq!(coverage(&records, what).count, count, "{what}");
    }
    assert_eq!(entries(&records).count(), 25);

    let (reviews, seen): (Vec<Seen>, Vec<Seen>) = server.seen().into_iter().partition(|one| one.method == "POST");
    assert_eq!(reviews.len(), 21, "each kind is asked for once");
    for review in &reviews {
        assert_eq!(review.path, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews");
        assert!(review.body.contains(r#""verb":"list""#), "{}", review.body);
    }
    assert_eq!(coverage(&records, "access of the scanner").count, 21);
    assert_eq!(seen.len(), 25);
    for request in &seen {
        assert_eq!(request.method, "GET", "{request:?}");
        assert!(!request.query.contains_key("resourceVersion"), "{request:?}");
        let is_list = !request.path.contains("/configmaps/") && !["/apis", "/version"].contains(&request.path.as_str());
        assert_eq!(request.query.get("limit").map(String::as_str), is_list.then_some("100"), "{request:?}");
    }
    let secrets = seen.iter().find(|request| is(request, "secrets")).unwrap();
    assert_eq!(secrets.query["fieldSelector"], "type=kubernetes.io/service-account-token");
    assert!(secrets.accept.starts_with("application/json;as=PartialObjectMetadataList;"), "{}", secrets.accept);
    assert!(!secrets.accept.contains(','), "no form with token bytes is accepted: {}", secrets.accept);
}

#[test]
fn a_dump_of_the_same_lists_gives_the_same_inventory() {
    let live = scan(&KubeServer::start(|_| None));
    let dumped = dump(&recorded_dump());
    assert_eq!(holes(&dumped), Vec::<&_>::new());
    let lines = |records: &[Record]| -> Vec<String> {
        // One token of the dump has a copy of itself in an annotation, which the metadata was recorded without.
        let facts = records.iter().filter(|record| match record {
            Record::Setting(setting) => setting.kind.as_str() != "kubernetes.secret",
            record => !matches!(record, Record::Coverage(_)),
        });
        let texts = facts.map(|record| {
            let mut value = serde_json::to_value(record).unwrap();
            value["evidence"] = serde_json::Value::Null;
            if let Some(attributes) = value.get_mut("attributes").and_then(|all| all.as_object_mut()) {
                // The recorded metadata of Secrets is that of tokens; a dump of them alone leaves these unknown.
                attributes.remove("missing_pull_secrets");
                attributes.remove("owner_gone");
                // Discovery says which custom resources there are; these lists do not.
                attributes.remove("uses_unread");
            }
            if value["attributes"].as_object().is_some_and(serde_json::Map::is_empty) {
                value.as_object_mut().unwrap().remove("attributes");
            }
            value
                .to_string()
                .replace("k8s:recorded/", "k8s:prod/")
                .replace(r#""tenant":"recorded""#, r#""tenant":"prod""#)
        });
        let mut texts: Vec<String> = texts.collect();
        texts.sort();
        texts
    };
    assert_eq!(lines(&live), lines(&dumped));
    let text = serde_json::to_string(&dumped).unwrap();
    for planted in ["UExBTlRFRC", "PLANTED", "LS0tLS1CRUdJTi", "last-applied-configuration"] {
        assert!(!text.contains(planted), "{planted}");
    }
}

#[test]
fn evidence_names_the_call() {
    let records = scan(&KubeServer::start(|_| None));
    let inventory = inventory_of(&records);
    let account = inventory.identities.iter().find(|one| one.name == "legacy/forgotten").unwrap();
    let call = Location::Api { call: "list core/v1 serviceaccounts".into(), resource: "recorded".into() };
    assert_eq!(account.evidence.location, call);
    assert_eq!(account.id.as_str(), "k8s:recorded/legacy/sa/forgotten");
    let binding = inventory.grants.iter().find(|one| one.id.as_str().contains("clusterrolebinding/ci-admin")).unwrap();
    assert_eq!(binding.id.as_str(), "k8s:recorded//clusterrolebinding/ci-admin#sa/ci/runner");
}

/// Serves the five recorded pages of cluster roles, by the tokens that the server gave.
fn page(seen: &Seen) -> Option<Reply> {
    if !is(seen, "clusterroles") {
        return None;
    }
    let pages: Vec<String> = (1..=5).map(|number| recorded(&format!("page-clusterroles-{number}"))).collect();
    let token = |page: &str| -> Option<String> {
        let page: serde_json::Value = serde_json::from_str(page).unwrap();
        page["metadata"]["continue"].as_str().map(str::to_owned)
    };
    let Some(asked) = seen.query.get("continue") else { return Some(Reply::json(200, pages[0].clone())) };
    let position = pages.iter().position(|page| token(page).as_ref() == Some(asked))?;
    Some(Reply::json(200, pages[position + 1].clone()))
}

#[test]
fn pages_are_followed_to_the_last() {
    let server = KubeServer::start(page);
    let paged = scan(&server);
    assert_eq!(server.seen().iter().filter(|request| is(request, "clusterroles")).count(), 5);
    assert_eq!(coverage(&paged, "clusterroles").count, 82);
    let whole = scan(&KubeServer::start(|_| None));
    assert_eq!(inventory_of(&paged).policies.rows(), inventory_of(&whole).policies.rows());
}

#[test]
fn a_list_that_grew_too_old_is_read_again_from_the_beginning() {
    let server = KubeServer::start(|seen| match (is(seen, "clusterroles"), seen.nth) {
        (true, 2) => Some(Reply::json(410, recorded("gone-410-continue"))),
        _ => page(seen),
    });
    let records = scan(&server);
    let entry = coverage(&records, "clusterroles");
    assert_eq!((entry.outcome, entry.count), (Outcome::Complete, 82));
    let asked: Vec<bool> = server
        .seen()
        .iter()
        .filter(|request| is(request, "clusterroles"))
        .map(|request| request.query.contains_key("continue"))
        .collect();
    assert_eq!(asked, [false, true, true, false, true, true, true, true]);
}

#[test]
fn a_second_410_goes_on_with_the_servers_token_and_is_partial() {
    let server = KubeServer::start(|seen| match (is(seen, "clusterroles"), seen.nth) {
        (true, 1 | 3) => Some(Reply::json(410, recorded("gone-410-continue"))),
        (true, 4) => Some(Reply::json(200, recorded("gone-410-inconsistent-continue"))),
        (true, 5) => Some(Reply::json(200, recorded("page-clusterroles-5"))),
        _ => page(seen),
    });
    let records = scan(&server);
    let entry = coverage(&records, "clusterroles");
    assert_eq!((entry.outcome, entry.count), (Outcome::Partial, 20 + 20 + 2));
    assert_eq!(entry.blinds, [FactKind::Grants]);
    assert!(entry.detail.as_ref().unwrap().contains("410 twice"), "{entry:?}");
    let fresh = "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEs";
    let used = server.seen().iter().any(|request| request.query.get("continue").is_some_and(|t| t.starts_with(fresh)));
    assert!(used, "the token of the 410 answer was not used");
}

#[test]
fn one_forbidden_kind_is_one_hole() {
    let server = KubeServer::start(|seen| is(seen, "secrets").then(|| Reply::json(403, recorded("forbidden-secrets"))));
    let records = scan(&server);
    let holes = holes(&records);
    assert_eq!(holes.len(), 1, "{holes:#?}");
    assert_eq!((holes[0].what.as_str(), holes[0].outcome), ("secrets", Outcome::Refused));
    assert_eq!(holes[0].blinds, [FactKind::Credentials, FactKind::Usage, FactKind::Settings]);
    assert_eq!(
        holes[0].remedy.as_deref(),
        Some("allow the verb list on secrets of the core API group for the whole cluster")
    );
    assert!(holes[0].detail.as_ref().unwrap().contains("cannot list resource"));
    assert_eq!(server.seen().iter().filter(|request| is(request, "secrets")).count(), 1, "a 403 is not asked again");
}

#[test]
fn pods_of_controllers_that_could_not_be_listed_are_workloads_themselves() {
    let complete = inventory_of(&scan(&KubeServer::start(|_| None)));
    let server = KubeServer::start(|seen| {
        let refused = is(seen, "replicasets") || is(seen, "deployments");
        refused.then(|| Reply::json(403, recorded("forbidden-secrets")))
    });
    let partial = inventory_of(&scan(&server));
    let names = |inventory: &nonhuman::inventory::Inventory| -> Vec<String> {
        inventory.workloads.iter().map(|workload| workload.id.to_string()).collect()
    };
    // 3 Deployments, 2 StatefulSets, 1 DaemonSet, 1 CronJob and the 5 pods that nobody made.
    assert_eq!(complete.workloads.len(), 12, "{:#?}", names(&complete));
    assert!(names(&complete).contains(&"k8s:recorded/legacy/deploy/scaled-down".to_owned()));
    let pods: Vec<_> =
        names(&partial).into_iter().filter(|id| id.contains("/po/api-") || id.contains("/po/kagent-")).collect();
    assert_eq!(pods.len(), 3, "{:#?}", names(&partial));
}

#[test]
fn a_401_refuses_the_whole_cluster() {
    let server = KubeServer::start(|_| Some(Reply::json(401, recorded("unauthorized-badtoken"))));
    let records = scan(&server);
    assert_eq!(records.len(), 1, "{records:#?}");
    let entry = entries(&records).next().unwrap();
    assert_eq!((entry.outcome, entry.target.as_str()), (Outcome::Refused, "recorded"));
    assert_eq!(entry.blinds.len(), 6);
    assert!(entry.remedy.as_ref().unwrap().contains("renew the credentials"), "{entry:?}");
}

#[test]
fn a_401_in_the_middle_keeps_what_was_read() {
    let server =
        KubeServer::start(|seen| is(seen, "pods").then(|| Reply::json(401, recorded("unauthorized-badtoken"))));
    let records = scan(&server);
    assert_eq!(inventory_of(&records).credentials.len(), 3);
    assert_eq!(inventory_of(&records).usages.len(), 3, "last uses are sent although the scan ended early");
    assert_eq!(holes(&records).len(), 1);
}

#[test]
fn an_api_that_is_not_served_is_said_and_is_no_hole() {
    let server = KubeServer::start(|seen| is(seen, "cronjobs").then(|| Reply::text(404, "404 page not found\n")));
    let records = scan(&server);
    assert_eq!(holes(&records), Vec::<&_>::new());
    let entry = coverage(&records, "cronjobs");
    assert_eq!((entry.outcome, entry.blinds.as_slice()), (Outcome::NotRead, &[FactKind::Workloads][..]));
}

#[test]
fn warnings_of_the_server_are_shown() {
    let text = r#"299 - "Use tokens from the TokenRequest API""#;
    let server = KubeServer::start(move |seen| {
        is(seen, "serviceaccounts").then(|| Reply::json(200, recorded("list-serviceaccounts")).header("warning", text))
    });
    let records = scan(&server);
    let entry = coverage(&records, "serviceaccounts");
    assert_eq!(entry.outcome, Outcome::Complete);
    assert_eq!(entry.detail.as_deref(), Some("the server warns: Use tokens from the TokenRequest API"));
}

#[test]
fn a_busy_server_gets_the_pause_it_asks_for() {
    let server = KubeServer::start(|seen| {
        (is(seen, "pods") && seen.nth == 0).then(|| Reply::text(429, "Too many requests").header("retry-after", "1"))
    });
    let begun = Instant::now();
    let records = scan(&server);
    assert_eq!(holes(&records), Vec::<&_>::new());
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert_eq!(server.seen().iter().filter(|request| is(request, "pods")).count(), 2);
}

#[test]
fn a_server_that_stays_broken_is_asked_a_bounded_number_of_times() {
    let server = KubeServer::start(|seen| is(seen, "roles").then(|| Reply::text(503, "no").header("retry-after", "0")));
    let records = scan(&server);
    let holes = holes(&records);
    assert_eq!(holes.len(), 1, "{holes:#?}");
    assert_eq!((holes[0].what.as_str(), holes[0].outcome), ("roles", Outcome::Failed));
    assert_eq!(server.seen().iter().filter(|request| is(request, "roles")).count(), 4);
}

#[test]
fn an_answer_that_breaks_off_is_asked_again_and_then_a_hole() {
    let server = KubeServer::start(|seen| {
        let once = is(seen, "pods") && seen.nth == 0;
        let always = is(seen, "serviceaccounts");
        (once || always).then(|| Reply::BrokenOff { body: recorded("list-serviceaccounts") })
    });
    let records = scan(&server);
    assert_eq!(coverage(&records, "pods").outcome, Outcome::Complete);
    let entry = coverage(&records, "serviceaccounts");
    assert_eq!((entry.outcome, entry.count), (Outcome::Failed, 0));
    assert_eq!(entry.blinds, [FactKind::Identities]);
}

#[test]
fn an_answer_that_is_no_list_is_no_empty_list() {
    for body in ["{}", "null", "[]", "<html>log in</html>", r#"{"kind":"Status","items":[]}"#] {
        let server = KubeServer::start(move |seen| is(seen, "clusterrolebindings").then(|| Reply::json(200, body)));
        let records = scan(&server);
        assert_eq!(coverage(&records, "clusterrolebindings").outcome, Outcome::Failed, "{body}");
    }
}

#[test]
fn a_server_that_hangs_costs_its_own_kind_until_the_deadline() {
    let server = KubeServer::start(|seen| is(seen, "pods").then_some(Reply::Hang));
    let begun = Instant::now();
    let records = scan_as(&server, "{token: synthetic}", Duration::from_secs(3));
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert_eq!(coverage(&records, "serviceaccounts").count, 68);
    let holes = holes(&records);
    assert_eq!(holes.len(), 1, "{holes:#?}");
    assert_eq!(holes[0].outcome, Outcome::Partial);
    assert!(holes[0].detail.as_ref().unwrap().starts_with("not finished after 3 s"), "{:?}", holes[0]);
    let accounts = records
        .iter()
        .filter(|one| matches!(one, Record::Identity(one) if one.kind == IdentityKind::KubernetesServiceAccount));
    assert_eq!(accounts.count(), 68, "what was listed is there");
    assert!(records.iter().any(|one| matches!(one, Record::Grant(_))));
}

#[test]
fn nobody_listening_is_said_at_once() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config");
    let text = format!(
        "{{current-context: x, clusters: [{{name: c, cluster: {{server: \"http://{address}\"}}}}], \
         contexts: [{{name: x, context: {{cluster: c, user: u}}}}], users: [{{name: u, user: {{}}}}]}}"
    );
    std::fs::write(&path, text).unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let live = KubernetesLive { kubeconfigs: vec![path], ..KubernetesLive::default() };
    let records = records_of(live, Duration::from_secs(30));
    assert_eq!(records.len(), 1, "{records:#?}");
    let entry = entries(&records).next().unwrap();
    assert_eq!((entry.outcome, entry.what.as_str()), (Outcome::Failed, "connection"));
    assert!(entry.detail.as_ref().unwrap().contains("cannot be reached"), "{entry:?}");
}

#[test]
fn no_program_is_run_without_permission() {
    let directory = tempfile::tempdir().unwrap();
    let proof = directory.path().join("ran");
    let script = directory.path().join("plugin.sh");
    std::fs::write(&script, format!("#!/bin/sh\ntouch '{}'\necho '{{}}'\nexit 1\n", proof.display())).unwrap();
    let server = KubeServer::start(|_| None);
    let exec = format!(
        "{{exec: {{apiVersion: client.authentication.k8s.io/v1, command: sh, args: ['{}'], interactiveMode: Never}}}}",
        script.display()
    );
    let legacy =
        format!("{{auth-provider: {{name: gcp, config: {{cmd-path: 'sh', cmd-args: '{}'}}}}}}", script.display());
    for user in [exec.as_str(), legacy.as_str()] {
        let records = scan_as(&server, user, Duration::from_secs(30));
        let entry = entries(&records).next().unwrap();
        assert_eq!(entry.outcome, Outcome::Failed);
        assert!(entry.remedy.as_ref().unwrap().contains("--kubernetes-allow-exec"), "{entry:?}");
        assert!(!proof.exists(), "the program was run");
    }
    assert_eq!(server.seen().len(), 0);

    let kubeconfig = server.kubeconfig(directory.path(), &exec);
    let live = KubernetesLive { allow_exec: true, kubeconfigs: vec![kubeconfig], ..KubernetesLive::default() };
    let records = records_of(live, Duration::from_secs(30));
    assert!(proof.exists(), "with permission it is run");
    assert_eq!(holes(&records).len(), 1, "it failed, and that is one hole");
}

#[test]
fn a_kubeconfig_that_cannot_be_used_is_not_quoted() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config");
    std::fs::write(&path, "users: [{name: u, user: {token: [PLANTED-TOKEN\n").unwrap();
    let live = |contexts: &[&str]| {
        let contexts = contexts.iter().map(|&name| name.to_owned()).collect();
        records_of(
            KubernetesLive { contexts, kubeconfigs: vec![path.clone()], ..KubernetesLive::default() },
            Duration::from_secs(30),
        )
    };
    let records = live(&[]);
    let text = serde_json::to_string(&records).unwrap();
    assert!(text.contains("not valid YAML at line") && !text.contains("PLANTED"), "{text}");
    std::fs::write(&path, "{clusters: [], contexts: [], users: []}").unwrap();
    let records = live(&["prod", "team/dev", "prod"]);
    let targets: Vec<&str> = entries(&records).map(|entry| entry.target.as_str()).collect();
    assert_eq!(targets, ["prod", "team:dev"]);
    let details: Vec<&str> = entries(&records).map(|entry| entry.detail.as_deref().unwrap()).collect();
    assert!(details[0].contains("no context 'prod'") && details[1].contains("no context 'team/dev'"), "{details:?}");
}

#[test]
fn last_uses_carry_the_horizon_of_the_tracking_configmap() {
    let records = scan(&KubeServer::start(|_| None));
    let inventory = inventory_of(&records);
    let usage = |name: &str| inventory.usages.iter().find(|usage| usage.of.as_str().ends_with(name)).unwrap().clone();
    let since = Some("2026-11-22T00:00:00Z".parse().unwrap());
    assert_eq!(usage("/deployer-token").last.value().unwrap().to_string(), "2025-01-15T00:00:00Z");
    assert_eq!((usage("/bot-token-legacy").last.value(), usage("/bot-token-legacy").horizon), (None, since));
    assert_eq!(usage("/bot-token-legacy").last.why_unknown(), None, "not used since the horizon, which is known");
    let token = |name: &str| inventory.credentials.iter().find(|one| one.name == name).unwrap().clone();
    assert_eq!(token("legacy/invalidated-token").active.value(), Some(&false));
    assert_eq!(token("tenant-b/bot-token-legacy").active.value(), Some(&true));
    assert_eq!(token("tenant-b/bot-token-legacy").holder.as_str(), "k8s:recorded/tenant-b/sa/bot");

    let server = KubeServer::start(|seen| {
        seen.path.contains("/configmaps/").then(|| Reply::json(404, recorded("notfound-object")))
    });
    let records = scan(&server);
    assert_eq!(coverage(&records, TRACKING).outcome, Outcome::NotRead);
    let inventory = inventory_of(&records);
    let usage = inventory.usages.iter().find(|usage| usage.of.as_str().ends_with("/bot-token-legacy")).unwrap();
    assert!(usage.last.why_unknown().unwrap().contains("was not read"), "{usage:?}");
}

/// What a review asks about.
fn reviews(seen: &Seen, resource: &str) -> bool {
    seen.method == "POST" && seen.body.contains(&format!(r#""resource":"{resource}""#))
}

#[test]
fn what_the_server_denies_beforehand_is_a_hole_and_is_not_asked_for() {
    let server = KubeServer::start(|seen| {
        let denied =
            r#"{"kind":"SelfSubjectAccessReview","status":{"allowed":false,"reason":"no RBAC policy matched"}}"#;
        reviews(seen, "secrets").then(|| Reply::json(201, denied))
    });
    let records = scan(&server);
    let secrets = coverage(&records, "secrets");
    assert_eq!(secrets.outcome, Outcome::Refused);
    assert!(secrets.detail.as_deref().unwrap().contains("no RBAC policy matched"), "{secrets:?}");
    assert!(secrets.blinds.contains(&FactKind::Credentials), "{secrets:?}");
    let review = coverage(&records, "access of the scanner");
    assert_eq!(review.count, 20);
    assert!(review.detail.as_deref().unwrap().contains("may not list 1 of 21 kinds: secrets"), "{review:?}");
    assert!(server.seen().iter().all(|seen| !is(seen, "secrets")), "a refusal is not asked for");
    assert_eq!(coverage(&records, "pods").outcome, Outcome::Complete);
}

#[test]
fn a_server_without_reviews_is_asked_for_its_lists_all_the_same() {
    let server = KubeServer::start(|seen| (seen.method == "POST").then(|| Reply::text(404, "404 page not found")));
    let records = scan(&server);
    assert_eq!(holes(&records), Vec::<&_>::new());
    assert_eq!(coverage(&records, "access of the scanner").outcome, Outcome::NotRead);
    assert_eq!(coverage(&records, "serviceaccounts").count, 68);
    assert_eq!(server.seen().iter().filter(|seen| seen.method == "POST").count(), 1, "no second question");
}

const DISCOVERED: &str = r#"{"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","items":[
  {"metadata":{"name":"argoproj.io"},"versions":[{"version":"v1alpha1","resources":[
    {"resource":"workflows","responseKind":{"kind":"Workflow"},"scope":"Namespaced","verbs":["get","list","create"]},
    {"resource":"appprojects","responseKind":{"kind":"AppProject"},"scope":"Namespaced","verbs":["get","list"]}]}]},
  {"metadata":{"name":"kagent.dev"},"versions":[{"version":"v1alpha2","resources":[
    {"resource":"agents","responseKind":{"kind":"Agent"},"scope":"Namespaced","verbs":["get","list"]}]}]},
  {"metadata":{"name":"shop.example.com"},"versions":[{"version":"v1","resources":[
    {"resource":"orders","responseKind":{"kind":"Order"},"scope":"Namespaced","verbs":["list"]}]}]}]}"#;

#[test]
fn custom_resources_that_run_pods_are_discovered_and_listed() {
    let server = KubeServer::start(|seen| match seen.path.as_str() {
        "/apis" => Some(Reply::json(200, DISCOVERED)),
        "/apis/argoproj.io/v1alpha1/workflows" => Some(Reply::json(
            200,
            r#"{"kind":"WorkflowList","apiVersion":"argoproj.io/v1alpha1","metadata":{},"items":[
              {"metadata":{"name":"nightly","namespace":"ci"},"spec":{"serviceAccountName":"runner","templates":[{"container":{"image":"registry.example.com/job:1"}}]}}]}"#,
        )),
        "/apis/kagent.dev/v1alpha2/agents" => {
            Some(Reply::json(403, r#"{"kind":"Status","message":"agents is forbidden"}"#))
        }
        _ => None,
    });
    let records = scan(&server);
    let inventory = inventory_of(&records);
    let workflow = inventory.workloads.iter().find(|one| one.name == "ci/nightly").unwrap();
    assert_eq!(workflow.id.as_str(), "k8s:recorded/ci/workflow.argoproj.io/nightly");
    assert_eq!(workflow.runs_as.first().map(|id| id.as_str()), Some("k8s:recorded/ci/sa/runner"));
    let agents = coverage(&records, "agents.kagent.dev");
    assert_eq!((agents.outcome, agents.blinds.as_slice()), (Outcome::Refused, &[FactKind::Workloads][..]));
    let found = coverage(&records, "custom resources (discovery)");
    assert_eq!(found.count, 3);
    assert!(found.detail.as_deref().unwrap().contains("shop.example.com"), "{found:?}");
    let seen = server.seen();
    assert!(seen.iter().all(|seen| !is(seen, "orders")) && seen.iter().any(|seen| is(seen, "appprojects")));
}

#[test]
fn a_list_without_an_end_is_cut_off_and_said() {
    let server = KubeServer::start(|seen| {
        let page = |n: usize| {
            format!(r#"{{"kind":"RoleList","apiVersion":"v1","metadata":{{"continue":"t{n}"}},"items":[]}}"#)
        };
        is(seen, "roles").then(|| Reply::json(200, page(seen.nth)))
    });
    let records = scan(&server);
    let roles = coverage(&records, "roles");
    assert_eq!(roles.outcome, Outcome::Partial);
    assert!(roles.detail.as_deref().unwrap().contains("did not end after 20 pages"), "{roles:?}");
    assert_eq!(coverage(&records, "pods").outcome, Outcome::Complete);
}

#[test]
fn values_of_secrets_are_asked_for_on_demand_only_and_leave_as_fingerprints() {
    let token = "c3ludGhldGljLXRva2VuLW9mLWEtdGVzdA==";
    let server = KubeServer::start(move |seen| {
        let of_tokens =
            is(seen, "secrets") && seen.query["fieldSelector"] == "type=kubernetes.io/service-account-token";
        of_tokens.then(|| {
            let body = format!(
                r#"{{"kind":"SecretList","apiVersion":"v1","metadata":{{}},"items":[{{"metadata":{{"name":"t","namespace":"ci","uid":"u",
                "annotations":{{"kubernetes.io/service-account.name":"runner"}}}},"type":"kubernetes.io/service-account-token","data":{{"token":"{token}"}}}}]}}"#
            );
            Reply::json(200, body)
        })
    });
    let directory = tempfile::tempdir().unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let searching = nonhuman::collect::kubernetes::Searching { values: true, ..Default::default() };
    let kubeconfigs = vec![server.kubeconfig(directory.path(), "{token: synthetic}")];
    let records =
        records_of(KubernetesLive { kubeconfigs, searching, ..KubernetesLive::default() }, Duration::from_secs(60));
    let inventory = inventory_of(&records);
    let credential = inventory.credentials.iter().find(|one| one.name == "ci/t").unwrap();
    let value = nonhuman::model::Secret::new(b"synthetic-token-of-a-test".to_vec());
    assert_eq!(credential.fingerprint, Some(value.fingerprint(&nonhuman::model::FingerprintKey::default())));
    let asked: Vec<Seen> = server.seen().into_iter().filter(|seen| is(seen, "secrets")).collect();
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|seen| !seen.accept.contains("PartialObjectMetadata")));
    let text = serde_json::to_string(&records).unwrap();
    assert!(!text.contains(token) && !text.contains("synthetic-token-of-a-test"));
}
