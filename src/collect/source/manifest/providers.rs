//! To which AWS accounts the Terraform of a folder is applied, and whom its policies make an administrator, as far as it says
//! so itself. Evaluates nothing; follows no
//! module to who calls it.
//!
//! Source: Terraform Registry, hashicorp/aws, "Provider configuration" (`allowed_account_ids`, `assume_role`, `alias`); IAM
//! User Guide, "Creating OpenID Connect identity providers": a role trusts the providers of its own account.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use super::hcl;
use crate::collect::agents::Administrators;

/// How many files of one folder are looked at.
const MOST_FILES: usize = 200;

/// What the provider blocks of a folder say.
#[derive(Debug, Default)]
pub(super) struct Providers {
    /// Of each provider by its alias, empty for the one without: the accounts that it is held to.
    accounts: BTreeMap<String, BTreeSet<String>>,
    /// The accounts whose identity providers the trust policies of the folder's code name.
    of_trust: BTreeSet<String>,
    /// What the policies of the folder make an administrator, by address, with the policy.
    administrators: BTreeMap<String, String>,
}

impl Providers {
    /// Reads every file of a folder.
    pub(super) fn of_folder(folder: &Path, read: impl Fn(&Path) -> Option<String>) -> Self {
        let mut files: Vec<_> =
            std::fs::read_dir(folder).into_iter().flatten().flatten().map(|one| one.path()).collect();
        files.sort();
        let is_code = |path: &Path| path.extension().is_some_and(|ending| ending == "tf" || ending == "tofu");
        let is_json = |path: &Path| path.to_string_lossy().ends_with(".tf.json");
        let mut providers = Self::default();
        let mut administrators = Administrators::default();
        for path in files.iter().filter(|path| is_code(path) || is_json(path)).take(MOST_FILES) {
            match read(path) {
                Some(text) if is_json(path) => providers.add_json(&text),
                Some(text) => {
                    providers.add(&text);
                    administrators.add(&text);
                }
                None => {}
            }
        }
        providers.administrators = administrators.by();
        providers
    }

    /// The providers of a file of JSON: an object, or a list of such.
    fn add_json(&mut self, text: &str) {
        let Ok(file) = serde_json::from_str::<Value>(text) else { return };
        let items = |value: &Value| value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
        for block in file.pointer("/provider/aws").map(items).unwrap_or_default() {
            let listed = block.get("allowed_account_ids").and_then(Value::as_array).cloned().unwrap_or_default();
            let listed: Vec<String> = listed.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            let is_plain = listed.iter().all(|one| one.bytes().all(|byte| byte.is_ascii_digit()));
            let mut accounts: BTreeSet<String> = listed.into_iter().filter(|_| is_plain).collect();
            let role = block.get("assume_role").map(items).unwrap_or_default();
            accounts.extend(role.iter().filter_map(|role| account(role.get("role_arn")?.as_str()?)));
            let alias = block.get("alias").and_then(Value::as_str).unwrap_or_default();
            self.accounts.entry(alias.to_owned()).or_default().extend(accounts);
        }
    }

    /// The policy that makes an administrator of what stands at an address.
    pub(super) fn administrator(&self, address: &str) -> Option<&str> {
        self.administrators.get(address).map(String::as_str)
    }

    fn add(&mut self, text: &str) {
        for block in hcl::providers(text) {
            let mut accounts: BTreeSet<String> = block.accounts.into_iter().collect();
            accounts.extend(block.role.as_deref().and_then(account));
            self.accounts.entry(block.alias).or_default().extend(accounts);
        }
        let is_provider = |arn: &&String| [":oidc-provider/", ":saml-provider/"].iter().any(|kind| arn.contains(kind));
        self.of_trust.extend(hcl::trusted(text).iter().filter(is_provider).filter_map(|arn| account(arn)));
    }

    /// The accounts of what a provider makes: of the one with this alias, else of the folder's own; empty where nothing says.
    pub(super) fn accounts(&self, alias: &str) -> Vec<String> {
        let of_provider = self.accounts.get(alias).filter(|accounts| !accounts.is_empty());
        let of_trust = Some(&self.of_trust).filter(|accounts| alias.is_empty() && accounts.len() == 1);
        of_provider.or(of_trust).into_iter().flatten().cloned().collect()
    }
}

/// The account in an ARN.
fn account(arn: &str) -> Option<String> {
    let account = arn.split(':').nth(4)?;
    (account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())).then(|| account.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, alias: &str) -> Vec<String> {
        let mut providers = Providers::default();
        providers.add(text);
        providers.accounts(alias)
    }

    #[test]
    fn accounts_are_read_where_the_code_says_them() {
        let one = "provider \"aws\" {\n  region = \"us-east-1\"\n  allowed_account_ids = [\"999988887777\"]\n}\n";
        assert_eq!(told(one, ""), ["999988887777"]);
        assert_eq!(told(one, "other"), Vec::<String>::new());
        let role = "provider \"aws\" {\n  alias = \"b\"\n  assume_role { role_arn = \"arn:aws:iam::444455556666:role/x\" }\n}\n";
        assert_eq!((told(role, "b"), told(role, "")), (vec!["444455556666".to_owned()], Vec::new()));
        let trust = "identifiers = [\"arn:aws:iam::111122223333:oidc-provider/token.example\"]";
        assert_eq!(told(trust, ""), ["111122223333"]);
        let other = "Federated = \"arn:aws:iam::444455556666:saml-provider/okta\"";
        assert_eq!(told(other, ""), ["444455556666"]);
        assert_eq!(told(&format!("{trust}\n{other}"), ""), Vec::<String>::new());
        // What is no principal of a trust says nothing of the account that the code is applied to.
        for elsewhere in [
            "# moved from arn:aws:iam::111122223333:oidc-provider/x",
            "resources = [\"arn:aws:iam::111122223333:oidc-provider/*\"]",
            "identifiers = [\"arn:aws:iam::${var.account}:oidc-provider/x\"]",
        ] {
            assert_eq!(told(elsewhere, ""), Vec::<String>::new(), "{elsewhere}");
        }
        // A name made of parts, and a provider of another system.
        assert_eq!(told("provider \"aws\" { allowed_account_ids = [var.account] }", ""), Vec::<String>::new());
        assert_eq!(told("provider \"vault\" { allowed_account_ids = [\"999988887777\"] }", ""), Vec::<String>::new());
    }
}
