//! Accounts as exports have them: a principal `x`, and whatever a technique needs besides, or all of it but one thing.

use serde_json::{Value, json};

use super::Technique;

/// What of a technique an account has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    /// All of it.
    Has,
    /// All its actions, and not what else it needs.
    Near,
    /// All but this action.
    Lacks(String),
}

const HEAD: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,\
password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,\
access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,\
access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,\
cert_1_last_rotated,cert_2_active,cert_2_last_rotated";

const MADE: &str = "2026-11-01T00:00:00Z";

fn allow(actions: &Value, resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": resource})
}

fn all() -> Value {
    allow(&json!("*"), "*")
}

fn little() -> Value {
    allow(&json!("s3:ListAllMyBuckets"), "*")
}

fn document(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// What else a principal is given.
#[derive(Default)]
struct More {
    groups: Vec<&'static str>,
    attached: Vec<String>,
    boundary: Option<String>,
    /// A second policy of its own.
    second: Option<Value>,
    in_profile: bool,
    path: &'static str,
}

/// An account that is put together.
struct Account {
    id: String,
    users: Vec<Value>,
    roles: Vec<Value>,
    groups: Vec<Value>,
    policies: Vec<Value>,
    report: Option<String>,
}

/// The account of one case, file by file.
pub(crate) fn account(id: &str, technique: &Technique, case: &Case) -> Vec<(&'static str, String)> {
    let mut account = Account {
        id: id.to_owned(),
        users: Vec::new(),
        roles: Vec::new(),
        groups: Vec::new(),
        policies: Vec::new(),
        report: None,
    };
    let held = |action: &&String| !matches!(case, Case::Lacks(lacked) if lacked == *action);
    let mut actions: Vec<&str> = technique.actions.iter().filter(held).map(String::as_str).collect();
    if actions.is_empty() {
        actions.push("s3:ListAllMyBuckets");
    }
    account.fill(technique, &json!(actions), *case == Case::Near);
    let lists = json!({"UserDetailList": account.users, "RoleDetailList": account.roles,
        "GroupDetailList": account.groups, "Policies": account.policies});
    let report = account.report.map(|rows| ("credential-report.csv", rows));
    std::iter::once(("iam.json", lists.to_string())).chain(report).collect()
}

impl Account {
    fn arn(&self, rest: &str) -> String {
        format!("arn:aws:iam::{}:{rest}", self.id)
    }

    fn holder(&self, statements: &[Value], more: &More) -> Value {
        let mut inline = Vec::new();
        let own = (!statements.is_empty()).then(|| document(statements));
        for (name, one) in [("p", own), ("second", more.second.clone())] {
            inline.extend(one.map(|one| json!({"PolicyName": name, "PolicyDocument": one})));
        }
        let attached = more.attached.iter().map(|arn| json!({"PolicyName": "a", "PolicyArn": arn}));
        let mut one = json!({"Path": "/", "CreateDate": MADE, "AttachedManagedPolicies": attached.collect::<Vec<_>>(),
            "UserPolicyList": inline, "RolePolicyList": inline, "GroupPolicyList": inline, "GroupList": more.groups});
        if let Some(arn) = &more.boundary {
            one["PermissionsBoundary"] = json!({"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn});
        }
        one
    }

    fn user(&mut self, name: &str, statements: &[Value], more: &More) {
        let mut one = self.holder(statements, more);
        (one["UserName"], one["Arn"]) = (name.into(), self.arn(&format!("user/{name}")).into());
        one["UserId"] = format!("AIDAEXAMPLE{}{name:A<4}", &self.id[7..]).to_uppercase().into();
        self.users.push(one);
    }

    fn role(&mut self, name: &str, trusts: &Value, statements: &[Value], more: &More) {
        let mut one = self.holder(statements, more);
        let arn = self.arn(&format!("role/{}{name}", more.path));
        let profile = json!({"Arn": self.arn(&format!("instance-profile/{name}")), "InstanceProfileName": name,
            "InstanceProfileId": "AIPAEXAMPLE00000001", "Roles": [{"Arn": arn, "RoleName": name}]});
        one["InstanceProfileList"] = if more.in_profile { json!([profile]) } else { json!([]) };
        (one["RoleName"], one["Arn"]) = (name.into(), arn.into());
        one["RoleId"] = format!("AROAEXAMPLE{}{}", &self.id[7..], &format!("{name:A<4}")[..4]).to_uppercase().into();
        one["AssumeRolePolicyDocument"] = document(std::slice::from_ref(trusts));
        self.roles.push(one);
    }

    fn group(&mut self, name: &str, statements: &[Value], attached: Vec<String>) {
        let mut one = self.holder(statements, &More { attached, ..More::default() });
        (one["GroupName"], one["Arn"]) = (name.into(), self.arn(&format!("group/{name}")).into());
        one["GroupId"] = "AGPAEXAMPLE00000001".into();
        self.groups.push(one);
    }

    fn policy(&mut self, name: &str, statements: &[Value], older: Option<Value>) -> String {
        let arn = self.arn(&format!("policy/{name}"));
        let version = |id: &str, is_default: bool, statements: &[Value]| {
            json!({"VersionId": id, "IsDefaultVersion": is_default, "CreateDate": MADE,
                "Document": document(statements)})
        };
        let mut versions = vec![version("v2", true, statements)];
        versions.extend(older.map(|older| version("v1", false, &[older])));
        self.policies.push(json!({"PolicyName": name, "Arn": arn, "Path": "/", "PolicyId": "ANPAEXAMPLE00000001",
            "DefaultVersionId": "v2", "AttachmentCount": 1, "PolicyVersionList": versions}));
        arn
    }

    /// Puts in `x` with these actions, and what a technique needs besides or, for a near miss, does not find.
    fn fill(&mut self, technique: &Technique, actions: &Value, is_near: bool) {
        let everywhere = allow(actions, "*");
        match technique.how.as_str() {
            "assume" => {
                self.user("x", &[everywhere], &More::default());
                self.user("other", &[little()], &More::default());
                let whom = if is_near { self.arn("user/other") } else { self.arn("root") };
                self.role("boss", &trust(&json!({"AWS": whom}), "sts:AssumeRole"), &[all()], &More::default());
            }
            "pass-role" | "existing-compute" => {
                self.user("x", &[everywhere], &More::default());
                let service = if is_near { "unrelated.amazonaws.com" } else { &technique.services[0] };
                // What makes a profile of its own needs none.
                let in_profile = !technique.actions.iter().any(|one| one == "iam:CreateInstanceProfile");
                let more = More { in_profile, ..More::default() };
                self.role("boss", &trust(&json!({"Service": service}), "sts:AssumeRole"), &[all()], &more);
            }
            "identity-provider" => self.provider(technique, everywhere, is_near),
            "other-identity" => self.other(technique, everywhere, is_near),
            "new-identity" => {
                // No name that is new fits.
                let resource = if is_near { self.arn("user/x") } else { "*".to_owned() };
                self.user("x", &[allow(actions, &resource)], &More::default());
                if technique.on == "membership" {
                    self.group("bosses", &[all()], Vec::new());
                }
            }
            "tag" => self.tagged(technique, actions, is_near),
            _ => self.raised(technique, actions, is_near),
        }
    }

    fn provider(&mut self, technique: &Technique, statement: Value, is_near: bool) {
        let account = if is_near { "999999999999" } else { &self.id };
        let host = technique.runs[0].replace("arn:*:iam::*:", &format!("arn:aws:iam::{account}:"));
        let host = host.replace('*', "login.example.com");
        let action = if host.contains("saml") { "sts:AssumeRoleWithSAML" } else { "sts:AssumeRoleWithWebIdentity" };
        self.user("x", &[statement], &More::default());
        self.role("boss", &trust(&json!({"Federated": host}), action), &[all()], &More::default());
    }

    fn other(&mut self, technique: &Technique, statement: Value, is_near: bool) {
        self.user("x", &[statement], &More::default());
        let rights = if is_near { little() } else { all() };
        match technique.on.as_str() {
            "user" => {
                self.user("boss", &[rights], &More::default());
                self.report = Some(self.credentials(technique));
            }
            "role" => self.role(
                "boss",
                &trust(&json!({"Service": "ec2.amazonaws.com"}), "sts:AssumeRole"),
                &[rights],
                &More::default(),
            ),
            _ => self.reserved("boss", all(), is_near),
        }
    }

    /// The report in which `boss` has the password and the keys that a technique asks for. Who signs in has a second factor
    /// where the technique has an action for it.
    fn credentials(&self, technique: &Technique) -> String {
        let has_password = technique.password == Some(true);
        let has_factor = technique.actions.iter().any(|one| one.contains("MFADevice"));
        let second = technique.free_key == Some(false);
        let made = "2026-11-01T00:00:00+00:00";
        let key = |is_there: bool| {
            if is_there { format!("true,{made},N/A,N/A,N/A") } else { "false,N/A,N/A,N/A,N/A".to_owned() }
        };
        let row = |name: &str, password: bool, factor: bool, one: bool, two: bool| {
            let changed = if password { made } else { "N/A" };
            let arn = if name.starts_with('<') { self.arn("root") } else { self.arn(&format!("user/{name}")) };
            format!(
                "{name},{arn},{made},{password},N/A,{changed},N/A,{factor},{},{},false,N/A,false,N/A",
                key(one),
                key(two)
            )
        };
        let rows = [
            HEAD.to_owned(),
            row("<root_account>", false, true, false, false),
            row("x", false, false, false, false),
            row("boss", has_password, has_factor, second, second),
        ];
        rows.join("\n") + "\n"
    }

    /// A role that stands for a permission set of Identity Center, or one of the same name that does not.
    fn reserved(&mut self, set: &str, statement: Value, is_near: bool) {
        let path = if is_near { "" } else { "aws-reserved/sso.amazonaws.com/" };
        let trusts = trust(&json!({"Federated": self.arn("saml-provider/AWSSSO")}), "sts:AssumeRoleWithSAML");
        let name = format!("AWSReservedSSO_{set}_0123456789abcdef");
        self.role(&name, &trusts, &[statement], &More { path, ..More::default() });
    }

    fn tagged(&mut self, technique: &Technique, actions: &Value, is_near: bool) {
        let resource = if is_near { self.arn("user/somebody-else") } else { "*".to_owned() };
        let statement = allow(actions, &resource);
        self.put(&technique.on, &[statement], &More::default());
        let whom = self.arn(&format!("{}/x", technique.on));
        let mut trusts = trust(&json!({"AWS": whom}), "sts:AssumeRole");
        trusts["Condition"] = json!({"StringEquals": {"aws:PrincipalTag/team": "bosses"}});
        self.role("boss", &trusts, &[all()], &More::default());
    }

    /// `x` as a user or a role.
    fn put(&mut self, kind: &str, statements: &[Value], more: &More) {
        match kind {
            "role" => {
                let trusts = trust(&json!({"Service": "lambda.amazonaws.com"}), "sts:AssumeRole");
                self.role("x", &trusts, statements, more);
            }
            _ => self.user("x", statements, more),
        }
    }

    /// What changes the rights of `x` itself.
    fn raised(&mut self, technique: &Technique, actions: &Value, is_near: bool) {
        let (kind, what) = technique.on.split_once('-').unwrap_or((&technique.on, ""));
        let everywhere = allow(actions, "*");
        let elsewhere = allow(actions, &self.arn("user/somebody-else"));
        match (kind, what) {
            ("user" | "role", "") => {
                self.put(kind, &[if is_near { elsewhere } else { everywhere }], &More::default());
            }
            ("group", "") => {
                self.group("g", &[little()], Vec::new());
                let groups = if is_near { Vec::new() } else { vec!["g"] };
                self.user("x", &[everywhere], &More { groups, ..More::default() });
            }
            ("membership", _) => {
                self.group("bosses", &[if is_near { little() } else { all() }], Vec::new());
                self.user("x", &[everywhere], &More::default());
            }
            ("policy" | "version", _) => {
                let older = (kind == "version").then(|| if is_near { little() } else { all() });
                let arn = self.policy("own", &[little()], older);
                let attached = if is_near && kind == "policy" { Vec::new() } else { vec![arn] };
                self.user("x", &[everywhere], &More { attached, ..More::default() });
            }
            ("permission", _) => self.reserved("x", everywhere, is_near),
            ("user" | "role", "boundary") => {
                let arn = self.policy("box", &[if is_near { elsewhere } else { everywhere }], None);
                self.put(kind, &[all()], &More { boundary: Some(arn), ..More::default() });
            }
            _ => self.freed(technique, actions, is_near),
        }
    }

    /// `x` may do everything, but for a policy that denies all except these actions: in `x`, attached to it, or in or on a
    /// group of it. For a near miss it lies where the actions do not reach.
    fn freed(&mut self, technique: &Technique, actions: &Value, is_near: bool) {
        let denies = json!({"Effect": "Deny", "NotAction": actions, "Resource": "*"});
        let attached = vec![self.policy("denies", std::slice::from_ref(&denies), None)];
        let second = Some(document(std::slice::from_ref(&denies)));
        let more = More::default();
        let kind = technique.on.split('-').next().unwrap_or_default();
        match (technique.on.as_str(), is_near) {
            ("user-inline" | "role-inline", false) | ("user-attached" | "role-attached" | "group-member", true) => {
                self.put(kind, &[all()], &More { second, ..more });
            }
            ("user-attached" | "role-attached", false) | ("user-inline" | "role-inline", true) => {
                self.put(kind, &[all()], &More { attached, ..more });
            }
            ("group-inline" | "group-member", false) | ("group-attached", true) => {
                self.group("g", &[denies], Vec::new());
                self.user("x", &[all()], &More { groups: vec!["g"], ..more });
            }
            _ => {
                self.group("g", &[], attached);
                self.user("x", &[all()], &More { groups: vec!["g"], ..more });
            }
        }
    }
}

fn trust(principal: &Value, action: &str) -> Value {
    json!({"Effect": "Allow", "Principal": principal, "Action": action})
}
