//! No policy document makes the reader, the judge or the matcher panic, and no pattern makes the matcher run away.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use nonhuman::access::aws::{Action, Caller, Context, Document, Held, Layers, Request, covers, decide, oddities, problems};

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    if let Some((pattern, value)) = text.split_once('\n') {
        let matched = covers(pattern, value);
        assert!(!matched || covers("*", value));
        assert!(covers(pattern, pattern) || pattern.contains('?'));
    }
    let Ok(document) = serde_json::from_str(&text) else { return };
    let _ = (problems(&document), oddities(&document));
    let held = Held { name: "fuzz".to_owned(), document: Arc::new(Document::read(&document)) };
    let layers = Layers {
        identity: vec![held.clone()],
        boundary: Some(held.clone()),
        scps: vec![vec![held.clone()]],
        rcps: vec![held.clone()],
        resource: Some(held),
        ..Layers::default()
    };
    let (action, context) = (Action::new("s3:GetObject"), Context::new());
    for principal in ["arn:aws:iam::111122223333:user/a", "arn:aws:sts::111122223333:assumed-role/r/s", "*", "a.b"] {
        let Ok(caller) = Caller::read(principal) else { continue };
        let resource = "arn:aws:s3:::bucket/*";
        let request = Request { caller: &caller, action: &action, resource, resource_account: None, context: &context };
        let _ = decide(&request, &layers);
    }
});
