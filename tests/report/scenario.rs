//! A small made-up world that holds one of everything a report can show, and names that attack its reader.
//! Every credential in it is synthetic.

use jiff::Timestamp;
use nonhuman::inventory::{CredentialFacts, ExposureFacts, IdentityFacts, Inventory};
use nonhuman::model::*;
use nonhuman::report::{REPORTS, Scan, Style};

/// Starts as a formula, sets a terminal's title, turns the reading direction, breaks the line, carries markup and C1.
pub(crate) const HOSTILE: &str =
    "=HYPERLINK(\"http://evil\")\x1b]0;pwned\x07\u{202e}gnp.exe\u{2066}\nsecond\r\t<script>alert(1)</script>\u{9b}2J";

pub(crate) struct World {
    pub(crate) inventory: Inventory,
    pub(crate) inputs: Vec<String>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) not_evaluated: Vec<NotEvaluated>,
    pub(crate) rules: Vec<RuleInfo>,
    pub(crate) below: u64,
}

impl World {
    pub(crate) fn scan(&self) -> Scan<'_> {
        Scan {
            version: "0.1.0",
            now: now(),
            inputs: &self.inputs,
            inventory: &self.inventory,
            findings: &self.findings,
            not_evaluated: &self.not_evaluated,
            rules: &self.rules,
            min_severity: Severity::Info,
            below_min_severity: self.below,
            in_baseline: 0,
            already_known: 0,
            hidden: Hidden::default(),
            trend: &[],
        }
    }

    pub(crate) fn report(&self, format: &str, style: Style) -> String {
        let report = nonhuman::report::by_name(format).unwrap();
        let mut out = Vec::new();
        report.write(&self.scan(), style, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    pub(crate) fn plain(&self, format: &str) -> String {
        self.report(format, Style { color: false, width: 80 })
    }

    /// The name and text of every format that is text.
    pub(crate) fn all(&self) -> Vec<(&'static str, String)> {
        REPORTS
            .iter()
            .filter(|report| report.is_text())
            .map(|report| (report.name(), self.plain(report.name())))
            .collect()
    }
}

pub(crate) fn now() -> Timestamp {
    time("2026-11-22T08:00:00Z")
}

fn time(text: &str) -> Timestamp {
    parse_timestamp(text).unwrap()
}

pub(crate) fn evidence(location: Location) -> Evidence {
    Evidence { observed: now(), collector: "test".into(), location }
}

pub(crate) fn file(root: &str, path: &str, line: u64) -> Evidence {
    evidence(Location::File {
        root: root.into(),
        path: path.into(),
        line,
        column: 9,
        end_line: line,
        end_column: 29,
        commit: None,
    })
}

fn export(object: &str) -> Evidence {
    evidence(Location::Export { file: "exports/iam.json".into(), object: object.into() })
}

fn api(call: &str) -> Evidence {
    evidence(Location::Api { call: call.into(), resource: "prod".into() })
}

pub(crate) fn user(name: &str) -> Urn {
    Urn::new(format!("arn:aws:iam::123456789012:user/{name}"))
}

pub(crate) fn worker() -> Urn {
    Urn::kubernetes("prod", "payments", "sa", "worker")
}

pub(crate) fn identity(id: Urn, kind: IdentityKind, tenant: &str, name: &str) -> Identity {
    Identity {
        id,
        kind,
        tenant: tenant.to_owned(),
        name: name.to_owned(),
        enabled: Known::Value(true),
        created: Known::Value(time("2023-02-01")),
        unique_id: None,
        builtin: false,
        attributes: nonhuman::model::Attributes::default(),
        labels: Default::default(),
        evidence: export(&format!("UserDetailList/{name}")),
    }
}

pub(crate) fn exposure(name: &str, evidence: Evidence) -> Exposure {
    Exposure {
        id: Urn::new(format!("exposure:{name}")),
        detector: "aws-access-key".to_owned(),
        title: "AWS access key".to_owned(),
        severity: Severity::High,
        confidence: Confidence::Certain,
        fingerprint: Fingerprint::of_public(&["key"]),
        preview: "AK…(20 bytes)".to_owned(),
        public: false,
        proof: Proof {
            kind: "aws.access-key".to_owned(),
            key_id: Some("AKIAIOSFODNN7EXAMPLE".to_owned()),
            ..Proof::default()
        },
        allowed_by: None,
        allowed_for: Vec::new(),
        encoding: Vec::new(),
        introduced: None,
        remedy: "Rotate it.".to_owned(),
        evidence,
    }
}

pub(crate) fn finding(rule: &str, severity: Severity, identity: Option<Urn>, message: &str) -> Finding {
    let subject = identity.clone().unwrap_or_else(|| Urn::new("grant:nobody"));
    Finding {
        rule: rule.into(),
        fingerprint: Fingerprint::of_public(&[rule, subject.as_str()]),
        baseline: None,
        history: None,
        subject,
        subject_kind: SubjectKind::Identity,
        identity,
        severity,
        confidence: Confidence::Certain,
        title: format!("Title of {rule}").into(),
        message: message.to_owned(),
        remedy: format!("Mend what {rule} found."),
        chain: Vec::new(),
        maps: vec!["OWASP-NHI2:2025".to_owned()].into(),
        evidence: Vec::new(),
    }
}

pub(crate) fn records() -> Vec<Record> {
    let mut allowed = exposure("allowed", file(".", "tests/fake.env", 1));
    allowed.allowed_by = Some("nonhuman:allow".to_owned());
    let account = "123456789012";
    let mut role = identity(ci(), IdentityKind::AwsRole, account, "ci");
    role.labels.insert("owner".to_owned(), "\u{9b}31mteam\u{202e}".to_owned());
    let mut records = vec![
        Record::Identity(identity(user("deploy-bot"), IdentityKind::AwsUser, account, "deploy-bot")),
        Record::Identity(identity(user("hostile"), IdentityKind::AwsUser, account, HOSTILE)),
        Record::Identity(role),
        Record::Identity(identity(worker(), IdentityKind::KubernetesServiceAccount, "prod", "payments/worker")),
        Record::Exposure(Box::new(exposure("prod-env", file("repos/web", "config/prod.env", 12)))),
        Record::Exposure(Box::new(exposure("terraform", file("repos/infra", "main.tf", 3)))),
        Record::Exposure(Box::new(exposure("loose", file("/srv/šablony a#1", "notes 日本.md", 7)))),
        Record::Exposure(Box::new(allowed)),
        Record::Credential(Credential {
            id: key(),
            kind: CredentialKind::AwsAccessKey,
            holder: user("deploy-bot"),
            tenant: account.to_owned(),
            name: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            active: Known::Value(true),
            created: Known::Value(time("2023-02-01")),
            expires: Known::Absent,
            fingerprint: None,
            attributes: nonhuman::model::Attributes::default(),
            evidence: export("credential report row 2"),
        }),
        Record::Workload(Workload {
            id: Urn::kubernetes("prod", "payments", "deploy", "worker"),
            kind: WorkloadKind::KubernetesDeployment,
            tenant: "prod".to_owned(),
            name: "payments/worker".to_owned(),
            runs_as: vec![worker()],
            attributes: nonhuman::model::Attributes::default(),
            labels: Default::default(),
            evidence: api("list apps/v1 deployments"),
        }),
    ];
    records.extend(coverage().into_iter().map(Record::Coverage));
    records
}

pub(crate) fn coverage() -> Vec<CoverageEntry> {
    let refused = CoverageEntry::hole(
        "kubernetes",
        "prod",
        "cluster role bindings",
        Outcome::Refused,
        "403: AccessDenied for nhi-reader",
    )
    .blinds(&[FactKind::Grants])
    .remedy("kubectl create clusterrolebinding nhi-reader --clusterrole=nhi-reader --group=nhi");
    vec![
        CoverageEntry::complete("aws", "123456789012", "users", 2),
        CoverageEntry::complete("aws", "123456789012", "roles", 1),
        CoverageEntry::complete("source", "repos/web", "files", 1204),
        CoverageEntry::complete("kubernetes", "prod", "service accounts", 1),
        refused,
        CoverageEntry::hole("source", "repos/infra", "a.tar.gz!/b\x1b[2J.bin", Outcome::Partial, "larger than 64 MiB")
            .count(3),
        CoverageEntry::hole("source", "repos/web", "submodule vendor/x", Outcome::NotRead, "submodules are not read"),
    ]
}

fn bot_steps() -> Vec<String> {
    let rewrite = "iam:UpdateAssumeRolePolicy on [role](http://evil) ci lets it rewrite who may become it";
    vec![rewrite.to_owned(), "role ci is administrator".to_owned()]
}

fn owner(name: &str, active: Known<bool>, left: Known<Timestamp>) -> Known<Owner> {
    Known::Value(Owner {
        name: name.to_owned(),
        source: "tag owner".to_owned(),
        confidence: Confidence::High,
        person: Some(Urn::person(name)),
        active,
        left,
    })
}

fn power(kind: CapabilityKind, scope: &str) -> Capability {
    Capability { kind, scope: scope.to_owned(), conditional: false, proof: vec![] }
}

fn way(target: Urn, conditional: bool, steps: Vec<String>) -> Vec<EscalationPath> {
    vec![EscalationPath { target, conditional, via: Vec::new(), steps, cut: String::new(), next: None }]
}

fn key() -> Urn {
    Urn::aws_access_key("AKIAIOSFODNN7EXAMPLE")
}

fn ci() -> Urn {
    Urn::new("arn:aws:iam::123456789012:role/ci")
}

fn used() -> Known<LastUse> {
    Known::Value(LastUse { at: Some(time("2026-11-20")), horizon: None, source: "credential report".to_owned() })
}

fn conclude(inventory: &mut Inventory) {
    let exposures = [Urn::new("exposure:prod-env"), Urn::new("exposure:terraform")];
    let bot = IdentityFacts {
        owner: owner("jana.novak@acme.example", Known::Value(false), Known::Value(time("2026-05-14"))),
        last_use: used(),
        credentials: [key()].into(),
        exposures: exposures.clone().into(),
        capabilities: vec![power(CapabilityKind::ReadSecrets, "account 123456789012")],
        escalations: way(ci(), false, bot_steps()),
        ..IdentityFacts::default()
    };
    let hostile = IdentityFacts {
        escalations: way(user("hostile"), true, vec!["iam:AttachUserPolicy on itself".to_owned(), HOSTILE.to_owned()]),
        ..IdentityFacts::default()
    };
    let facts = &mut inventory.facts;
    let identities =
        [(user("deploy-bot"), bot), (worker(), worker_facts()), (user("hostile"), hostile), (ci(), ci_facts())];
    facts.identities.extend(identities);
    for urn in &exposures {
        let joined = ExposureFacts {
            credential: Known::Value(key()),
            identity: Known::Value(user("deploy-bot")),
            may_be: Default::default(),
            same_value: exposures.iter().filter(|it| *it != urn).cloned().collect(),
            copies: exposures.len() - 1,
        };
        facts.exposures.insert(urn.clone(), joined);
    }
    let loose = ExposureFacts { credential: Known::unknown("no AWS account was read"), ..ExposureFacts::default() };
    facts.exposures.insert(Urn::new("exposure:loose"), loose);
    facts.credentials.insert(key(), CredentialFacts { last_use: used(), exposures: exposures.into() });
}

fn worker_facts() -> IdentityFacts {
    let never = LastUse { at: None, horizon: Some(time("2025-10-18")), source: "RoleLastUsed".to_owned() };
    IdentityFacts {
        owner: Known::unknown("no people directory was given"),
        last_use: Known::Value(never),
        workloads: [Urn::kubernetes("prod", "payments", "deploy", "worker")].into(),
        linked: [ci()].into(),
        capabilities: vec![
            power(CapabilityKind::Administrator, "cluster prod"),
            power(CapabilityKind::ReadSecrets, "cluster prod"),
            power(CapabilityKind::Impersonate, "namespace prod/payments"),
        ],
        ..IdentityFacts::default()
    }
}

fn ci_facts() -> IdentityFacts {
    let name = "token.actions.githubusercontent.com".to_owned();
    IdentityFacts {
        owner: owner("team-platform", Known::Value(true), Known::Absent),
        trusted: vec![TrustedPrincipal { kind: PrincipalKind::Federated, name, conditions: vec![] }],
        ..IdentityFacts::default()
    }
}

fn findings() -> Vec<Finding> {
    let mut leaked = finding(
        "leaked-live-credential",
        Severity::Critical,
        Some(user("deploy-bot")),
        "AKIAIOSFODNN7EXAMPLE of deploy-bot lies in the open in repos/web/config/prod.env and still works",
    );
    leaked.subject = Urn::new("exposure:prod-env");
    leaked.subject_kind = SubjectKind::Exposure;
    leaked.evidence = vec![file("repos/web", "config/prod.env", 12), export("credential report row 2")];
    leaked.remedy =
        "aws iam update-access-key --user-name deploy-bot --access-key-id AKIAIOSFODNN7EXAMPLE --status Inactive"
            .to_owned();
    let mut admin =
        finding("administrator", Severity::High, Some(worker()), "payments/worker is administrator of cluster prod");
    admin.chain = vec!["binding everyone".to_owned(), "role cluster-admin allows * on *".to_owned()];
    admin.evidence = vec![api("list rbac.authorization.k8s.io/v1 clusterrolebindings")];
    let mut escalate =
        finding("escalation", Severity::High, Some(user("deploy-bot")), "deploy-bot can become administrator");
    escalate.chain = bot_steps();
    escalate.evidence = vec![export("UserDetailList/deploy-bot")];
    let text = format!("{HOSTILE} has no owner: [click](javascript:alert(1)) {}", "x".repeat(3_000));
    let mut unowned = finding("unowned", Severity::Medium, Some(user("hostile")), &text);
    unowned.evidence =
        vec![evidence(Location::Export { file: "exports/\x1b[31m.json".into(), object: HOSTILE.into() })];
    let mut loose = finding("leaked-secret", Severity::Low, None, "An AWS access key lies in the open");
    loose.subject = Urn::new("exposure:loose");
    loose.subject_kind = SubjectKind::Exposure;
    loose.evidence = vec![file("/srv/šablony a#1", "notes 日本.md", 7)];
    let mut dangling = finding("dangling-grant", Severity::Info, None, "A grant names a role that does not exist");
    dangling.subject_kind = SubjectKind::Grant;
    vec![leaked, admin, escalate, unowned, loose, dangling]
}

fn rule(id: &str, severity: Option<Severity>) -> RuleInfo {
    RuleInfo {
        digest: "00d1ce5700d1ce57".to_owned(),
        id: id.to_owned(),
        title: format!("Title of {id}"),
        severity,
        why: format!("Why {id}\nmatters."),
        remedy: format!("In general, mend {id}."),
        maps: vec!["OWASP-NHI2:2025".to_owned()],
    }
}

/// The world with all its trouble.
pub(crate) fn world() -> World {
    let mut inventory = Inventory::build(records());
    conclude(&mut inventory);
    let not = |rule: &str, target: &str, reason: &str| NotEvaluated {
        rule: rule.to_owned(),
        target: target.to_owned(),
        reason: reason.to_owned(),
        subjects: 4,
    };
    let rules = ["administrator", "dangling-grant", "escalation", "leaked-live-credential", "orphaned", "unowned"];
    let mut rules: Vec<_> = rules.iter().map(|id| rule(id, Some(Severity::High))).collect();
    rules.push(rule("leaked-secret", None));
    World {
        inventory,
        inputs: vec!["repos/web".to_owned(), "aws export exports/iam.json".to_owned()],
        findings: findings(),
        not_evaluated: vec![
            not("orphaned", "prod", "cluster role bindings of prod could not be read"),
            not("unowned", "prod", "no people directory was given"),
            not("left-owner", "prod", "no people directory was given"),
            not("two-owners", "prod", "no people directory was given"),
        ],
        rules,
        below: 0,
    }
}

/// A world in which nothing was found; `coverage` says how well it was looked at.
pub(crate) fn quiet(coverage: Vec<CoverageEntry>) -> World {
    let mut records: Vec<_> = coverage.into_iter().map(Record::Coverage).collect();
    records.push(Record::Identity(identity(user("ci"), IdentityKind::AwsUser, "123456789012", "ci")));
    World {
        inventory: Inventory::build(records),
        inputs: vec!["aws".to_owned()],
        findings: Vec::new(),
        not_evaluated: Vec::new(),
        rules: vec![rule("unowned", Some(Severity::High))],
        below: 0,
    }
}
