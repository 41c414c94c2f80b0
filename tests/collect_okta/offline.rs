//! Exports with something missing, cut or odd: what is there is kept, and what is not is said.

use super::*;

/// The demo company's export, changed.
async fn changed(change: impl FnOnce(&Path)) -> Inventory {
    let folder = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(acme()).unwrap().flatten() {
        std::fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
    }
    change(folder.path());
    let collector = OktaExport::new(vec![folder.path().to_owned()], hints());
    Inventory::build(records(collector, Duration::from_secs(30)).await)
}

fn edit(folder: &Path, name: &str, change: impl FnOnce(&mut Value)) {
    let path = folder.join(name);
    let mut value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    change(&mut value);
    std::fs::write(path, value.to_string()).unwrap();
}

fn apps(inventory: &Inventory) -> usize {
    inventory.identities.iter().filter(|one| one.id.as_str().contains("/app/")).count()
}

#[tokio::test]
async fn lists_of_machines_that_are_missing_are_holes() {
    for (file, what) in [("ai-agents.json", "AI agents"), ("service-accounts.json", "service accounts of apps")] {
        let inventory = changed(|folder| std::fs::remove_file(folder.join(file)).unwrap()).await;
        assert!(coverage(&inventory, what).is_hole(), "{file}: {:?}", coverage(&inventory, what));
    }
    let whole = changed(|_| {}).await;
    assert_eq!(holes(&whole), []);
}

#[tokio::test]
async fn one_odd_object_or_a_cut_costs_no_other() {
    let odd = changed(|folder| {
        edit(folder, "apps.json", |apps| apps.as_array_mut().unwrap().push(json!({ "id": "0oaX", "label": 5 })));
    });
    let odd = odd.await;
    assert_eq!((apps(&odd), coverage(&odd, "apps").outcome), (5, Outcome::Partial));
    let cut = changed(|folder| {
        let path = folder.join("apps.json");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, &text[..text.len() - 200]).unwrap();
    });
    let cut = cut.await;
    assert_eq!((apps(&cut), coverage(&cut, "apps").outcome), (4, Outcome::Partial));
    assert!(coverage(&cut, "apps").is_hole());
}

#[tokio::test]
async fn a_page_that_names_a_next_one_is_not_all() {
    let inventory = changed(|folder| {
        edit(folder, "ai-agents.json", |agents| {
            let data = agents.get("data").cloned().unwrap_or_else(|| agents.clone());
            let next = "https://acme.okta.example/workload-principals/api/v1/ai-agents?after=abc";
            *agents = json!({ "data": data, "_links": { "next": { "href": next } } });
        });
    });
    let inventory = inventory.await;
    let hole = coverage(&inventory, "AI agents");
    assert_eq!((hole.outcome, hole.count), (Outcome::Partial, 2), "{hole:?}");
    assert!(hole.detail.as_ref().unwrap().contains("names a next page") && !hole.blinds.is_empty(), "{hole:?}");
}

#[tokio::test]
async fn no_password_of_an_address_is_kept() {
    let hook = json!([{ "id": "who1", "name": "h", "status": "ACTIVE", "verificationStatus": "VERIFIED",
        "channel": { "config": { "uri": "https://user:synthetic-canary@h.example/x?token=synthetic-canary" } } }]);
    let inventory = changed(|folder| {
        std::fs::write(folder.join("event-hooks.json"), hook.to_string()).unwrap();
        edit(folder, "apps.json", |apps| {
            for app in apps.as_array_mut().unwrap() {
                app["settings"]["oauthClient"]["redirect_uris"] =
                    json!(["https://u:synthetic-canary@shop.example/cb?k=synthetic-canary"]);
                app["settings"]["oauthClient"]["jwks_uri"] = json!("https://u:synthetic-canary@shop.example/jwks");
            }
        });
    });
    let inventory = inventory.await;
    let hook = inventory.settings.iter().find(|one| one.kind.as_str() == "okta.event-hook").unwrap();
    assert_eq!(hook.labels[&"host".to_owned()], "h.example");
    let kept = format!(
        "{:?}{:?}",
        inventory.identities.iter().collect::<Vec<_>>(),
        inventory.settings.iter().collect::<Vec<_>>()
    );
    assert!(kept.contains("https://shop.example/cb") && !kept.contains("synthetic-canary"));
}

/// A rule that asks for something that we do not know lets others pass on to the next one.
#[tokio::test]
async fn conditions_that_are_not_known_close_no_rule_behind_them() {
    let rule = |id: &str, priority: i64, conditions: Value, method: Value| {
        json!({ "id": id, "name": id, "status": "ACTIVE", "priority": priority, "conditions": conditions,
            "actions": { "appSignOn": { "access": "ALLOW", "verificationMethod": method } } })
    };
    let two = json!({ "type": "ASSURANCE", "factorMode": "2FA" });
    let one = json!({ "type": "ASSURANCE", "factorMode": "1FA" });
    let chain = json!({ "type": "AUTH_METHOD_CHAIN",
        "chains": [{ "authenticationMethods": [{ "key": "okta_password" }, { "key": "okta_email" }] }] });
    for (conditions, last, reachable, asked) in [
        (json!({ "platform": { "include": [{ "type": "MOBILE", "os": { "type": "IOS" } }] } }), &one, true, "platform"),
        (json!({ "moonPhase": { "phase": "FULL" } }), &chain, true, "moonPhase"),
        (
            json!({ "platform": { "include": [{ "type": "ANY", "os": { "type": "ANY" } }] }, "later": null }),
            &one,
            false,
            "",
        ),
    ] {
        let rules = json!([rule("first", 0, conditions, two.clone()), rule("last", 1, Value::Null, last.clone())]);
        let inventory = changed(|folder| {
            edit(folder, "policy-rules.json", |all| {
                all["rstwjBTde6LgzPdJpcfD"] = rules.clone();
            });
        });
        let inventory = inventory.await;
        let of = |name: &str| {
            let found = inventory.settings.iter().find(|one| one.id.as_str().ends_with(&format!("/rule/{name}")));
            serde_json::to_value(&found.unwrap().attributes).unwrap()
        };
        let asks = if asked.is_empty() { json!([]) } else { json!([asked]) };
        assert_eq!((&of("last")["reachable"], &of("first")["conditions"]), (&json!(reachable), &asks));
        assert_eq!(of("last")["one_factor"], json!(true), "one step of several methods is one factor");
    }
}
