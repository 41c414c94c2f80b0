//! Names as Terraform would work them out, and what must stay unknown.

use proptest::prelude::*;

use super::Code;

/// The names of what files make, by address.
fn made(files: &[(&str, &str)]) -> Vec<(String, Vec<String>)> {
    let mut code = Code::default();
    for (path, text) in files {
        code.add(path, text, |kind| kind.starts_with("aws_iam_") || kind == "kubernetes_service_account");
    }
    code.made().into_iter().map(|one| (one.address, one.names.into_iter().collect())).collect()
}

/// The names of the one resource `aws_iam_role.r` with this body, beside other text.
fn named(body: &str, beside: &str) -> Vec<String> {
    let text = format!(
        "{beside}\nresource \"aws_iam_role\" \"r\" {{\n{body}\n  assume_role_policy = jsonencode({{ a = [1, {{ b = \"}}\" }}] }})\n}}\n"
    );
    let mut names: Vec<String> = made(&[("main.tf", &text)]).into_iter().flat_map(|(_, names)| names).collect();
    names.sort();
    names
}

#[test]
fn names_are_worked_out_where_the_code_says_all_of_them() {
    let beside = "variable \"env\" { default = \"prod\" }\nvariable \"app\" {}\nlocals {\n  base = \"x-${var.env}\"\n  all = { a = { n = \"one\" }, b = { n = \"two\" } }\n  list = [\"u\", \"v\"]\n}\n";
    for (body, expected) in [
        ("name = \"plain\"", vec!["plain"]),
        ("name = var.env", vec!["prod"]),
        ("name = \"${local.base}-y\"", vec!["x-prod-y"]),
        ("name = \"svc-${var.app}\"", vec!["svc-*"]),
        ("name = \"${var.app}${var.app}\"", vec!["*"]),
        ("for_each = toset([\"a\", \"b\"])\n  name = \"each-${each.key}\"", vec!["each-a", "each-b"]),
        ("for_each = local.all\n  name = each.value.n", vec!["one", "two"]),
        (
            "for_each = { for k, v in local.all : \"${k}1\" => v.n if k != \"b\" }\n  name = \"${each.key}${each.value}\"",
            vec!["a1one"],
        ),
        ("for_each = toset([for one in local.list : upper(one)])\n  name = each.value", vec!["U", "V"]),
        ("for_each = toset(var.app)\n  name = \"e-${each.value}\"", vec!["e-*"]),
        ("count = 2\n  name = \"n${count.index}\"", vec!["n0", "n1"]),
        ("count = 0\n  name = \"none\"", vec![]),
        ("count = var.app ? 1 : 0\n  name = \"one\"", vec!["one"]),
        ("count = 2\n  name = local.list[count.index]", vec!["u", "v"]),
        ("name = var.env == \"prod\" ? \"p\" : \"q\"", vec!["p"]),
        ("name = var.app ? \"p\" : \"q\"", vec!["p", "q"]),
        ("name = format(\"%s-%02d\", var.env, 7)", vec!["prod-07"]),
        ("name = join(\"-\", concat(local.list, [var.env]))", vec!["u-v-prod"]),
        ("name = lower(replace(\"A_B\", \"_\", \"-\"))", vec!["a-b"]),
        ("name = lookup({ prod = \"l\" }, var.env, \"none\")", vec!["l"]),
        ("name_prefix = \"pfx\"", vec!["pfx*"]),
        ("name = data.x.y.name", vec!["*"]),
        ("name = 1 + 2", vec!["*"]),
        ("", vec!["terraform-*"]),
    ] {
        assert_eq!(named(body, beside), expected, "{body}");
    }
}

#[test]
fn comments_and_inner_blocks_make_nothing() {
    let text = r#"
# resource "aws_iam_role" "no" { name = "no" }
/* resource "aws_iam_role" "no2" { name = "no2" } */
resource "aws_iam_role" "r" {
  assume_role_policy = <<-EOT
    { "name = "x" }
  EOT
  inline_policy {
    name = "inline"
  }
  tags = { name = "tag" }
  name = "deploy" // the role
}
resource "aws_s3_bucket" "b" { bucket = "b" }
resource "kubernetes_service_account" "api" {
  metadata {
    name      = "api"
    namespace = "payments"
  }
}
"#;
    let expected = [("aws_iam_role.r", "deploy"), ("kubernetes_service_account.api", "payments/api")];
    let expected: Vec<_> = expected.iter().map(|(at, name)| ((*at).to_owned(), vec![(*name).to_owned()])).collect();
    assert_eq!(made(&[("main.tf", text)]), expected);
}

#[test]
fn modules_of_the_tree_get_what_they_are_given() {
    let inner = "variable \"role_name\" {}\nresource \"aws_iam_role\" \"this\" { name = \"m-${var.role_name}\" }\n";
    let root = "module \"m\" {\n  source = \"../mod\"\n  role_name = \"one\"\n}\nmodule \"many\" {\n  for_each = toset([\"x\", \"y\"])\n  source = \"../mod\"\n  role_name = each.key\n}\nmodule \"far\" {\n  source = \"terraform-aws-modules/iam/aws\"\n  role_name = \"mod-a\"\n}\nmodule \"silent\" { source = \"x/y/aws\" }\n";
    let found = made(&[("live/main.tf", root), ("mod/main.tf", inner)]);
    let expected = [
        ("module.far", "*mod-a*"),
        ("module.silent", "*"),
        ("module.m.aws_iam_role.this", "m-one"),
        ("module.many[\"x\"].aws_iam_role.this", "m-x"),
        ("module.many[\"y\"].aws_iam_role.this", "m-y"),
    ];
    let expected: Vec<_> = expected.iter().map(|(at, name)| ((*at).to_owned(), vec![(*name).to_owned()])).collect();
    assert_eq!(found, expected);
    // Modules that call each other come to an end.
    let ring = "module \"m\" { source = \"./\" }\nmodule \"n\" { source = \"../b\" }\nresource \"aws_iam_user\" \"u\" { name = \"u\" }\n";
    let back = ring.replace("../b", "../a");
    let found = made(&[("a/main.tf", ring), ("b/main.tf", &back)]);
    assert!(found.iter().any(|(at, names)| at == "aws_iam_user.u" && *names == ["u"]), "{found:?}");
    assert!(found.len() < 4000, "{}", found.len());
}

#[test]
fn values_come_from_the_files_that_terraform_reads_or_is_given() {
    let main = "variable \"env\" { default = \"dev\" }\nresource \"aws_iam_role\" \"r\" { name = \"r-${var.env}\" }\n";
    let one = |files: &[(&str, &str)]| {
        let all: Vec<(&str, &str)> = [("a/main.tf", main)].into_iter().chain(files.iter().copied()).collect();
        made(&all)[0].1.clone()
    };
    assert_eq!(one(&[]), ["r-dev"]);
    assert_eq!(one(&[("a/terraform.tfvars", "env = \"live\"\n")]), ["r-live"]);
    assert_eq!(one(&[("a/x.auto.tfvars.json", "{\"env\": \"live\"}")]), ["r-live"]);
    assert_eq!(
        one(&[("a/env/prod.tfvars", "env = \"prod\""), ("a/env/test.tfvars", "env = \"test\"")]),
        ["r-prod", "r-test"]
    );
    assert_eq!(one(&[("b/main.tf", ""), ("b/terraform.tfvars", "env = \"live\"")]), ["r-dev"]);
}

#[test]
fn json_and_terragrunt_are_the_same_code() {
    let json = r#"{"variable": {"n": {"default": "v"}}, "resource": {"aws_iam_role": {"j": [{"for_each": "${toset([\"a\"])}", "name": "${var.n}-${each.key}"}]}}}"#;
    assert_eq!(made(&[("x.tf.json", json)]), [("aws_iam_role.j[\"a\"]".to_owned(), vec!["v-a".to_owned()])]);
    let inner = "variable \"role_name\" {}\nresource \"aws_iam_role\" \"this\" { name = var.role_name }\n";
    let grunt = "locals { env = \"prod\" }\nterraform { source = \"../../modules//role\" }\ninputs = {\n  role_name = \"${local.env}-tg\"\n}\n";
    let found = made(&[("modules/role/main.tf", inner), ("live/prod/terragrunt.hcl", grunt)]);
    assert_eq!(found, [("module.terragrunt.aws_iam_role.this".to_owned(), vec!["prod-tg".to_owned()])]);
}

#[test]
fn deep_and_long_code_comes_to_an_end() {
    let deep = format!("resource \"aws_iam_role\" \"r\" {{ name = {}1{} }}", "(".repeat(50_000), ")".repeat(50_000));
    let nots = format!("resource \"aws_iam_role\" \"r\" {{ name = {}true }}", "!".repeat(50_000));
    let dots = format!("resource \"aws_iam_role\" \"r\" {{ name = a{} }}", ".b".repeat(50_000));
    let blocks = format!("{}{}", "a { ".repeat(50_000), "}".repeat(50_000));
    let doubling: String =
        (0..60).map(|at| format!("  l{} = \"${{local.l{at}}}${{local.l{at}}}\"\n", at + 1)).collect();
    let doubling =
        format!("locals {{\n  l0 = \"xy\"\n{doubling}}}\nresource \"aws_iam_role\" \"r\" {{ name = local.l60 }}");
    let ring =
        "locals {\n  a = local.b\n  b = local.a\n}\nresource \"aws_iam_role\" \"r\" { name = local.a }".to_owned();
    for text in [deep, nots, dots, doubling, ring] {
        let found = made(&[("main.tf", &text)]);
        assert!(found.iter().all(|(_, names)| *names == ["*"]), "{}", text.get(..60).unwrap_or_default());
    }
    made(&[("main.tf", &blocks)]);
}

proptest! {
    #[test]
    fn no_text_breaks_it(text in "[a-z\"{}\\[\\]()=$%<>?:!.,\\n\\\\/*# é-]{0,200}") {
        made(&[("main.tf", &text)]);
        made(&[("main.tf", &format!("resource \"aws_iam_role\" \"b\" {{ name = {text}")), ("x.tfvars", &text)]);
        made(&[("terragrunt.hcl", &text), ("a.tf.json", &text)]);
    }
}
