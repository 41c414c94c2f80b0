//! What goes wrong on the way, and that nothing else is lost by it.

use super::*;

async fn with(fault: (&'static str, Fault)) -> Inventory {
    let mut org = acme_org();
    org.faults.push(fault);
    ask(org, token()).await.0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_one_thing_costs_nothing_else() {
    let inventory = with(("/api/v1/api-tokens", Fault::Refused)).await;
    assert_eq!(holes(&inventory), [("API tokens", Outcome::Refused)]);
    let hole = coverage(&inventory, "API tokens");
    assert!(hole.detail.as_ref().unwrap().starts_with("403 E0000006"), "{hole:?}");
    assert_eq!(coverage(&inventory, "apps").count, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_that_are_not_licensed_are_none_and_no_hole() {
    for fault in [Fault::Status(404, "E0000007"), Fault::Status(405, "E0000022"), Fault::Status(403, "E0000015")] {
        let inventory = with(("/workload-principals", fault.clone())).await;
        assert_eq!(holes(&inventory), [], "{fault:?}");
        assert_eq!(coverage(&inventory, "AI agents").outcome, Outcome::NotRead, "{fault:?}");
    }
    let inventory = with(("/workload-principals", Fault::Refused)).await;
    assert_eq!(holes(&inventory), [("AI agents", Outcome::Refused)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_to_another_host_is_not_followed() {
    for link in ["https://evil.example/api/v1/apps?after=1", "http://127.0.0.1:1/api/v1/apps", "//evil.example/x"] {
        let inventory = with(("/api/v1/groups", Fault::Next(link))).await;
        let hole = coverage(&inventory, "groups");
        assert_eq!(hole.outcome, Outcome::Partial, "{link}: {hole:?}");
        assert_eq!(hole.count, 4, "{link}");
        assert_eq!(coverage(&inventory, "apps").count, 5);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_lead_in_a_circle_come_to_an_end() {
    let mut org = acme_org();
    let server = OktaServer::start(Org::default());
    drop(server);
    org.faults.push(("/api/v1/zones", Fault::Next("/api/v1/zones")));
    let inventory = ask(org, token()).await.0;
    let hole = coverage(&inventory, "network zones");
    assert_eq!((hole.outcome, hole.detail.as_deref()), (Outcome::Partial, Some("its pages lead in a circle")));
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_no_answer_are_holes_with_a_remedy() {
    for (body, expected) in [
        ("<html>sign in</html>", "it is HTML"),
        ("[{\"id\":\"nzo1\",\"na", "it ends too soon"),
        ("", "it is empty"),
        ("{\"unexpected\": true}", "without 'data'"),
        ("[{\"id\": 7}]", "1 of its objects cannot be read"),
    ] {
        let inventory = with(("/api/v1/zones", Fault::Body(body))).await;
        let hole = coverage(&inventory, "network zones");
        assert!(hole.is_hole() && hole.detail.as_ref().unwrap().contains(expected), "{body}: {hole:?}");
        assert_eq!(coverage(&inventory, "apps").count, 5, "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_and_fields_of_next_year_lose_nothing() {
    let mut org = acme_org();
    for app in &mut org.lists.get_mut("/api/v1/apps").unwrap().1 {
        app["signOnMode"] = json!("QUANTUM");
        app["settings"]["oauthClient"]["grant_types"].as_array_mut().unwrap().push(json!("urn:new:grant"));
        app["brandNew"] = json!({ "a": [1, 2, 3] });
        app["settings"]["notes"] = Value::Null;
    }
    let inventory = ask(org, token()).await.0;
    assert_eq!(holes(&inventory), []);
    assert_eq!(coverage(&inventory, "apps").count, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_organisation_is_read_to_its_end() {
    let mut org = acme_org();
    for (_, list) in org.lists.values_mut() {
        list.clear();
    }
    let inventory = ask(org, token()).await.0;
    assert_eq!(holes(&inventory), []);
    assert!(inventory.identities.is_empty());
    assert_eq!(inventory.settings.len(), 1, "the organisation itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_organisation_is_read_to_its_end_without_a_wasted_request() {
    let org = Org { limit: Some((40, 2)), ..acme_org() };
    let (inventory, server) = ask(org, token()).await;
    assert_eq!(holes(&inventory), []);
    assert!(server.calls().len() > 40);
    assert!(server.throttled() <= 3, "{} requests were wasted on 429", server.throttled());
}
