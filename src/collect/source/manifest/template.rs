//! Identities in CloudFormation templates, YAML or JSON, whose names stand there plainly. Evaluates no function of a
//! template: a name that is made by one is not known.

use serde_json::Value;

use super::Definition;

/// The properties that name an identity (CloudFormation User Guide, AWS::IAM resource types).
const NAMES: &[&str] = &["RoleName", "UserName", "GroupName"];

/// Whether the beginning of a file is that of a template.
pub(super) fn sniff(head: &str) -> bool {
    head.contains("AWSTemplateFormatVersion") || head.contains("AWS::Serverless")
}

/// The resources of a template.
pub(super) fn resources(text: &str) -> Vec<Definition> {
    match serde_json::from_str::<Value>(text) {
        Ok(template) => of_json(&template),
        Err(_) => of_yaml(text),
    }
}

fn of_json(template: &Value) -> Vec<Definition> {
    let resources = template.get("Resources").and_then(Value::as_object).into_iter().flatten();
    resources
        .filter_map(|(id, resource)| {
            let kind = resource.get("Type")?.as_str()?;
            let given = NAMES.iter().find_map(|name| resource.get("Properties")?.get(*name));
            let optional = resource.get("Condition").is_some();
            let made = given.and_then(|name| substituted(name.get("Fn::Sub")?.as_str()?));
            let patterns = made.into_iter().collect();
            Some(Definition { optional, patterns, ..definition(id, kind, 1, given.and_then(Value::as_str)) })
        })
        .collect()
}

/// By lines and their indents, because the tags of templates (`!Sub`) mean nothing to a YAML library. A template in flow
/// form gives nothing.
fn of_yaml(text: &str) -> Vec<Definition> {
    let mut found: Vec<Definition> = Vec::new();
    let mut of_resource: Option<(usize, String, u64)> = None;
    let mut is_inside = false;
    for (number, line) in (1_u64..).zip(text.lines()) {
        let bare = line.trim_start();
        let indent = line.len() - bare.len();
        if bare.is_empty() || bare.starts_with('#') {
            continue;
        }
        if indent == 0 {
            is_inside = bare.starts_with("Resources:");
            of_resource = None;
            continue;
        }
        let Some((key, value)) = bare.split_once(':').filter(|_| is_inside) else { continue };
        let value = value.split(" #").next().unwrap_or_default().trim().trim_matches(['"', '\'']);
        match &of_resource {
            Some((outer, id, line)) if indent > *outer => {
                if key == "Type" && value.starts_with("AWS::") && found.last().is_none_or(|one| one.address != *id) {
                    found.push(definition(id, value, *line, None));
                } else if key == "Condition" && !value.is_empty() {
                    // A policy's condition is a map, and has nothing behind the colon.
                    found.iter_mut().filter(|one| one.address == *id).for_each(|one| one.optional = true);
                } else if NAMES.contains(&key)
                    && let Some(last) = found.last_mut().filter(|last| last.address == *id && last.name.is_none())
                {
                    let is_plain = !value.is_empty() && !value.starts_with(['!', '{', '&', '*', '|', '>']);
                    last.name = is_plain.then(|| value.to_owned());
                    last.patterns.extend(value.strip_prefix("!Sub ").and_then(substituted));
                }
            }
            _ => of_resource = Some((indent, key.trim_matches(['"', '\'']).to_owned(), number)),
        }
    }
    found
}

/// A name that `Fn::Sub` makes, with `*` for what it puts in.
/// Source: CloudFormation User Guide, "Fn::Sub".
fn substituted(text: &str) -> Option<String> {
    let text = text.trim().trim_matches(['"', '\'']);
    let mut parts = text.split("${");
    let mut made = parts.next()?.to_owned();
    for part in parts {
        made.push('*');
        made.push_str(part.split_once('}')?.1);
    }
    let is_name = made.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"*+=,.@_-".contains(&byte));
    (is_name && made.contains('*')).then_some(made)
}

fn definition(id: &str, kind: &str, line: u64, name: Option<&str>) -> Definition {
    Definition {
        form: "cloudformation",
        address: id.to_owned(),
        kind: Some(kind.to_owned()),
        line,
        name: name.map(str::to_owned),
        arn: None,
        optional: false,
        administrator_by: None,
        provider: None,
        root: None,
        patterns: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_are_read_and_made_ones_are_not() {
        let text = "AWSTemplateFormatVersion: '2010-09-09'\nParameters:\n  RoleName:\n    Type: String\nResources:\n  Deploy:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: deploy # the one\n      Policies:\n        - PolicyName: x\n  Other:\n    Type: AWS::IAM::User\n    Properties:\n      UserName: !Sub '${Env}-bot'\n";
        let found: Vec<_> = resources(text)
            .into_iter()
            .map(|one| (one.address, one.kind.unwrap_or_default(), one.line, one.name))
            .collect();
        let optional = resources(
            "Resources:\n  A:\n    Type: AWS::IAM::Role\n    Condition: IsProd\n  B:\n    Type: AWS::IAM::Role\n    Properties:\n      Policies:\n        - Condition:\n            Bool: x\n",
        );
        assert_eq!(optional.iter().map(|one| one.optional).collect::<Vec<_>>(), [true, false]);
        let expected = [
            ("Deploy".to_owned(), "AWS::IAM::Role".to_owned(), 6, Some("deploy".to_owned())),
            ("Other".to_owned(), "AWS::IAM::User".to_owned(), 12, None),
        ];
        assert_eq!(found, expected);
        let json = r#"{"Resources": {"A": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": {"Ref": "x"}}}}}"#;
        assert_eq!(resources(json)[0].name, None);
        assert_eq!(resources(text)[1].patterns, ["*-bot"]);
        assert_eq!(substituted("${A}-x-${B}").as_deref(), Some("*-x-*"));
        assert_eq!((substituted("plain"), substituted("a ${B}")), (None, None));
    }
}
