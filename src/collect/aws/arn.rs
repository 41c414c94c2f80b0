//! Reads the account and partition out of ARNs. It must not check that anything behind them exists.

use std::fmt;

/// An account id with the partition it lives in (`aws`, `aws-cn`, `aws-us-gov` …).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Account {
    /// Twelve digits.
    pub(super) id: String,
    /// The first part of its ARNs.
    pub(super) partition: String,
}

impl Account {
    /// The account that an ARN names, if it names one; AWS-managed policies (`arn:aws:iam::aws:…`) do not.
    pub(super) fn of_arn(arn: &str) -> Option<Self> {
        let mut parts = arn.splitn(6, ':');
        if parts.next() != Some("arn") {
            return None;
        }
        let partition = parts.next().filter(|partition| !partition.is_empty())?;
        let id = parts.nth(2).filter(|id| is_account_id(id))?;
        parts.next()?;
        Some(Self { id: id.to_owned(), partition: partition.to_owned() })
    }

    /// The ARN of an IAM thing of this account.
    pub(super) fn iam_arn(&self, resource: &str) -> String {
        format!("arn:{}:iam::{}:{resource}", self.partition, self.id)
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

/// Whether a text is twelve digits.
pub(super) fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a policy is written and kept by AWS.
pub(super) fn is_aws_managed(policy_arn: &str) -> bool {
    policy_arn.starts_with("arn:") && policy_arn.split(':').nth(4) == Some("aws")
}

#[cfg(test)]
mod tests {
    use super::{Account, is_aws_managed};

    #[test]
    fn accounts_of_every_partition() {
        for partition in ["aws", "aws-cn", "aws-us-gov"] {
            let account = Account::of_arn(&format!("arn:{partition}:iam::123456789012:user/a:b")).unwrap();
            assert_eq!((account.id.as_str(), account.partition.as_str()), ("123456789012", partition));
            assert_eq!(account.iam_arn("root"), format!("arn:{partition}:iam::123456789012:root"));
        }
        for bad in ["", "arn", "arn:aws:iam::123456789012", "arn:aws:iam::aws:policy/X", "arn::iam::123456789012:root"]
        {
            assert_eq!(Account::of_arn(bad), None, "{bad}");
        }
        assert!(is_aws_managed("arn:aws-cn:iam::aws:policy/AdministratorAccess"));
        assert!(!is_aws_managed("arn:aws:iam::123456789012:policy/x"));
    }
}
