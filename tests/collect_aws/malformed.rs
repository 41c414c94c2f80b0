//! Answers with malformed items: each is a hole with its place, and costs no other item.

use super::*;

fn write(directory: &Path, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = directory.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    path
}

const AUTHORIZATION: &[FactKind] = &[FactKind::Identities, FactKind::Grants, FactKind::Trusts, FactKind::Workloads];

/// The small account with something else at a place in one of its files.
async fn changed(file: &str, change: impl Fn(&mut Value)) -> Inventory {
    let directory = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(fixture("small")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let mut bytes = std::fs::read(&path).unwrap();
        if name == file {
            let mut value: Value = serde_json::from_slice(&bytes).unwrap();
            change(&mut value);
            bytes = value.to_string().into_bytes();
        }
        write(directory.path(), &name, bytes);
    }
    offline(&[directory.path().to_path_buf()]).await
}

#[tokio::test]
async fn malformed_items_are_holes_with_their_place_and_cost_nothing_else() {
    let user = json!({"UserName": "PLANTED", "Arn": urn("user/x")});
    let with = |name: &str, value: Value| {
        let mut item = user.clone();
        item[name] = value;
        item
    };
    let cases: &[(&str, &str, Value, &str, &[FactKind])] = &[
        ("iam.json", "UserDetailList", with("Arn", Value::Null), "expected Arn to be an ARN", AUTHORIZATION),
        ("iam.json", "UserDetailList", with("Arn", json!("PLANTED")), "expected Arn to be an ARN", AUTHORIZATION),
        ("iam.json", "UserDetailList", with("UserName", Value::Null), "expected UserName", AUTHORIZATION),
        ("iam.json", "UserDetailList", with("Tags", json!("PLANTED")), "a value of another type", AUTHORIZATION),
        ("iam.json", "UserDetailList", json!("PLANTED"), "a value of another type", AUTHORIZATION),
        ("iam.json", "RoleDetailList", json!({"Arn": urn("role/x")}), "expected RoleName", AUTHORIZATION),
        ("iam.json", "GroupDetailList", json!({"GroupName": "x"}), "expected Arn to be an ARN", AUTHORIZATION),
        ("iam.json", "Policies", json!({"PolicyName": "x"}), "expected Arn to be an ARN", AUTHORIZATION),
        (
            "keys-deploy-bot.json",
            "AccessKeyMetadata",
            json!({"UserName": "deploy-bot", "Status": "Active"}),
            "expected AccessKeyId",
            &[FactKind::Credentials],
        ),
        ("keys-deploy-bot.json", "AccessKeyMetadata", json!(7), "a value of another type", &[FactKind::Credentials]),
    ];
    for (file, list, item, expected, blinds) in cases {
        let inventory = changed(file, |value| {
            value[*list].as_array_mut().unwrap().insert(1, item.clone());
        })
        .await;
        let found: Vec<_> = broken(&inventory).collect();
        assert_eq!(found.len(), 1, "{list} {item}: {found:#?}");
        let detail = found[0].detail.as_deref().unwrap();
        assert!(detail.contains(&format!("{file}: {list}[2]: {expected}")), "{detail}");
        assert!(!detail.contains("PLANTED"), "{detail}");
        assert_eq!((found[0].outcome, found[0].target.as_str()), (Outcome::Partial, SMALL));
        assert_eq!(found[0].blinds, *blinds, "{list} {item}");
        assert_eq!(inventory.identities.len(), 9, "{list} {item}: the others are read");
        assert_eq!(inventory.credentials.len(), 4, "{list} {item}");
        assert_eq!(inventory.policies.len(), 5, "{list} {item}");
    }
}

#[tokio::test]
async fn a_list_that_is_none_is_a_hole() {
    for wrong in [json!({"a": 1}), json!("PLANTED"), json!(7)] {
        let inventory = changed("iam.json", |value| value["RoleDetailList"] = wrong.clone()).await;
        let hole = broken(&inventory).next().unwrap();
        assert!(hole.detail.as_deref().unwrap().contains("iam.json: RoleDetailList: expected a list"), "{hole:?}");
        assert_eq!(hole.blinds, AUTHORIZATION);
        assert!(inventory.identities.get(&urn("user/bots/deploy-bot")).is_some(), "{wrong}: the users are read");
    }
}

#[tokio::test]
async fn further_malformed_items_are_counted() {
    let inventory = changed("iam.json", |value| {
        value["UserDetailList"].as_array_mut().unwrap().extend(vec![json!(1); 15]);
    })
    .await;
    let detail = broken(&inventory).next().unwrap().detail.clone().unwrap();
    assert!(detail.contains(" and 12 more"), "{detail}");
}

#[tokio::test]
async fn a_date_that_is_none_is_unknown_and_not_quoted() {
    let inventory = changed("iam.json", |value| {
        for user in value["UserDetailList"].as_array_mut().unwrap() {
            user["CreateDate"] = json!("PLANTED");
        }
    })
    .await;
    let bot = inventory.identities.get(&urn("user/bots/deploy-bot")).unwrap();
    assert_eq!(bot.created.why_unknown(), Some("what the answer has is not a time"));
}

#[tokio::test]
async fn damaged_reports_are_holes_and_hide_no_credential() {
    let whole = std::fs::read_to_string(fixture("small/credential-report.csv")).unwrap();
    let header = whole.lines().next().unwrap().to_owned();
    let column = |name: &str| header.split(',').position(|cell| cell == name).unwrap();
    let with = |name: &str, text: &str| -> String {
        let cells = |line: &str| -> String {
            let mut cells: Vec<&str> = line.split(',').collect();
            if line.starts_with("deploy-bot,") {
                cells[column(name)] = text;
            }
            cells.join(",")
        };
        whole.lines().map(cells).collect::<Vec<_>>().join("\n")
    };
    let without: Vec<String> = whole
        .lines()
        .map(|line| {
            let cells = line.split(',').enumerate().filter(|(at, _)| *at != column("access_key_1_active"));
            cells.map(|(_, cell)| cell).collect::<Vec<_>>().join(",")
        })
        .collect();
    let cases = [
        (without.join("\n"), "the header has no column access_key_1_active"),
        (with("access_key_1_active", "PLANTED"), "access_key_1_active is not what AWS writes there"),
        (with("access_key_1_last_rotated", "PLANTED"), "access_key_1_last_rotated is not what AWS writes there"),
        (with("arn", ""), "a row without user or arn"),
    ];
    for (text, expected) in cases {
        let directory = tempfile::tempdir().unwrap();
        let iam = write(directory.path(), "iam.json", std::fs::read(fixture("small/iam.json")).unwrap());
        let inventory = offline(&[iam, write(directory.path(), "report.csv", &text)]).await;
        let found: Vec<_> = broken(&inventory).collect();
        let detail = found.iter().filter_map(|hole| hole.detail.as_deref()).find(|detail| detail.contains(expected));
        let detail = detail.unwrap_or_else(|| panic!("{expected}: {found:#?}"));
        assert!(detail.contains("report.csv:") && !detail.contains("PLANTED"), "{detail}");
        assert!(inventory.credentials.get(&urn("user/jana#password")).is_some(), "{expected}: other rows are read");
        if let Some(key) = inventory.credentials.get(&urn("user/bots/deploy-bot#access-key-1")) {
            let unknown = key.active.why_unknown().is_some() || key.created.why_unknown().is_some();
            assert!(unknown, "{expected}: {key:?}");
        } else {
            assert_eq!(expected, "a row without user or arn");
        }
    }
}

#[tokio::test]
async fn lists_that_contradict_each_other_are_a_hole() {
    let keys = |status: &str| {
        json!({"AccessKeyMetadata": [
            {"UserName": "a", "AccessKeyId": "AKIAEXAMPLECONFLICT1", "Status": status, "CreateDate": "2026-01-01T00:00:00Z"},
            {"UserName": "a", "AccessKeyId": "AKIAEXAMPLECONFLICT2", "Status": "Active", "CreateDate": "2026-01-01T00:00:00Z"},
        ]})
        .to_string()
    };
    let iam = json!({"UserDetailList": [{"UserName": "a", "Arn": urn("user/a")}], "RoleDetailList": [{"RoleName": "r", "Arn": urn("role/r"), "AssumeRolePolicyDocument": {"Statement": []}}], "GroupDetailList": [], "Policies": []});
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "iam.json", iam.to_string());
    write(directory.path(), "keys-a.json", keys("Active"));
    write(directory.path(), "keys-b.json", keys("Inactive"));
    let inventory = offline(&[directory.path().to_path_buf()]).await;
    let hole = coverage(&inventory, "access key lists");
    assert_eq!((hole.outcome, hole.target.as_str()), (Outcome::Partial, SMALL));
    assert_eq!(hole.blinds, [FactKind::Credentials]);
    let detail = hole.detail.as_deref().unwrap();
    for part in ["keys-a.json", "keys-b.json", "Status", "AKIAEXAMPLECONFLICT1"] {
        assert!(detail.contains(part), "{part}: {detail}");
    }
    assert!(!detail.contains("AKIAEXAMPLECONFLICT2"), "{detail}");
    let key = |id: &str| inventory.credentials.get(&Urn::aws_access_key(id)).unwrap().active.clone();
    assert!(key("AKIAEXAMPLECONFLICT1").why_unknown().is_some());
    assert_eq!(key("AKIAEXAMPLECONFLICT2"), Known::Value(true));

    write(directory.path(), "keys-b.json", keys("Active"));
    assert_eq!(holes(&offline(&[directory.path().to_path_buf()]).await), [], "the same list twice is none");
}

#[tokio::test]
async fn a_file_over_the_limit_is_a_hole_that_says_so() {
    let path = fixture("small/iam.json");
    let size = std::fs::metadata(&path).unwrap().len();
    let read = |limit| {
        let export = AwsExport::new(vec![path.clone()]).largest_file(limit);
        async move { Inventory::build(records(export, Duration::from_secs(30)).await) }
    };
    let small = read(size - 1).await;
    let hole = broken(&small).next().unwrap();
    assert_eq!(hole.outcome, Outcome::Failed);
    assert!(hole.detail.as_deref().unwrap().contains(&format!("larger than the limit of {} bytes", size - 1)));
    assert_eq!(hole.blinds.len(), 7);
    assert_eq!(holes(&read(size).await), []);
}

#[tokio::test]
async fn users_without_keys_need_no_key_list() {
    let report = std::fs::read_to_string(fixture("small/credential-report.csv")).unwrap();
    let rows: Vec<&str> = report.lines().filter(|line| !line.starts_with("deploy-bot,")).collect();
    let directory = tempfile::tempdir().unwrap();
    let iam = write(directory.path(), "iam.json", std::fs::read(fixture("small/iam.json")).unwrap());
    // As JSON, which says that it is of today: without its newest row a CSV would be one of last year.
    let report = json!({"Content": rows.join("\n"), "ReportFormat": "text/csv", "GeneratedTime": NOW}).to_string();
    let inventory = offline(&[iam, write(directory.path(), "report.json", report)]).await;
    let entry = coverage(&inventory, "access keys");
    assert_eq!((entry.outcome, entry.blinds.len()), (Outcome::Complete, 0), "the report shows that nobody has one");
}
