//! The offline half: export files, whole, in parts, damaged and of the wrong kind.

use super::*;

fn write(directory: &Path, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = directory.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    path
}

#[tokio::test]
async fn a_whole_account() {
    let inventory = offline(&[fixture("small")]).await;
    assert_all(&inventory, &read_json(&fixture("small/iam.json")));
    assert_eq!(holes(&inventory), []);
    assert!(inventory.coverage.entries().iter().all(|entry| entry.target == SMALL), "{:?}", inventory.coverage);
    assert_eq!(coverage(&inventory, "account authorization details").count, 9);
    assert_eq!(coverage(&inventory, "account alias").detail.as_deref(), Some("acme-small"));
    assert_eq!(inventory.identities.len(), 6 + 3, "and root, one OIDC and one SAML provider");

    let bot = inventory.identities.get(&urn("user/bots/deploy-bot")).unwrap();
    assert_eq!((bot.tenant.as_str(), bot.name.as_str()), (SMALL, "deploy-bot"));
    assert_eq!(bot.unique_id.as_deref(), Some("AIDAEXAMPLEDEPLOYBOT1"));
    assert_eq!(bot.labels[&"owner".to_owned()], "platform@acme.example");
    assert!(!bot.builtin);
    let Location::Export { file, object } = &bot.evidence.location else { panic!("{:?}", bot.evidence) };
    assert!(file.ends_with("small/iam.json"), "{file}");
    assert_eq!(&**object, "UserDetailList/deploy-bot");

    let service = urn("role/aws-service-role/support.amazonaws.com/AWSServiceRoleForSupport");
    assert!(inventory.identities.get(&service).unwrap().builtin);
    assert_eq!(inventory.identities.get(&urn("root")).unwrap().kind, IdentityKind::AwsRoot);
    let oidc = inventory.identities.get(&urn("oidc-provider/token.actions.example")).unwrap();
    assert_eq!(oidc.labels[&"team".to_owned()], "platform");
    assert_eq!(oidc.created.value().unwrap().to_string(), "2024-02-20T00:00:00Z");
    assert_eq!(inventory.identities.get(&urn("saml-provider/acme-sso")).unwrap().kind, IdentityKind::AwsSamlProvider);
    let profile = inventory.workloads.get(&urn("instance-profile/worker")).unwrap();
    assert_eq!(profile.runs_as, [urn("role/worker")]);
}

#[tokio::test]
async fn grants_come_directly_through_groups_and_as_boundaries() {
    let inventory = offline(&[fixture("small")]).await;
    let bot = urn("user/bots/deploy-bot");
    let held: Vec<_> = inventory
        .grants
        .iter()
        .filter(|grant| grant.to == bot)
        .map(|grant| (grant.policy.as_str().rsplit(':').next().unwrap(), grant.kind, grant.via.clone()))
        .collect();
    let via = vec![urn("group/deployers")];
    let expected = [
        ("policy/bot-boundary", GrantKind::Boundary, vec![]),
        ("group/deployers#inline/assume", GrantKind::Policy, via.clone()),
        ("policy/read-logs", GrantKind::Policy, vec![]),
        ("user/bots/deploy-bot#inline/upload", GrantKind::Policy, vec![]),
        ("policy/AdministratorAccess", GrantKind::Policy, via),
    ];
    assert_eq!(held, expected);
    let of_group = inventory.grants.iter().filter(|grant| grant.to == urn("group/deployers")).count();
    assert_eq!(of_group, 2);

    let encoded = inventory.policies.get(&urn("group/deployers#inline/assume")).unwrap();
    assert_eq!(encoded.document.read()["Statement"][0]["Action"], json!(["sts:AssumeRole"]));
    let logs = inventory.policies.get(&urn("policy/read-logs")).unwrap();
    assert_eq!(logs.document.read()["Statement"][0]["Action"][0], "logs:GetLogEvents", "the default version, not v1");
    let admin = inventory.policies.get(&Urn::new("arn:aws:iam::aws:policy/AdministratorAccess")).unwrap();
    assert!(admin.builtin && !logs.builtin);
    let trust = inventory.trusts.get(&urn("role/ci")).unwrap();
    assert_eq!(trust.document.read()["Statement"][0]["Action"], "sts:AssumeRoleWithWebIdentity");
}

#[tokio::test]
async fn report_and_key_list_are_one_key() {
    let inventory = offline(&[fixture("small")]).await;
    let names: Vec<_> = inventory.credentials.iter().map(|credential| credential.id.as_str()).collect();
    let (password, certificate) = (urn("user/jana#password"), urn("user/jana#signing-certificate-1"));
    assert_eq!(
        names,
        [
            certificate_order(&password, &certificate)[0],
            certificate_order(&password, &certificate)[1],
            "aws:access-key/AKIAEXAMPLEDEPLOY001",
            "aws:access-key/AKIAEXAMPLEDEPLOY002"
        ]
    );
    let key = inventory.credentials.get(&Urn::aws_access_key("AKIAEXAMPLEDEPLOY001")).unwrap();
    assert_eq!(key.holder, urn("user/bots/deploy-bot"));
    assert_eq!(key.active, Known::Value(true));
    assert_eq!(key.created.value().unwrap().to_string(), "2024-02-01T10:05:00Z");
    let used = last_use(&inventory, &key.id);
    assert_eq!(used, (Known::Value("2026-11-21T23:00:00Z".into()), None, "credential report".into()));
    let second = Urn::aws_access_key("AKIAEXAMPLEDEPLOY002");
    assert_eq!(inventory.credentials.get(&second).unwrap().active, Known::Value(false));
    assert_eq!(last_use(&inventory, &second).0, Known::Absent, "never used");
    assert_eq!(last_use(&inventory, &password).0, Known::Value("2026-11-01T08:00:00Z".into()));
    assert_eq!(last_use(&inventory, &urn("user/jana")).0, Known::Value("2026-11-01T08:00:00Z".into()));
}

fn certificate_order<'a>(password: &'a Urn, certificate: &'a Urn) -> [&'a str; 2] {
    [password.as_str(), certificate.as_str()]
}

#[tokio::test]
async fn last_use_of_roles_has_a_horizon() {
    let inventory = offline(&[fixture("small")]).await;
    assert_eq!(last_use(&inventory, &urn("role/ci")).0, Known::Value("2026-11-20T12:00:00Z".into()));
    let worker = last_use(&inventory, &urn("role/worker"));
    assert_eq!(worker, (Known::Absent, Some("2025-10-18T12:00:00Z".into()), "RoleLastUsed".into()));
    let service = urn("role/aws-service-role/support.amazonaws.com/AWSServiceRoleForSupport");
    assert_eq!(last_use(&inventory, &service).1, None, "younger than the horizon: its whole life is seen");
    let bare = json!({"RoleDetailList": [{"RoleName": "r", "Arn": urn("role/r"), "AssumeRolePolicyDocument": {"Statement": []}}]});
    let directory = tempfile::tempdir().unwrap();
    let inventory = offline(&[write(directory.path(), "r.json", bare.to_string())]).await;
    assert!(last_use(&inventory, &urn("role/r")).0.why_unknown().is_some(), "nobody asked");
}

#[tokio::test]
async fn without_key_list_the_report_is_what_is_known() {
    let paths = [fixture("small/iam.json"), fixture("small/credential-report.csv")];
    let inventory = offline(&paths).await;
    let first = inventory.credentials.get(&urn("user/bots/deploy-bot#access-key-1")).unwrap();
    assert_eq!((first.name.as_str(), &first.active), ("access-key-1", &Known::Value(true)));
    assert_eq!(
        inventory.credentials.get(&urn("user/bots/deploy-bot#access-key-2")).unwrap().active,
        Known::Value(false)
    );
    let entry = coverage(&inventory, "access keys");
    assert_eq!((entry.outcome, entry.blinds.as_slice()), (Outcome::NotRead, &[FactKind::Credentials][..]));
    assert!(entry.remedy.as_ref().unwrap().contains("aws iam list-access-keys"));
    assert_eq!(holes(&inventory), []);
}

#[tokio::test]
async fn without_report_passwords_and_last_use_are_unknown() {
    let inventory = offline(&[fixture("small/iam.json"), fixture("small/keys-deploy-bot.json")]).await;
    let entry = coverage(&inventory, "credential report");
    assert_eq!(entry.outcome, Outcome::NotRead);
    assert_eq!(entry.blinds, [FactKind::Usage, FactKind::Credentials]);
    assert!(entry.remedy.as_ref().unwrap().contains("get-credential-report"));
    let key = Urn::aws_access_key("AKIAEXAMPLEDEPLOY001");
    assert!(last_use(&inventory, &key).0.why_unknown().is_some());

    let directory = tempfile::tempdir().unwrap();
    for name in ["iam.json", "keys-deploy-bot.json"] {
        write(directory.path(), name, std::fs::read(fixture("small").join(name)).unwrap());
    }
    let used = json!({"UserName": "deploy-bot", "AccessKeyLastUsed": {"LastUsedDate": "2026-10-01T00:00:00Z", "ServiceName": "s3", "Region": "x"}});
    write(directory.path(), "last-used-AKIAEXAMPLEDEPLOY001.json", used.to_string());
    let inventory = offline(&[directory.path().to_path_buf()]).await;
    assert_eq!(last_use(&inventory, &key).0, Known::Value("2026-10-01T00:00:00Z".into()));
    assert_eq!(last_use(&inventory, &key).2, "GetAccessKeyLastUsed");
    assert!(last_use(&inventory, &Urn::aws_access_key("AKIAEXAMPLEDEPLOY002")).0.why_unknown().is_some());
}

#[tokio::test]
async fn a_report_as_json_is_the_same_report() {
    use base64::Engine;
    let csv = std::fs::read(fixture("small/credential-report.csv")).unwrap();
    let packed = base64::engine::general_purpose::STANDARD.encode(&csv);
    let directory = tempfile::tempdir().unwrap();
    let report = json!({"Content": packed, "ReportFormat": "text/csv", "GeneratedTime": "2026-11-22T00:00:00+00:00"});
    let path = write(directory.path(), "report.json", report.to_string());
    let (json, csv) = (offline(&[path]).await, offline(&[fixture("small/credential-report.csv")]).await);
    assert_eq!(json.credentials.len(), 4);
    let ids = |inventory: &Inventory| inventory.credentials.iter().map(|c| c.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&json), ids(&csv));
    assert_eq!(json.identities.len(), 3, "root and two users, from the report alone");
    assert_eq!(coverage(&json, "account authorization details").outcome, Outcome::NotRead);
}

#[tokio::test]
async fn pages_in_several_files_are_one_account() {
    let whole = read_json(&fixture("small/iam.json"));
    let directory = tempfile::tempdir().unwrap();
    // Groups before users: members must get their grants whatever comes first.
    for (number, list) in ["GroupDetailList", "UserDetailList", "Policies", "RoleDetailList"].into_iter().enumerate() {
        let mut page = json!({"IsTruncated": number < 3, "UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []});
        page[list] = whole[list].clone();
        write(directory.path(), &format!("page-{number}.json"), page.to_string());
    }
    let inventory = offline(&[directory.path().to_path_buf()]).await;
    assert_all(&inventory, &whole);
    assert_eq!(holes(&inventory), []);

    std::fs::remove_file(directory.path().join("page-3.json")).unwrap();
    let inventory = offline(&[directory.path().to_path_buf()]).await;
    assert_eq!(holes(&inventory), [("account authorization details", Outcome::Partial)]);
    assert!(inventory.coverage.blind_spot(SMALL, FactKind::Identities).is_some());
    assert_eq!(inventory.identities.len(), 3, "the pages that are there are kept");
}

#[tokio::test]
async fn what_is_named_but_missing_is_said() {
    let mut account = read_json(&fixture("small/iam.json"));
    account["Policies"].as_array_mut().unwrap().retain(|policy| policy["PolicyName"] == "read-logs");
    account["GroupDetailList"] = json!([]);
    account["RoleDetailList"][0]["AttachedManagedPolicies"][0]["PolicyArn"] =
        json!("arn:aws:iam::aws:policy/ReadOnlyAccess");
    let directory = tempfile::tempdir().unwrap();
    let inventory = offline(&[write(directory.path(), "iam.json", account.to_string())]).await;
    assert_eq!(holes(&inventory), [("customer-managed policies", Outcome::Partial), ("groups", Outcome::Partial)]);
    // What AWS itself writes is known without the export.
    let managed = coverage(&inventory, "AWS-managed policies");
    assert_eq!(managed.outcome, Outcome::Complete);
    let detail = managed.detail.as_ref().unwrap();
    assert!(detail.contains("ReadOnlyAccess") && detail.contains("as AWS published them"), "{detail}");
    assert!(
        inventory.grants.iter().any(|grant| grant.policy.as_str().ends_with("ReadOnlyAccess")),
        "the grant is kept"
    );
}

#[tokio::test]
async fn an_undecodable_document_is_one_hole() {
    let mut account = read_json(&fixture("small/iam.json"));
    account["Policies"][0]["PolicyVersionList"][0]["Document"] = json!("%7B%22Statement");
    account["RoleDetailList"][0]["AssumeRolePolicyDocument"] = json!("{\"Statement\": ");
    let directory = tempfile::tempdir().unwrap();
    let inventory = offline(&[write(directory.path(), "iam.json", account.to_string())]).await;
    let found: Vec<_> = broken(&inventory).map(|hole| (hole.what.clone(), hole.blinds.clone())).collect();
    assert_eq!(
        found,
        [
            (format!("policy {}", urn("policy/read-logs")), vec![FactKind::Grants]),
            ("trust policy of role ci".to_owned(), vec![FactKind::Trusts]),
        ]
    );
    assert_eq!(inventory.identities.len(), 6);
    assert_eq!(inventory.policies.len(), 4, "five without the broken one");
}

#[tokio::test]
async fn bad_files_are_holes_with_their_place_and_cost_nothing_else() {
    let header = "user,arn,user_creation_time,password_enabled\n";
    let cases: &[(&str, &str, &str, Outcome)] = &[
        (
            "cut.json",
            "{\n \"UserDetailList\": [\n  {\"UserName\": \"a\"",
            ":3:18: the file ends in the middle",
            Outcome::Failed,
        ),
        ("syntax.json", "{\n \"UserDetailList\": [,]\n}", ":2:21: not JSON", Outcome::Failed),
        (
            "type.json",
            "{\"RoleDetailList\": [\n{\"RoleName\": 7}]}",
            ": RoleDetailList[1]: a value of another type",
            Outcome::Partial,
        ),
        ("other.json", "{\"apiVersion\": \"v1\"}", ":1:1: not an export", Outcome::Failed),
        ("list.json", "[1]", ":1:1: not an export", Outcome::Failed),
        ("text.csv", "a,b\n1,2\n", ":1:1: not an export", Outcome::Failed),
        ("binary.json", "\u{0}\u{1}", ":1:1: not an export", Outcome::Failed),
        ("empty.json", "", ":1:1: not an export", Outcome::Failed),
        (
            "report.json",
            "{\"Content\": \"!!!\", \"ReportFormat\": \"text/csv\"}",
            ":1:1: Content is not a credential report",
            Outcome::Failed,
        ),
        ("keys.json", "{\"AccessKeyMetadata\": {}}", ": AccessKeyMetadata: expected a list", Outcome::Partial),
    ];
    for (name, text, expected, outcome) in cases {
        let directory = tempfile::tempdir().unwrap();
        let bad = write(directory.path(), name, text);
        let good = write(directory.path(), "iam.json", std::fs::read(fixture("small/iam.json")).unwrap());
        let inventory = offline(&[bad.clone(), good]).await;
        let found: Vec<_> = broken(&inventory).collect();
        assert_eq!(found.len(), 1, "{name}: {found:#?}");
        let detail = found[0].detail.as_deref().unwrap();
        assert!(detail.starts_with(bad.to_str().unwrap()) && detail.contains(expected), "{name}: {detail}");
        assert_eq!((found[0].outcome, found[0].target.as_str()), (*outcome, SMALL), "{name}");
        assert!(found[0].remedy.is_some());
        assert_eq!(inventory.identities.len(), 6, "{name}: the other file is read");
    }
    let directory = tempfile::tempdir().unwrap();
    let row = format!("a,{},2024-01-01T00:00:00Z,true", urn("user/a"));
    let path = write(directory.path(), "r.csv", format!("{header}{row}\nb,x\n"));
    let inventory = offline(&[path]).await;
    let hole = broken(&inventory).next().unwrap();
    assert_eq!(hole.outcome, Outcome::Partial);
    assert!(hole.detail.as_ref().unwrap().contains("r.csv:3:1: 2 cells where the header has 4"), "{hole:?}");
    assert!(inventory.credentials.get(&urn("user/a#password")).is_some(), "the other rows are kept");
}

#[tokio::test]
async fn nothing_is_never_clean() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing.json");
    let empty = json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}).to_string();
    let no_actors = json!({"UserDetailList": [], "RoleDetailList": [], "GroupDetailList": [{"GroupName": "g", "Arn": urn("group/g")}]});
    for paths in [
        vec![directory.path().to_path_buf()],
        vec![missing],
        vec![write(directory.path(), "a/empty.json", empty)],
        vec![write(directory.path(), "b/group.json", no_actors.to_string())],
        vec![write(directory.path(), "c/alias.json", r#"{"AccountAliases": ["x"]}"#)],
    ] {
        let inventory = offline(&paths).await;
        assert_eq!(holes(&inventory).len(), 1, "{paths:?}: {:#?}", inventory.coverage);
        assert!(broken(&inventory).all(|hole| hole.blinds.contains(&FactKind::Identities)));
    }
}

#[tokio::test]
async fn accounts_in_one_tree_stay_apart() {
    let text = std::fs::read_to_string(fixture("small/iam.json")).unwrap();
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "one/iam.json", &text);
    write(directory.path(), "one/alias.json", r#"{"AccountAliases": ["one"]}"#);
    let other = text.replace(SMALL, "777788889999").replace("arn:aws:", "arn:aws-cn:");
    write(directory.path(), "two/iam.json", other);
    write(directory.path(), "two/alias.json", r#"{"AccountAliases": ["two"]}"#);
    write(directory.path(), "two/package.json", r#"{"name": "x"}"#);
    let inventory = offline(&[directory.path().to_path_buf()]).await;
    let tenants: BTreeSet<_> = inventory.identities.iter().map(|identity| identity.tenant.as_str()).collect();
    assert_eq!(tenants, BTreeSet::from([SMALL, "777788889999"]));
    assert_eq!(inventory.identities.len(), 12);
    let aliases: Vec<_> = inventory.coverage.entries().iter().filter(|entry| entry.what == "account alias").collect();
    assert_eq!((aliases[0].target.as_str(), aliases[0].detail.as_deref()), (SMALL, Some("one")));
    assert_eq!((aliases[1].target.as_str(), aliases[1].detail.as_deref()), ("777788889999", Some("two")));
    assert!(coverage(&inventory, "other files").detail.as_ref().unwrap().ends_with("two/package.json"));
    assert_eq!(holes(&inventory), []);
}

#[tokio::test]
async fn the_same_files_give_the_same_records_in_any_order() {
    let show = |mut records: Vec<Record>| {
        records.sort_by_cached_key(|record| serde_json::to_string(record).unwrap());
        serde_json::to_string(&records).unwrap()
    };
    let mut paths: Vec<PathBuf> = std::fs::read_dir(fixture("small")).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    let forward = show(records(AwsExport::new(paths.clone()), Duration::from_secs(30)).await);
    paths.reverse();
    let backward = show(records(AwsExport::new(paths), Duration::from_secs(30)).await);
    assert_eq!(forward, backward);
}

#[tokio::test]
async fn a_large_public_account_is_read_whole() {
    let inventory = offline(&[fixture("vulnerable.json")]).await;
    let file = read_json(&fixture("vulnerable.json"));
    assert_all(&inventory, &file);
    assert_eq!(expected(&file).identities, 90);
    assert_eq!(inventory.workloads.len(), 1);
    assert_eq!(holes(&inventory), []);
}

#[tokio::test]
async fn an_answer_on_last_use_finds_its_key_or_is_a_hole() {
    let used =
        json!({"UserName": "deploy-bot", "AccessKeyLastUsed": {"LastUsedDate": "2026-10-01T00:00:00Z"}}).to_string();
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "iam.json", std::fs::read(fixture("small/iam.json")).unwrap());
    let keys = write(directory.path(), "keys.json", std::fs::read(fixture("small/keys-deploy-bot.json")).unwrap());
    write(directory.path(), "used.json", used);
    let inventory = offline(&[directory.path().to_path_buf()]).await;
    assert_eq!(
        holes(&inventory),
        [("access key last use", Outcome::Partial)],
        "two keys, and no name to tell them apart"
    );
    let mut one = read_json(&keys);
    one["AccessKeyMetadata"].as_array_mut().unwrap().truncate(1);
    write(directory.path(), "keys.json", one.to_string());
    let inventory = offline(&[directory.path().to_path_buf()]).await;
    assert_eq!(holes(&inventory), []);
    let key = Urn::aws_access_key("AKIAEXAMPLEDEPLOY001");
    assert_eq!(last_use(&inventory, &key).0, Known::Value("2026-10-01T00:00:00Z".into()));
}

#[tokio::test]
async fn a_file_that_is_cut_anywhere_is_a_hole() {
    let directory = tempfile::tempdir().unwrap();
    let whole = std::fs::read(fixture("small/iam.json")).unwrap();
    for end in (0..whole.len() - 2).step_by(101) {
        let path = write(directory.path(), "iam.json", &whole[..end]);
        let inventory = offline(&[path]).await;
        assert_eq!(holes(&inventory).len(), 1, "cut after {end} bytes");
    }
}
