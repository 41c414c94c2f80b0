//! The configuration file and the environment. Flags win over the environment, that over the file, that over defaults.
//!
//! INVARIANT: the file comes from the caller's own directory (or `--config`), never from a scanned tree: a scanned tree
//! must not be able to mute its scan.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::model::{FingerprintKey, Severity};
use crate::rules::Override;

/// The name of the configuration file.
const FILE_NAME: &str = "nonhuman.toml";
/// The environment variable with the passphrase for fingerprints.
const KEY_VARIABLE: &str = "NONHUMAN_FINGERPRINT_KEY";
/// The environment variable with the secret that signs webhooks.
const WEBHOOK_SECRET_VARIABLE: &str = "NONHUMAN_WEBHOOK_SECRET";
/// The environment variable in which git tells a hook which index it is about to commit.
const GIT_INDEX_VARIABLE: &str = "GIT_INDEX_FILE";

/// What `nonhuman.toml` may say.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// Findings at or above this severity make the exit code 1.
    pub fail_on: Option<Severity>,
    /// Findings below this severity are counted and not shown.
    pub min_severity: Option<Severity>,
    /// A folder with further rules, relative to this file.
    pub rules_dir: Option<PathBuf>,
    /// Accepted findings, relative to this file.
    pub baseline: Option<PathBuf>,
    /// The memory of scans, relative to this file.
    pub history_file: Option<PathBuf>,
    /// People directories, relative to this file.
    #[serde(default)]
    pub people: Vec<PathBuf>,
    /// Lists of API keys as their providers answer them, relative to this file.
    #[serde(default)]
    pub keys: Vec<PathBuf>,
    /// What trees are called, by their paths, relative to this file.
    #[serde(default)]
    pub trees: BTreeMap<PathBuf, String>,
    /// The AI agents that the organisation knows, by name or by their names in the graph; `*` stands for anything.
    #[serde(default)]
    pub registered_agents: Vec<String>,
    /// What to know about Okta.
    #[serde(default)]
    pub okta: OktaConfig,
    /// What to change of single rules.
    #[serde(default)]
    pub rules: BTreeMap<String, Override>,
    /// The file this was read from.
    #[serde(skip)]
    pub file: Option<PathBuf>,
}

/// The section `[okta]`. The organisation's URL is not in it: a token of the environment must not be sent to a host that a
/// file of some directory names.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct OktaConfig {
    /// Further names of apps that people use AI by.
    #[serde(default)]
    pub ai_apps: Vec<String>,
}

/// How to log in to Okta, as the environment says. It has no `Debug`.
pub struct OktaEnvironment {
    /// An API token.
    pub token: Option<String>,
    /// The client id of a service app.
    pub client_id: Option<String>,
    /// Its private key, as PEM or JWK.
    pub private_key: Option<String>,
    /// The file with its private key.
    pub private_key_file: Option<PathBuf>,
    /// The id of the key.
    pub key_id: Option<String>,
}

/// Reads how to log in to Okta.
pub fn okta_environment() -> OktaEnvironment {
    let text = |name: &str| std::env::var(name).ok().filter(|text| !text.trim().is_empty());
    OktaEnvironment {
        token: text("NONHUMAN_OKTA_TOKEN"),
        client_id: text("NONHUMAN_OKTA_CLIENT_ID"),
        private_key: text("NONHUMAN_OKTA_PRIVATE_KEY"),
        private_key_file: text("NONHUMAN_OKTA_PRIVATE_KEY_FILE").map(PathBuf::from),
        key_id: text("NONHUMAN_OKTA_KEY_ID"),
    }
}

/// Where to take the configuration from.
#[derive(Clone, Debug)]
pub enum Source {
    /// The caller's directory and those above it, up to the root of its repository.
    Discover,
    /// This file.
    File(PathBuf),
    /// Nowhere.
    Isolated,
}

impl Config {
    /// Reads the configuration.
    ///
    /// # Errors
    /// Names file, line and column and what is wrong there.
    pub fn load(source: &Source) -> Result<Self, String> {
        let file = match source {
            Source::Isolated => None,
            Source::File(file) => Some(file.clone()),
            Source::Discover => std::env::current_dir().ok().and_then(|directory| find(&directory)),
        };
        let Some(file) = file else { return Ok(Self::default()) };
        let text = std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let mut config: Self = toml::from_str(&text).map_err(|error| place(&file, &text, &error))?;
        let base = file.parent().unwrap_or(Path::new("")).to_owned();
        config.rules_dir = config.rules_dir.map(|path| base.join(path));
        config.baseline = config.baseline.map(|path| base.join(path));
        config.history_file = config.history_file.map(|path| base.join(path));
        config.trees = config.trees.into_iter().map(|(path, name)| (base.join(path), name)).collect();
        config.people = config.people.into_iter().map(|path| base.join(path)).collect();
        config.keys = config.keys.into_iter().map(|path| base.join(path)).collect();
        config.file = Some(file);
        Ok(config)
    }
}

fn find(directory: &Path) -> Option<PathBuf> {
    for directory in directory.ancestors() {
        let file = directory.join(FILE_NAME);
        if file.is_file() {
            return Some(file);
        }
        if directory.join(".git").exists() {
            return None;
        }
    }
    None
}

fn place(file: &Path, text: &str, error: &toml::de::Error) -> String {
    let offset = error.span().map_or(0, |span| span.start).min(text.len());
    let before = text.get(..offset).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |rest| rest.chars().count()) + 1;
    format!("{}:{line}:{column}: {}", file.display(), error.message())
}

/// The key for fingerprints of secrets: from the environment, so that it lies in no file, else the built-in one.
pub fn fingerprint_key() -> FingerprintKey {
    match std::env::var(KEY_VARIABLE) {
        Ok(passphrase) if !passphrase.is_empty() => FingerprintKey::from_passphrase(&passphrase),
        _ => FingerprintKey::default(),
    }
}

/// The secret that signs webhooks: from the environment, so that it lies in no file and on no command line.
pub fn webhook_secret() -> Option<String> {
    std::env::var(WEBHOOK_SECRET_VARIABLE).ok().filter(|secret| !secret.is_empty())
}

/// The variables with which object stores are found and entered, as their own tools name them; AWS reads its own.
const BUCKET_VARIABLES: &[&str] = &[
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "GOOGLE_OAUTH_ACCESS_TOKEN",
    "GCE_METADATA_HOST",
    "STORAGE_EMULATOR_HOST",
    "AZURE_STORAGE_ACCOUNT",
    "AZURE_STORAGE_ACCOUNT_NAME",
    "AZURE_STORAGE_BLOB_ENDPOINT",
    "AZURE_STORAGE_SAS_TOKEN",
    "AZURE_CLIENT_ID",
    "AZURE_TENANT_ID",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_AUTHORITY_HOST",
];

/// One of the variables of object stores, where it is set.
pub fn bucket_variable(name: &str) -> Option<String> {
    let known = BUCKET_VARIABLES.iter().find(|known| **known == name)?;
    std::env::var(known).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The files of the list that `KUBECONFIG` is, but for those that are not there, which kubectl passes over, too (Kubernetes
/// documentation, "Organizing Cluster Access Using kubeconfig Files"). None where it names one file or nothing.
pub fn kubeconfigs() -> Vec<PathBuf> {
    let list = std::env::var_os("KUBECONFIG").unwrap_or_default();
    let named: Vec<PathBuf> = std::env::split_paths(&list).filter(|path| !path.as_os_str().is_empty()).collect();
    if named.len() > 1 { named.into_iter().filter(|path| path.exists()).collect() } else { Vec::new() }
}

/// Engines that start one program many times: the variable with the number of this run, its first number, and the variable
/// with how many there are. Sources: Kubernetes "Indexed Job" (the number of runs is not told, so it is ours), AWS Batch
/// "Array jobs", Cloud Run jobs "Environment variables", GitLab CI "parallel", Slurm "Job Array Support".
const ENGINES: &[(&str, u64, &str)] = &[
    ("JOB_COMPLETION_INDEX", 0, "NONHUMAN_SHARDS"),
    ("AWS_BATCH_JOB_ARRAY_INDEX", 0, "AWS_BATCH_JOB_ARRAY_SIZE"),
    ("CLOUD_RUN_TASK_INDEX", 0, "CLOUD_RUN_TASK_COUNT"),
    ("CI_NODE_INDEX", 1, "CI_NODE_TOTAL"),
    ("SLURM_ARRAY_TASK_ID", 0, "SLURM_ARRAY_TASK_COUNT"),
];

/// Pipelines that say what they checked out: the variable with the folder, and those that the address of the repository is made
/// of. A checkout without git has no other word for where it comes from. Sources: GitHub Actions "Default environment variables",
/// GitLab "Predefined CI/CD variables", Bitbucket "Variables and secrets", Azure Pipelines "Predefined variables".
const CHECKOUTS: &[(&str, &[&str])] = &[
    ("GITHUB_WORKSPACE", &["GITHUB_SERVER_URL", "GITHUB_REPOSITORY"]),
    ("CI_PROJECT_DIR", &["CI_PROJECT_URL"]),
    ("BITBUCKET_CLONE_DIR", &["BITBUCKET_GIT_HTTP_ORIGIN"]),
    ("BUILD_SOURCESDIRECTORY", &["BUILD_REPOSITORY_URI"]),
];

/// The folder that a pipeline checked out and the address of its repository; `None` outside of one.
pub fn checkout() -> Option<(PathBuf, String)> {
    let text = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
    CHECKOUTS.iter().find_map(|(folder, parts)| {
        let parts: Vec<String> = parts.iter().map(|name| text(name)).collect::<Option<_>>()?;
        Some((PathBuf::from(text(folder)?), parts.join("/")))
    })
}

/// Which of how many runs this is, counted from 1; `None` where no engine says.
///
/// # Errors
/// Names the variable that is missing, no number, or beyond the number of shards.
pub fn shard() -> Result<Option<(u64, u64)>, String> {
    let number = |name: &str| {
        let text = std::env::var(name).map_err(|_| format!("{name} is not set"))?;
        text.trim().parse::<u64>().map_err(|_| format!("{name} is no number: '{text}'"))
    };
    let Some((index, first, count)) = ENGINES.iter().find(|(index, ..)| std::env::var_os(index).is_some()) else {
        return Ok(None);
    };
    // An array of Slurm begins where its user wants.
    let first = if *index == "SLURM_ARRAY_TASK_ID" { number("SLURM_ARRAY_TASK_MIN").unwrap_or(0) } else { *first };
    // And goes in steps, where its user wants that.
    let step = if *index == "SLURM_ARRAY_TASK_ID" { number("SLURM_ARRAY_TASK_STEP").unwrap_or(1).max(1) } else { 1 };
    let shard = number(index)?.checked_sub(first).ok_or_else(|| format!("{index} is below {first}"))?;
    let (shard, of) = (shard / step + 1, number(count)?);
    if shard > of {
        let (told, is) = (number(index)?, format!("{index}, counted from {first},"));
        return Err(format!("there is no shard {shard} of {of}: {is} is {told}, and {count} is {of}"));
    }
    Ok(Some((shard, of)))
}

/// The index that a hook of git is asked about: that of `git commit -a` and of `git commit FILE` is not the repository's.
pub fn git_index_file() -> Option<PathBuf> {
    std::env::var_os(GIT_INDEX_VARIABLE).filter(|name| !name.is_empty()).map(PathBuf::from)
}
