//! The policies that AWS keeps, as this program knows them, for exports that name one and do not hold it. It must not stand
//! in for a document that was read.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};

use flate2::read::GzDecoder;
use serde_json::Value;

use super::site::{Site, some_of};
use crate::embedded;
use crate::model::{CoverageEntry, Evidence, Location, Policy, PolicyLanguage, Record, Urn};

/// When the documents were taken; see `rules/facts/NOTICE`.
const AS_OF: &str = "November 2026";

/// More bytes than this are not our own file.
const MOST: u64 = 64 << 20;

/// The policies of these ARNs that are known, and the ARNs that are not.
pub(super) fn known<'a>(arns: &[&'a str], site: &Site) -> (Vec<Record>, Vec<&'a str>) {
    let documents = documents(arns);
    let missing = arns.iter().filter(|arn| !documents.contains_key(*arn)).copied().collect();
    let mut records: Vec<Record> = Vec::with_capacity(documents.len() + 1);
    let names: Vec<&str> = documents.keys().map(|arn| name(arn).unwrap_or(arn)).collect();
    if !names.is_empty() {
        records.push(Record::Coverage(told(&names, site)));
    }
    records.extend(documents.into_iter().map(|(arn, document)| Record::Policy(policy(arn, document, site))));
    (records, missing)
}

fn told(names: &[&str], site: &Site) -> CoverageEntry {
    let mut entry = site.complete("AWS-managed policies", names.len() as u64);
    entry.detail = Some(format!("not in the answer, judged as AWS published them in {AS_OF}: {}", some_of(names)));
    entry
}

fn policy(arn: &str, document: Value, site: &Site) -> Policy {
    let location = Location::Api { call: format!("AWS-managed policies of {AS_OF}").into(), resource: arn.into() };
    Policy {
        id: Urn::new(arn),
        name: arn.rsplit('/').next().unwrap_or(arn).to_owned(),
        language: PolicyLanguage::AwsIam,
        tenant: site.account.id.clone(),
        builtin: true,
        document: document.into(),
        other_versions: Vec::new(),
        evidence: Evidence { observed: site.now, collector: super::NAME.into(), location },
    }
}

/// The path and name of a managed policy, the same in every partition.
fn name(arn: &str) -> Option<&str> {
    arn.split_once(":iam::aws:policy/").map(|(_, name)| name)
}

fn documents<'a>(arns: &[&'a str]) -> BTreeMap<&'a str, Value> {
    let wanted: BTreeMap<&str, &str> = arns.iter().filter_map(|arn| Some((name(arn)?, *arn))).collect();
    let mut found = BTreeMap::new();
    if wanted.is_empty() {
        return found;
    }
    let packed = embedded::packed("aws-managed-policies.gz");
    for line in BufReader::new(GzDecoder::new(packed).take(MOST)).lines().map_while(Result::ok) {
        let Some((name, text)) = line.split_once('\t') else { continue };
        let Some(arn) = wanted.get(name) else { continue };
        // Elsewhere AWS writes the same policies with the ARNs of that partition.
        let partition = arn.split(':').nth(1).unwrap_or("aws");
        let text =
            if partition == "aws" { text.to_owned() } else { text.replace("arn:aws:", &format!("arn:{partition}:")) };
        if let Ok(document) = serde_json::from_str(&text) {
            found.insert(*arn, document);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::documents;

    #[test]
    fn policies_of_aws_are_known_in_every_partition() {
        let arns = [
            "arn:aws:iam::aws:policy/AdministratorAccess",
            "arn:aws-us-gov:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
            "arn:aws-cn:iam::aws:policy/AmazonS3OutpostsFullAccess",
            "arn:aws:iam::aws:policy/NoSuchPolicy",
            "arn:aws:iam::111122223333:policy/AdministratorAccess",
        ];
        let found = documents(&arns);
        assert_eq!(found.len(), 3);
        assert_eq!(found[arns[0]]["Statement"][0]["Action"], "*");
        assert!(found[arns[2]].to_string().contains("arn:aws-cn:") || !found[arns[2]].to_string().contains("arn:aws"));
    }
}
