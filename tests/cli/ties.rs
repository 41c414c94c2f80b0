//! What ties clusters and workflows to the roles of a cloud: the cluster's own identity and the token's own subject, never an
//! equal name alone. Each tie with what must not be tied.

use std::path::Path;

use serde_json::{Value, json};

use crate::tree::{NOW, folder, run, write};

const ACCOUNT: &str = "111122223333";
const GITHUB: &str = "token.actions.githubusercontent.com";

fn role(name: &str, trust: &Value) -> Value {
    json!({
        "Path": "/", "RoleName": name, "RoleId": format!("AROAEXAMPLE{:0>10}", name.to_uppercase()),
        "Arn": format!("arn:aws:iam::{ACCOUNT}:role/{name}"), "CreateDate": "2024-01-01T00:00:00Z",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
        "InstanceProfileList": [], "Tags": [], "AttachedManagedPolicies": [], "RoleLastUsed": {},
        "RolePolicyList": [{"PolicyName": "all", "PolicyDocument": {
            "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}}],
    })
}

fn of_issuer(name: &str, issuer: &str, operator: &str, subject: &str) -> Value {
    let provider = format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}");
    role(
        name,
        &json!({
            "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity", "Principal": {"Federated": provider},
            "Condition": {operator: {(format!("{issuer}:sub")): subject}},
        }),
    )
}

fn account(at: &Path, roles: &[Value]) {
    let details = json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": roles, "Policies": [], "IsTruncated": false});
    write(at, "aws/iam.json", details.to_string());
}

/// A dump with app/worker, which an annotation calls the role `irsa`.
fn cluster(at: &Path, folder: &str) {
    let meta = |name: &str| json!({"name": name, "namespace": "app", "uid": format!("{folder}-{name}")});
    let mut worker = meta("worker");
    worker["annotations"] = json!({"eks.amazonaws.com/role-arn": format!("arn:aws:iam::{ACCOUNT}:role/irsa")});
    let items = json!([
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": worker},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta("poddy")},
    ]);
    write(at, &format!("{folder}/all.json"), json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string());
}

fn eks(at: &Path, name: &str, issuer: &str) {
    let arn = format!("arn:aws:eks:eu-central-1:{ACCOUNT}:cluster/{name}");
    let answer =
        json!({"cluster": {"name": name, "arn": arn, "identity": {"oidc": {"issuer": format!("https://{issuer}")}}}});
    write(at, &format!("aws/eks.describe-cluster.eu-central-1.{name}.json"), answer.to_string());
}

fn scan(at: &Path, arguments: &[&str]) -> Value {
    let given =
        [&["scan", "--isolated", "--now", NOW, "--format", "json", "-o", "scan.json", "-q"], arguments].concat();
    let ran = run(at, &given);
    assert!(matches!(ran.code, 0 | 1 | 3), "{}", ran.stderr);
    serde_json::from_slice(&std::fs::read(at.join("scan.json")).expect("a report")).expect("JSON")
}

/// As what a thing acts, and how sure that is: `role holds`.
fn acts(at: &Path, id: &str) -> Vec<String> {
    let ran = run(at, &["show", id, "--from", "scan.json", "--format", "json"]);
    assert!(matches!(ran.code, 0 | 3), "{}", ran.stderr);
    let told: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let edges = told["data"]["leads_to"].as_array().cloned().unwrap_or_default();
    let acts = edges.iter().filter(|edge| edge["kind"] == "acts-as" || edge["kind"] == "runs-as");
    let name = |edge: &Value| edge["to"].as_str().unwrap_or("").rsplit('/').next().unwrap_or("").to_owned();
    acts.map(|edge| format!("{} {}", name(edge), edge["holding"].as_str().unwrap_or("-"))).collect()
}

fn rules(scan: &Value, about: &str) -> Vec<String> {
    let of = |one: &&Value| one["subject"].as_str().is_some_and(|subject| subject.ends_with(about));
    let findings = scan["findings"].as_array().expect("a list").iter().filter(of);
    findings.filter_map(|one| one["rule"].as_str()).map(str::to_owned).collect()
}

const ISSUER: &str = "oidc.eks.eu-central-1.amazonaws.com/id/AAAA0000AAAA0000AAAA0000AAAA0000";

#[test]
fn a_role_is_for_the_cluster_of_the_issuer_that_it_trusts() {
    let at = folder();
    let at = at.path();
    account(at, &[of_issuer("irsa", ISSUER, "StringEquals", "system:serviceaccount:app:worker")]);
    cluster(at, "a");
    cluster(at, "b");
    let both = ["--aws-export", "aws", "--kubernetes-export", "prod=a", "--kubernetes-export", "staging=b"];
    // Whose tokens the issuer's are is not known: neither is sure.
    let told = scan(at, &both);
    assert_eq!(acts(at, "k8s:prod/app/sa/worker"), ["irsa conditional"]);
    assert_eq!(acts(at, "k8s:staging/app/sa/worker"), ["irsa conditional"]);
    assert_eq!(rules(&told, "prod/app/sa/worker"), rules(&told, "staging/app/sa/worker"));
    assert!(rules(&told, "prod/app/sa/worker").contains(&"service-account-could-reach-cloud-administrator".to_owned()));
    // Each cluster's issuer is known: the other's account is nobody to the role.
    eks(at, "prod", ISSUER);
    eks(at, "staging", &ISSUER.replace("AAAA", "BBBB"));
    let told = scan(at, &both);
    assert_eq!(acts(at, "k8s:prod/app/sa/worker"), ["irsa holds"]);
    assert_eq!(acts(at, "k8s:staging/app/sa/worker"), Vec::<String>::new());
    assert!(rules(&told, "prod/app/sa/worker").contains(&"service-account-reaches-cloud-administrator".to_owned()));
    // What was read refutes its annotation.
    let about: Vec<String> =
        rules(&told, "staging/app/sa/worker").into_iter().filter(|one| one.contains("cloud")).collect();
    assert_eq!(about, ["cloud-link-broken"]);
    let links = told["links"].as_array().expect("a list").iter().map(|one| one["from"].as_str().unwrap_or_default());
    let links: Vec<&str> = links.filter(|from| from.ends_with("/sa/worker")).collect();
    assert_eq!(links, ["k8s:prod/app/sa/worker"]);
    // A manifest may be of either.
    let role = format!("arn:aws:iam::{ACCOUNT}:role/irsa");
    let manifest = format!(
        "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: worker\n  namespace: app\n  annotations: \
         {{eks.amazonaws.com/role-arn: \"{role}\"}}\n"
    );
    write(at, "m/sa.yaml", manifest);
    scan(at, &[&["m"], &both[..]].concat());
    assert_eq!(acts(at, "k8s:m (manifests)/app/sa/worker"), ["irsa conditional"]);
    // The issuer is another cluster's that was read: that this one's is not known leaves no doubt.
    std::fs::remove_file(at.join("aws/eks.describe-cluster.eu-central-1.staging.json")).expect("it is there");
    scan(at, &both);
    assert_eq!(acts(at, "k8s:staging/app/sa/worker"), Vec::<String>::new());
}

#[test]
fn an_association_is_of_the_cluster_of_its_arn() {
    let at = folder();
    let at = at.path();
    let pods = json!({"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"], "Principal": {"Service": "pods.eks.amazonaws.com"}});
    account(at, &[role("pods", &pods)]);
    cluster(at, "k");
    let id = format!("arn:aws:eks:eu-central-1:{ACCOUNT}:podidentityassociation/prod/a-1");
    let arn = format!("arn:aws:iam::{ACCOUNT}:role/pods");
    let one = json!({"clusterName": "prod", "namespace": "app", "serviceAccount": "poddy", "roleArn": arn, "associationArn": id, "associationId": "a-1"});
    write(
        at,
        "aws/eks.describe-pod-identity-association.eu-central-1.prod.a-1.json",
        json!({"association": one}).to_string(),
    );
    let own = format!("arn:aws:eks:eu-central-1:{ACCOUNT}:cluster/prod");
    let foreign = own.replace(ACCOUNT, "999988887777");
    for (name, expected, is_told) in [
        (own.as_str(), &["pods holds"][..], false),
        ("prod", &["pods conditional"], false),
        ("other", &[], true),
        (&foreign, &[], true),
    ] {
        let told = scan(at, &["--aws-export", "aws", "--kubernetes-export", &format!("{name}=k")]);
        assert_eq!(acts(at, &format!("k8s:{}/app/sa/poddy", name.replace('/', ":"))), expected, "{name}");
        let coverage = told["coverage"].as_array().expect("a list").iter();
        let holes: Vec<&Value> =
            coverage.filter(|one| one["what"] == format!("service accounts of {own}").as_str()).collect();
        assert_eq!(holes.len(), usize::from(is_told), "{name}");
    }
    // A second account has a cluster of this name: an equal name ties no more.
    write(
        at,
        "aws/eks.describe-pod-identity-association.eu-west-1.prod.a-2.json",
        json!({"association": one}).to_string().replace("eu-central-1", "eu-west-1").replace("a-1", "a-2"),
    );
    scan(at, &["--aws-export", "aws", "--kubernetes-export", "prod=k"]);
    assert_eq!(acts(at, "k8s:prod/app/sa/poddy"), Vec::<String>::new());
}

#[test]
fn aws_auth_makes_members_of_masters_administrators_without_any_binding() {
    let at = folder();
    let at = at.path();
    account(
        at,
        &[role(
            "ci",
            &json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}),
        )],
    );
    let map = format!("- rolearn: arn:aws:iam::{ACCOUNT}:role/ci\n  username: ci\n  groups: [system:masters]\n");
    let auth = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "aws-auth", "namespace": "kube-system"}, "data": {"mapRoles": map}});
    write(at, "k/all.json", json!({"apiVersion": "v1", "kind": "List", "items": [auth]}).to_string());
    scan(at, &["--aws-export", "aws", "--kubernetes-export", "prod=k"]);
    let ran = run(at, &["reach", "role/ci", "--from", "scan.json"]);
    assert!(ran.stdout.contains("do everything (administrator): cluster prod (one step away)"), "{}", ran.stdout);
}

/// A workflow that asks for a role; `token` stands where permissions do.
fn workflow(at: &Path, name: &str, on: &str, environment: &str, token: &str, asked: &str) {
    let text = format!(
        "on: {on}\npermissions: {token}\njobs:\n  a:\n    runs-on: ubuntu-latest\n{environment}    steps:\n      - uses: \
         aws-actions/configure-aws-credentials@v4\n        with: {{role-to-assume: \"arn:aws:iam::{ACCOUNT}:role/{asked}\"}}\n"
    );
    write(at, &format!("shop/.github/workflows/{name}.yml"), text);
}

#[test]
fn a_workflow_is_the_role_whose_trust_fits_its_token() {
    let at = folder();
    let at = at.path();
    let of = |name: &str, tail: &str| of_issuer(name, GITHUB, "StringLike", &format!("repo:acme/shop:{tail}"));
    account(
        at,
        &[
            of("prod", "environment:prod"),
            of("main", "ref:refs/heads/main"),
            of("prs", "pull_request"),
            of_issuer("numbered", GITHUB, "StringLike", "repo:acme@12/shop@34:environment:prod"),
        ],
    );
    write(at, "shop/.git/config", "[remote \"origin\"]\n\turl = git@github.com:acme/shop.git\n");
    write(at, "shop/.git/HEAD", "ref: refs/heads/main\n");
    let token = "{id-token: write, contents: read}";
    let environment = |name: &str| format!("    environment: {name}\n");
    for (name, on, environment, asked, expected) in [
        ("w1", "push", environment("prod"), "prod", &["prod holds", "numbered conditional"][..]),
        ("w2", "push", environment("test"), "prod", &[]),
        ("w3", "push", String::new(), "prod", &["main conditional"]),
        ("w4", "push", environment("${{ inputs.to }}"), "prod", &["prod conditional", "numbered conditional"]),
        ("w5", "pull_request", String::new(), "main", &["prs conditional"]),
        ("w6", "{push: {branches: [main]}}", String::new(), "main", &["main holds"]),
        ("w7", "{push: {branches: [dev]}}", String::new(), "main", &[]),
        ("w8", "{push: {branches-ignore: [dev]}}", String::new(), "main", &["main conditional"]),
        ("w9", "issue_comment", String::new(), "main", &["main holds"]),
        ("w10", "push", String::new(), "prs", &["main conditional"]),
        ("w11", "pull_request", String::new(), "prs", &["prs holds"]),
        ("w12", "push", environment("prod"), "numbered", &["numbered holds", "prod conditional"]),
    ] {
        workflow(at, name, on, &environment, token, asked);
        scan(at, &["shop", "--aws-export", "aws"]);
        let mut told = acts(at, &format!(".github/workflows/{name}.yml"));
        told.sort();
        let mut expected: Vec<&str> = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(told, expected, "{name}");
    }
    // Without the token it is nobody, and no workload.
    workflow(at, "w13", "push", "", "{contents: read}", "main");
    scan(at, &["shop", "--aws-export", "aws"]);
    assert_eq!(run(at, &["show", ".github/workflows/w13.yml", "--from", "scan.json"]).code, 2);
}

#[test]
fn what_outsiders_could_ask_for_is_told_apart_from_what_they_get() {
    let at = folder();
    let at = at.path();
    let any = |name: &str| of_issuer(name, GITHUB, "StringLike", "repo:acme/shop:*");
    account(at, &[any("asked"), any("beside")]);
    write(at, "shop/.git/config", "[remote \"origin\"]\n\turl = git@github.com:acme/shop.git\n");
    workflow(at, "gets", "issue_comment", "", "write-all", "asked");
    workflow(at, "could", "issue_comment", "", "write-all", "gone");
    let told = scan(at, &["shop", "--aws-export", "aws"]);
    // Who is administrator is told so, in place of who has just any role.
    assert_eq!(rules(&told, "gets.yml"), ["workflow-of-outsiders-is-administrator"]);
    assert_eq!(rules(&told, "could.yml"), ["workflow-of-outsiders-could-get-cloud-role"]);
    let findings = told["findings"].as_array().expect("a list");
    let message = |about: &str| {
        let one = findings.iter().find(|one| one["subject"].as_str().is_some_and(|subject| subject.ends_with(about)));
        one.and_then(|one| one["message"].as_str()).expect("a finding").to_owned()
    };
    assert!(
        message("gets.yml").ends_with("and acts as asked, by which it is administrator"),
        "{}",
        message("gets.yml")
    );
    assert!(
        message("could.yml").ends_with("could ask for asked, beside (administrator: yes)"),
        "{}",
        message("could.yml")
    );
}

/// All tests of a trust policy count, those of a Deny too, and GitHub's names in any spelling.
#[test]
fn every_test_of_a_trust_policy_must_hold() {
    let at = folder();
    let at = at.path();
    let like = |tail: &str| of_issuer("r", GITHUB, "StringLike", &format!("repo:acme/shop:{tail}"));
    let with = |more: Value| {
        let mut role = like("*");
        let statement = &mut role["AssumeRolePolicyDocument"]["Statement"];
        statement[0]["Condition"]
            .as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        role
    };
    let denying = |condition: Value| {
        let mut role = like("*");
        let provider = format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{GITHUB}");
        let deny = json!({"Effect": "Deny", "Action": "sts:AssumeRoleWithWebIdentity", "Principal": {"Federated": provider}, "Condition": condition});
        role["AssumeRolePolicyDocument"]["Statement"].as_array_mut().expect("a list").push(deny);
        role
    };
    let claim = |name: &str| format!("{GITHUB}:{name}");
    write(at, "shop/.git/config", "[remote \"origin\"]\n\turl = git@github.com:acme/shop.git\n");
    workflow(at, "w", "{push: {branches: [main]}}", "", "{id-token: write}", "r");
    for (role, expected) in [
        (like("*"), Some("holds")),
        (with(json!({"StringEquals": {(claim("sub")): "repo:acme/shop:environment:prod"}})), None),
        (with(json!({"StringEquals": {(claim("sub")): "repo:acme/shop:ref:refs/heads/main"}})), Some("holds")),
        (with(json!({"StringEquals": {(claim("repository")): "acme/shop"}})), Some("holds")),
        (with(json!({"StringEquals": {(claim("repository")): "acme/other"}})), None),
        (with(json!({"StringEquals": {(claim("repository_owner")): "other"}})), None),
        (with(json!({"StringEquals": {(claim("actor")): "jana"}})), Some("conditional")),
        (denying(json!({"StringNotLike": {(claim("sub")): "repo:acme/shop:environment:*"}})), None),
        (denying(json!({"StringLike": {(claim("sub")): "repo:acme/shop:ref:*"}})), None),
        (denying(json!({"StringLike": {(claim("sub")): "repo:acme/shop:pull_request"}})), Some("holds")),
        (denying(json!({"Bool": {"aws:SecureTransport": "false"}})), Some("conditional")),
        (denying(json!({})), None),
        (of_issuer("r", GITHUB, "StringLike", "repo:Acme/Shop:*"), Some("conditional")),
        (of_issuer("r", GITHUB, "StringLike", "repo:acme/shopping:*"), None),
    ] {
        account(at, std::slice::from_ref(&role));
        scan(at, &["shop", "--aws-export", "aws"]);
        let told = acts(at, ".github/workflows/w.yml");
        let expected: Vec<String> = expected.map(|holding| format!("r {holding}")).into_iter().collect();
        assert_eq!(told, expected, "{}", role["AssumeRolePolicyDocument"]);
    }
}
