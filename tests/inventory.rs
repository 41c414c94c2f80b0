//! The inventory depends on the set of records alone: not on their order, on repetition, or on which shard brought them.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on fails")]

use jiff::Timestamp;
use nonhuman::inventory::Inventory;
use nonhuman::model::{
    Credential, CredentialKind, Evidence, Identity, IdentityKind, Known, Location, Record, Urn, Usage,
};
use proptest::prelude::*;

fn evidence(seconds: i64) -> Evidence {
    Evidence {
        observed: Timestamp::from_second(seconds).expect("in range"),
        collector: "test".into(),
        location: Location::Api { call: "test".into(), resource: "test".into() },
    }
}

fn known_bool() -> impl Strategy<Value = Known<bool>> {
    prop_oneof![Just(Known::Absent), Just(Known::unknown("refused")), any::<bool>().prop_map(Known::Value)]
}

fn known_time() -> impl Strategy<Value = Known<Timestamp>> {
    let time = (0..5_i64).prop_map(|day| Known::Value(Timestamp::from_second(day * 86_400).expect("in range")));
    prop_oneof![Just(Known::Absent), Just(Known::unknown("refused")), time]
}

/// Few names and few times, so that records collide.
fn record() -> impl Strategy<Value = Record> {
    let identity = (0..3_u8, 0..3_i64, known_bool(), known_time(), "[ab]", any::<bool>()).prop_map(
        |(name, seen, enabled, created, label, builtin)| {
            Record::Identity(Identity {
                id: Urn::new(format!("arn:aws:iam::1:user/{name}")),
                kind: IdentityKind::AwsUser,
                tenant: "1".to_owned(),
                name: name.to_string(),
                enabled,
                created,
                unique_id: (name == 1).then(|| format!("AIDA{seen}")),
                builtin,
                attributes: nonhuman::model::Attributes::default(),
                labels: [(label, seen.to_string())].into_iter().collect(),
                evidence: evidence(seen),
            })
        },
    );
    let credential = (0..3_u8, 0..3_i64, known_bool(), known_time()).prop_map(|(name, seen, active, created)| {
        Record::Credential(Credential {
            id: Urn::aws_access_key(&format!("AKIA{name}")),
            kind: CredentialKind::AwsAccessKey,
            holder: Urn::new(format!("arn:aws:iam::1:user/{name}")),
            tenant: "1".to_owned(),
            name: format!("AKIA{name}"),
            active,
            created: created.clone(),
            expires: created,
            fingerprint: None,
            attributes: nonhuman::model::Attributes::default(),
            evidence: evidence(seen),
        })
    });
    let usage = (0..3_u8, known_time()).prop_map(|(name, last)| {
        Record::Usage(Usage {
            of: Urn::aws_access_key(&format!("AKIA{name}")),
            last,
            horizon: None,
            source: "test".into(),
            evidence: evidence(1),
        })
    });
    prop_oneof![identity, credential, usage]
}

fn picture(records: Vec<Record>) -> String {
    let inventory = Inventory::build(records);
    format!("{:#?} {:#?} {:#?}", inventory.identities.rows(), inventory.credentials.rows(), inventory.usages)
}

proptest! {
    #[test]
    fn the_order_of_records_does_not_matter(records in prop::collection::vec(record(), 0..24), seed in any::<u64>()) {
        let mut shuffled = records.clone();
        // A permutation that depends on the seed alone.
        let mut state = seed | 1;
        for place in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            shuffled.swap(place, (state >> 33) as usize % (place + 1));
        }
        prop_assert_eq!(picture(records), picture(shuffled));
    }

    #[test]
    fn repeated_records_do_not_matter(records in prop::collection::vec(record(), 0..24), times in 1..4_usize) {
        let mut repeated = Vec::new();
        for _ in 0..times {
            repeated.extend(records.iter().cloned());
        }
        prop_assert_eq!(picture(records), picture(repeated));
    }

    #[test]
    fn records_survive_being_written_and_read(records in prop::collection::vec(record(), 0..24)) {
        let read: Vec<Record> = records
            .iter()
            .map(|record| serde_json::from_str(&serde_json::to_string(record).expect("writes")).expect("reads"))
            .collect();
        prop_assert_eq!(records, read);
    }
}

#[test]
fn the_newer_record_says_what_it_knows_and_the_older_fills_the_gaps() {
    let base = |seen, enabled, created| Identity {
        id: Urn::new("arn:aws:iam::1:user/a"),
        kind: IdentityKind::AwsUser,
        tenant: "1".to_owned(),
        name: "a".to_owned(),
        enabled,
        created,
        unique_id: None,
        builtin: false,
        attributes: nonhuman::model::Attributes::default(),
        labels: [("team".to_owned(), format!("seen-{seen}"))].into_iter().collect(),
        evidence: evidence(seen),
    };
    let created = Known::Value(Timestamp::from_second(7).expect("in range"));
    let older = base(1, Known::Value(true), created.clone());
    let newer = base(2, Known::Value(false), Known::unknown("refused"));
    let inventory = Inventory::build(vec![Record::Identity(older), Record::Identity(newer)]);
    let [merged] = inventory.identities.rows() else { panic!("one identity") };
    assert_eq!(merged.enabled, Known::Value(false));
    assert_eq!(merged.created, created);
    assert_eq!(merged.labels[&"team".to_owned()], "seen-2");
}
