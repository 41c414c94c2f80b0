//! Where each service of each partition answers, and for which region and service its requests are signed. It must not
//! make requests.
//!
//! Source: AWS General Reference, "Service endpoints and quotas"; "AWS China" and "AWS GovCloud (US)" endpoints.

/// Where a service answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// The URL of its origin.
    pub(super) url: String,
    /// The region that requests are signed for.
    pub(super) region: String,
    /// The service that requests are signed for.
    pub(super) signing: &'static str,
}

/// The region in which services without regions live.
pub(super) fn home(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "cn-north-1",
        "aws-us-gov" => "us-gov-west-1",
        "aws-iso" => "us-iso-east-1",
        "aws-iso-b" => "us-isob-east-1",
        "aws-eusc" => "eusc-de-east-1",
        _ => "us-east-1",
    }
}

fn suffix(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "amazonaws.com.cn",
        "aws-iso" => "c2s.ic.gov",
        "aws-iso-b" => "sc2s.sgov.gov",
        "aws-eusc" => "amazonaws.eu",
        _ => "amazonaws.com",
    }
}

/// The endpoint of a service as the AWS CLI names it. `given` is an endpoint for every service, as a test or a proxy has.
pub(super) fn endpoint(service: &str, partition: &str, region: &str, given: Option<&str>) -> Endpoint {
    let (host, signing) = names(service);
    let region = match (service, partition) {
        ("organizations", "aws-cn") => "cn-northwest-1",
        ("organizations" | "iam", _) => home(partition),
        _ if region.is_empty() => home(partition),
        _ => region,
    };
    let suffix = suffix(partition);
    let url = match (given, service, partition) {
        (Some(given), ..) => given.trim_end_matches('/').to_owned(),
        (None, "iam", "aws") => format!("https://iam.{suffix}"),
        (None, "iam", "aws-us-gov") => format!("https://iam.us-gov.{suffix}"),
        _ => format!("https://{host}.{region}.{suffix}"),
    };
    Endpoint { url, region: region.to_owned(), signing }
}

/// The first part of a service's host, and the name it signs by.
fn names(service: &str) -> (&'static str, &'static str) {
    match service {
        "accessanalyzer" => ("access-analyzer", "access-analyzer"),
        "bedrock-agent" => ("bedrock-agent", "bedrock"),
        "bedrock-agentcore-control" => ("bedrock-agentcore-control", "bedrock-agentcore"),
        "cloudtrail" => ("cloudtrail", "cloudtrail"),
        "codebuild" => ("codebuild", "codebuild"),
        "ec2" => ("ec2", "ec2"),
        "ecs" => ("ecs", "ecs"),
        "eks" => ("eks", "eks"),
        "glue" => ("glue", "glue"),
        "iam" => ("iam", "iam"),
        "identitystore" => ("identitystore", "identitystore"),
        "kms" => ("kms", "kms"),
        "lambda" => ("lambda", "lambda"),
        "organizations" => ("organizations", "organizations"),
        "rolesanywhere" => ("rolesanywhere", "rolesanywhere"),
        "s3api" => ("s3", "s3"),
        "sagemaker" => ("api.sagemaker", "sagemaker"),
        "secretsmanager" => ("secretsmanager", "secretsmanager"),
        "sns" => ("sns", "sns"),
        "sqs" => ("sqs", "sqs"),
        "ssm" => ("ssm", "ssm"),
        "sso-admin" => ("sso", "sso"),
        "stepfunctions" => ("states", "states"),
        _ => ("sts", "sts"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::calls::{self, Wire};
    use super::endpoint;

    #[test]
    fn every_partition_has_its_own_hosts() {
        let url = |service, partition, region| endpoint(service, partition, region, None).url;
        assert_eq!(url("lambda", "aws", "eu-central-1"), "https://lambda.eu-central-1.amazonaws.com");
        assert_eq!(url("lambda", "aws-cn", "cn-north-1"), "https://lambda.cn-north-1.amazonaws.com.cn");
        assert_eq!(url("iam", "aws", "eu-west-1"), "https://iam.amazonaws.com");
        assert_eq!(url("iam", "aws-us-gov", "us-gov-east-1"), "https://iam.us-gov.amazonaws.com");
        assert_eq!(url("organizations", "aws", "eu-west-1"), "https://organizations.us-east-1.amazonaws.com");
        assert_eq!(endpoint("iam", "aws-us-gov", "", None).region, "us-gov-west-1");
        assert_eq!(endpoint("sqs", "aws", "", Some("http://127.0.0.1:1/")).url, "http://127.0.0.1:1");
    }

    #[test]
    fn every_service_of_the_table_has_an_endpoint() {
        for call in calls::all().filter(|call| !matches!(call.wire, Wire::Sdk)) {
            assert_ne!(super::names(call.service).0, "sts", "{} is missing", call.service);
        }
    }
}
