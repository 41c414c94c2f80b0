//! The walk through an organisation, and that both ways of reading give the same.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn an_export_and_the_organisation_itself_give_the_same_records() {
    let offline = Inventory::build(records(OktaExport::new(vec![acme()], hints()), Duration::from_secs(30)).await);
    let (online, server) = ask(acme_org(), token()).await;
    assert_eq!(holes(&online), [], "{:#?}", online.coverage.entries());
    let (left, right) = (names(&offline, "acme.okta.example"), names(&online, "127.0.0.1"));
    assert_eq!(left, right, "asked: {:#?}", server.calls());
    assert!(left.len() >= 60, "{} names", left.len());
    // The same facts, too: what the server gives of an app is what the file holds.
    let app = |inventory: &Inventory| {
        let app =
            inventory.identities.iter().find(|one| one.name == "Support copilot" && one.id.as_str().contains("/app/"));
        app.unwrap().attributes.clone()
    };
    let mut online_app = serde_json::to_value(app(&online)).unwrap();
    let mut offline_app = serde_json::to_value(app(&offline)).unwrap();
    // Only the export has a log.
    online_app.as_object_mut().unwrap().remove("unused_scopes");
    offline_app.as_object_mut().unwrap().remove("unused_scopes");
    assert_eq!(online_app, offline_app);
    assert_eq!(offline_app["users_with_weak_factors"], 1);
    assert_eq!(offline_app["assigned_to_everyone"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_followed_and_each_is_asked_once() {
    let org = Org { page: Some(3), ..acme_org() };
    let (inventory, server) = ask(org, token()).await;
    assert_eq!(holes(&inventory), []);
    assert_eq!(coverage(&inventory, "users").count, 12, "{:?}", server.calls());
    let calls = server.calls();
    let once: BTreeSet<&String> = calls.iter().collect();
    assert_eq!(once.len(), calls.len(), "something was asked twice");
    assert_eq!(
        calls.iter().filter(|call| call.starts_with("/api/v1/users?limit=200") && !call.contains("search")).count(),
        4
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_use_of_a_token_is_derived_without_the_log() {
    let mut org = acme_org();
    org.faults.push(("/api/v1/logs", Fault::Refused));
    let (inventory, _) = ask(org, token()).await;
    let usage = inventory.usages.iter().find(|usage| usage.of.as_str().contains("/api-token/00TG4D")).unwrap();
    // expiresAt 2026-12-18T21:03:44 less a window of 30 days.
    assert_eq!(usage.last.value().unwrap().to_string(), "2026-11-18T21:03:44Z");
    assert_eq!(holes(&inventory), [("System Log", Outcome::Refused)]);
}

/// A group that hands out a role and has no members yet: whoever is put into it tomorrow gets it.
#[tokio::test(flavor = "multi_thread")]
async fn a_group_without_members_has_its_roles() {
    let mut org = acme_org();
    let groups = &mut org.lists.get_mut("/api/v1/groups?limit=200&expand=stats").unwrap().1;
    groups[3]["_embedded"]["stats"] = json!({ "usersCount": 0, "hasAdminPrivlege": true });
    let id = groups[3]["id"].as_str().unwrap().to_owned();
    let role = json!({ "id": "gra1", "type": "SUPER_ADMIN", "status": "ACTIVE", "assignmentType": "GROUP" });
    org.lists.insert(format!("/api/v1/groups/{id}/roles"), (None, vec![role]));
    let (inventory, server) = ask(org, token()).await;
    assert_eq!(holes(&inventory), []);
    let group = inventory.identities.iter().find(|one| one.id.as_str().ends_with(&format!("/group/{id}"))).unwrap();
    let attributes = serde_json::to_value(&group.attributes).unwrap();
    assert_eq!((&attributes["admin_roles"], &attributes["users"]), (&json!(["SUPER_ADMIN"]), &json!(0)));
    assert!(inventory.grants.iter().any(|grant| grant.to == group.id));
    let asked = server.calls().iter().filter(|call| call.starts_with("/api/v1/groups/")).count();
    assert_eq!(asked, 1, "groups that hand out nothing are not asked");
}

/// What people let an app have, and the refresh tokens that it goes on with, are told apart from what it was given.
#[tokio::test(flavor = "multi_thread")]
async fn consents_and_refresh_tokens_are_read() {
    let mut org = acme_org();
    let app = "0oavhfd9Z8vlZSChyoJy";
    let grant = |id: &str, scope: &str, source: &str, user: &str| json!({ "id": id, "scopeId": scope, "status": "ACTIVE", "source": source, "userId": user });
    let grants = vec![
        grant("oag1", "okta.users.read", "END_USER", "00uFkpTLGyctiEm8L1z7"),
        grant("oag2", "okta.users.read", "END_USER", "00urJlxJK4As7UNThIOX"),
        grant("oag3", "okta.logs.read", "ADMIN", "00urJlxJK4As7UNThIOX"),
    ];
    org.lists.insert(format!("/api/v1/apps/{app}/grants"), (None, grants));
    let (inventory, _) = ask(org, token()).await;
    let found = inventory.identities.iter().find(|one| one.id.as_str().ends_with(&format!("/app/{app}"))).unwrap();
    let attributes = serde_json::to_value(&found.attributes).unwrap();
    assert_eq!((&attributes["consented_scopes"], &attributes["consents"]), (&json!(["okta.users.read"]), &json!(2)));
    let token = inventory.credentials.iter().find(|one| one.kind.as_str() == "okta.refresh-token").unwrap();
    assert_eq!((token.holder.clone(), token.active.value()), (found.id.clone(), Some(&true)));
    assert!(token.name.ends_with("of sofia.marino@acme.example"), "{}", token.name);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_secret_is_kept() {
    let mut org = acme_org();
    let marker = "synthetic-client-secret-value-7f3a";
    for (_, list) in org.lists.values_mut() {
        for item in list {
            item["client_secret"] = json!(marker);
            item["credentials"]["oauthClient"]["client_secret"] = json!(marker);
            item["_embedded"]["activation"]["sharedSecret"] = json!(marker);
        }
    }
    let server = OktaServer::start(org);
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("resume.jsonl");
    let found = records(live(&server.url, token(), Some(&kept)), Duration::from_secs(60)).await;
    assert!(found.len() > 60);
    let text: String = found.iter().map(|record| serde_json::to_string(record).unwrap()).collect();
    assert!(!text.contains(marker) && !text.contains("client_secret\""), "a secret is in the records");
    assert!(!format!("{found:?}").contains(marker));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_cut_short_asks_only_for_the_rest() {
    let mut org = acme_org();
    org.faults.push(("/api/v1/apps/0oavhfd9Z8vlZSChyoJy", Fault::HangAfter(0)));
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("resume.jsonl");
    let first = OktaServer::start(org);
    let url = first.url.clone();
    let cut = records(live(&url, token(), Some(&kept)), Duration::from_secs(3)).await;
    let is_cut = |record: &Record| matches!(record, Record::Coverage(entry) if entry.outcome == Outcome::Partial);
    assert!(cut.iter().any(is_cut), "the first run was not cut short");
    let before: BTreeSet<String> = first.calls().into_iter().collect();
    drop(first);
    let text = std::fs::read_to_string(&kept).unwrap();
    assert!(text.lines().count() > 10, "{text}");
    // The same organisation at another port keeps the same host.
    let second = OktaServer::start(acme_org());
    let found = Inventory::build(records(live(&second.url, token(), Some(&kept)), Duration::from_secs(60)).await);
    assert_eq!(holes(&found), []);
    let again: Vec<String> = second.calls().into_iter().filter(|call| before.contains(call)).collect();
    assert!(again.len() <= 8, "asked again: {again:?}");
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), "", "a finished run leaves nothing to go on from");
}
