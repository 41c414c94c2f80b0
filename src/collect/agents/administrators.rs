//! Which roles, users and groups infrastructure code makes administrators, for whoever reads what code makes. Reads texts
//! alone, and says nothing of what is written elsewhere.

use std::collections::BTreeMap;

use super::hcl;
use super::hcl_values;
use super::parse::{Format, parse};
use super::role::Roles;
use super::statement::Power;
use super::template;

/// What the files of one folder of Terraform say together.
#[derive(Default)]
pub(crate) struct Administrators {
    roles: Roles,
}

impl Administrators {
    /// Takes in a file.
    pub(crate) fn add(&mut self, text: &str) {
        self.roles.values(hcl_values::values(text));
        hcl::blocks(text).iter().for_each(|block| self.roles.note(block));
    }

    /// The policy that makes an administrator of what stands at an address such as `aws_iam_user.bot`.
    pub(crate) fn by(&self) -> BTreeMap<String, String> {
        let all = self.roles.powers().into_iter();
        all.filter_map(|(address, power)| match power {
            Power::Administrator(by) => Some((address.to_owned(), by)),
            Power::Unknown(_) => None,
        })
        .collect()
    }

    /// The same for one template of CloudFormation, by logical names.
    pub(crate) fn of_template(text: &str) -> BTreeMap<String, String> {
        if !text.contains("AWS::IAM::") {
            return BTreeMap::new();
        }
        let format = if text.trim_start().starts_with('{') { Format::Json } else { Format::Yaml };
        parse(text, format).map(|(tree, _)| template::administrators(&tree)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::Administrators;

    fn by(text: &str) -> Vec<(String, String)> {
        let mut all = Administrators::default();
        all.add(text);
        all.by().into_iter().collect()
    }

    #[test]
    fn users_and_groups_are_told_from_roles_of_the_same_name() {
        let text = "resource \"aws_iam_user\" \"ci\" {\n  name = \"ci\"\n}\nresource \"aws_iam_role\" \"ci\" {\n  name = \"ci\"\n}\nresource \"aws_iam_user_policy_attachment\" \"a\" {\n  user = \"ci\"\n  policy_arn = \"arn:aws:iam::aws:policy/AdministratorAccess\"\n}\nresource \"aws_iam_group\" \"g\" {\n  name = \"g\"\n}\nresource \"aws_iam_group_policy\" \"all\" {\n  group = aws_iam_group.g.name\n  policy = jsonencode({ Statement = [{ Effect = \"Allow\", Action = \"*\", Resource = \"*\" }] })\n}\n";
        let found = by(text);
        assert_eq!(
            found.iter().map(|(address, _)| address.as_str()).collect::<Vec<_>>(),
            ["aws_iam_group.g", "aws_iam_user.ci"]
        );
        assert_eq!(found[1].1, "AdministratorAccess");
        assert!(by(&text.replace("\"Allow\"", "\"Deny\"").replace("AdministratorAccess", "ReadOnlyAccess")).is_empty());
    }

    #[test]
    fn a_policy_that_is_looked_up_by_its_name_counts() {
        let text = "data \"aws_iam_policy\" \"all\" {\n  name = \"AdministratorAccess\"\n}\nresource \"aws_iam_user\" \"ci\" {\n  name = \"ci\"\n}\nresource \"aws_iam_user_policy_attachment\" \"a\" {\n  user       = aws_iam_user.ci.name\n  policy_arn = data.aws_iam_policy.all.arn\n}\n";
        assert_eq!(by(text), [("aws_iam_user.ci".to_owned(), "AdministratorAccess".to_owned())]);
        assert!(by(&text.replace("AdministratorAccess", "ReadOnlyAccess")).is_empty());
    }

    #[test]
    fn templates_are_read_as_well() {
        let text = "Resources:\n  Bot:\n    Type: AWS::IAM::User\n    Properties:\n      ManagedPolicyArns: [arn:aws:iam::aws:policy/AdministratorAccess]\n  Reader:\n    Type: AWS::IAM::Role\n    Properties:\n      ManagedPolicyArns: [arn:aws:iam::aws:policy/ReadOnlyAccess]\n";
        let found = Administrators::of_template(text);
        assert_eq!(found.into_iter().collect::<Vec<_>>(), [("Bot".to_owned(), "AdministratorAccess".to_owned())]);
    }
}
