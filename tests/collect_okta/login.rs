//! How the collector proves who it is.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};

use super::*;

/// A new EC key: as PEM, and its public point.
fn ec_key() -> (String, Vec<u8>) {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap();
    let label = ["PRIVATE", "KEY"].join(" ");
    let pem = format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(document.as_ref()));
    (pem, pair.public_key().as_ref().to_vec())
}

fn rsa_key() -> (String, Vec<u8>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/okta");
    let public = std::fs::read(folder.join("test-app.pub.der")).unwrap();
    (std::fs::read_to_string(folder.join("test-app.pem")).unwrap(), public)
}

fn app(private_key: String) -> Login {
    Login::ServiceApp { client_id: CLIENT.to_owned(), private_key, key_id: Some("k1".to_owned()) }
}

#[tokio::test(flavor = "multi_thread")]
async fn rs256_and_es256_are_accepted_with_and_without_proof_of_possession() {
    for (name, (private, public)) in [("RS256", rsa_key()), ("ES256", ec_key())] {
        for dpop in [false, true] {
            let org = Org { public_key: public.clone(), dpop, ..acme_org() };
            let (inventory, server) = ask(org, app(private.clone())).await;
            assert_eq!(holes(&inventory), [], "{name}, DPoP {dpop}: {:#?}", inventory.coverage.entries());
            assert_eq!(coverage(&inventory, "apps").count, 5, "{name}, DPoP {dpop}: {:?}", server.calls());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_that_is_missing_is_a_hole_for_what_needs_it_alone() {
    let (private, public) = ec_key();
    let scopes: Vec<String> = nonhuman::collect::okta::permissions()
        .lines()
        .filter_map(|line| line.split_whitespace().next().filter(|word| word.starts_with("okta.")))
        .filter(|scope| !matches!(*scope, "okta.appGrants.read" | "okta.logs.read"))
        .map(str::to_owned)
        .collect();
    assert!(scopes.len() > 15, "{scopes:?}");
    let (inventory, server) = ask(Org { public_key: public, scopes, ..acme_org() }, app(private)).await;
    assert_eq!(holes(&inventory), [("System Log", Outcome::Refused), ("scopes granted to apps", Outcome::Refused)]);
    let hole = coverage(&inventory, "scopes granted to apps");
    assert_eq!(hole.remedy.as_deref(), Some("grant okta.appGrants.read to the app"));
    assert!(!server.calls().iter().any(|call| call.contains("/grants") || call.contains("/logs")), "asked in vain");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_a_wrong_token_and_a_wrong_place_say_what_to_do() {
    let (private, _) = ec_key();
    let (_, other) = ec_key();
    let (inventory, _) = ask(Org { public_key: other, ..acme_org() }, app(private)).await;
    let hole = coverage(&inventory, "access token");
    assert_eq!(hole.outcome, Outcome::Refused);
    assert!(hole.remedy.as_ref().unwrap().contains("public key of this private key"), "{hole:?}");

    let (inventory, _) = ask(acme_org(), Login::Token("00-wrong".to_owned())).await;
    let hole = coverage(&inventory, "everything");
    assert!(
        hole.detail.as_ref().unwrap().contains("401 E0000011") && hole.remedy.as_ref().unwrap().contains("expired"),
        "{hole:?}"
    );

    for (url, expected) in [
        ("http://acme.okta.com", "https://acme.okta.com"),
        ("https://acme-admin.okta.com", "admin console"),
        ("https://acme.okta.com/app/x", "without a path"),
        ("not a url", "expected a form"),
    ] {
        let found = Inventory::build(records(live(url, token(), None), Duration::from_secs(10)).await);
        let hole = coverage(&found, "organisation");
        assert!(hole.detail.as_ref().unwrap().contains(expected), "{url}: {hole:?}");
    }
    let plain = tiny_http::Server::http("127.0.0.1:0").unwrap();
    let url = format!("http://{}", plain.server_addr().to_ip().unwrap());
    std::thread::spawn(move || {
        while let Ok(request) = plain.recv() {
            let _ = request.respond(tiny_http::Response::from_string("<html>hello</html>"));
        }
    });
    let found = Inventory::build(records(live(&url, token(), None), Duration::from_secs(10)).await);
    assert!(
        coverage(&found, "organisation").detail.as_ref().unwrap().contains("does not answer like an Okta organisation")
    );
}
