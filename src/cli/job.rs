//! `nonhuman job kubernetes`: prints the manifests of `deploy/kubernetes/indexed-job.yaml` with the user's values. Sends
//! nothing to a cluster.

use clap::{Args, Subcommand};

use super::{Failure, output};
use crate::exit::Exit;

const TEMPLATE: &str = include_str!("../../deploy/kubernetes/indexed-job.yaml");

/// Where the volume for the parts is mounted.
const FOLDER: &str = "/parts";

/// `nonhuman job`
#[derive(Debug, Args)]
pub struct Job {
    #[command(subcommand)]
    engine: Engine,
}

#[derive(Debug, Subcommand)]
enum Engine {
    /// An Indexed Job that collects shards, and a Job that merges them
    Kubernetes(Kubernetes),
}

#[derive(Debug, Args)]
struct Kubernetes {
    /// Into how many shards the targets are cut; four to ten times --parallelism keeps all machines busy to the end
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    shards: u32,
    /// How many run at once
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    parallelism: u32,
    /// The image with nonhuman
    #[arg(long, value_name = "IMAGE")]
    image: String,
    /// The namespace
    #[arg(long, value_name = "NAME", default_value = "nonhuman")]
    namespace: String,
    /// The volume claim for the report, and for the parts where they go to no bucket: every node must then be able to mount it
    #[arg(long, value_name = "NAME", default_value = "nonhuman")]
    claim: String,
    /// Where the parts go: a folder of that volume, or a bucket (s3://, gs://, az://)
    #[arg(long, value_name = "PLACE", default_value = FOLDER)]
    parts: String,
    /// The volume claim with a folder for each repository, bare or not
    #[arg(long, value_name = "NAME", default_value = "clones")]
    clones: String,
}

pub(super) fn run(arguments: &Job) -> Result<Exit, Failure> {
    let Engine::Kubernetes(job) = &arguments.engine;
    for (flag, value) in [
        ("--image", &job.image),
        ("--namespace", &job.namespace),
        ("--claim", &job.claim),
        ("--clones", &job.clones),
        ("--parts", &job.parts),
    ] {
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-._/:@".contains(letter);
        if value.is_empty() || !value.chars().all(is_plain) {
            return Err(Failure(format!("{flag} '{value}': expected letters, digits and any of - . _ / : @")));
        }
    }
    let is_folder = job.parts == FOLDER || job.parts.starts_with("/parts/");
    if !is_folder && !job.parts.contains("://") {
        return Err(Failure(format!("--parts {}: expected /parts, a folder in it, s3://, gs:// or az://", job.parts)));
    }
    let values = [
        ("shards", job.shards.to_string()),
        ("parallelism", job.parallelism.to_string()),
        ("image", job.image.clone()),
        ("namespace", job.namespace.clone()),
        ("claim", job.claim.clone()),
        ("clones", job.clones.clone()),
        ("parts", job.parts.clone()),
    ];
    let lines = TEMPLATE.lines().filter_map(|line| match line.strip_suffix(" # folder") {
        Some(_) if !is_folder => None,
        Some(line) => Some(line),
        None => Some(line),
    });
    let text: String = lines.map(|line| filled(line, &values) + "\n").collect();
    output::to_stdout(|out| out.write_all(text.as_bytes()))?;
    Ok(Exit::Clean)
}

/// A line that ends in a comment with the name of a value, with that value; every other line as it is.
fn filled(line: &str, values: &[(&str, String)]) -> String {
    let Some((told, name)) = line.rsplit_once(" # ") else { return line.to_owned() };
    let Some((_, value)) = values.iter().find(|(known, _)| *known == name) else { return line.to_owned() };
    if told.starts_with('#') {
        return told.replace(" -n nonhuman ", &format!(" -n {value} "));
    }
    if name == "parts" {
        return format!("{} # {name}", told.replace(FOLDER, value));
    }
    let Some((key, old)) = told.split_once(": ") else { return line.to_owned() };
    let quote = if old.starts_with('"') { "\"" } else { "" };
    format!("{key}: {quote}{value}{quote} # {name}")
}
