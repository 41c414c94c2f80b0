//! The command line. Its help texts are the reference of the README and of the man page.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::offboard::Offboard;
use super::okta::OktaSources;
use super::path::Path as Way;
use super::reach::Reach;
use super::rotate::Rotate;
use super::searching::{Imports, Searching};
use super::show::Show;
use crate::model::Severity;
use crate::term::ColorChoice;

const EXIT_CODES: &str = "Exit codes:
  0  clean: all was looked at, and nothing reached --fail-on
  1  findings at or above --fail-on
  2  wrong usage, configuration or rules
  3  incomplete: something could not be looked at (accept with --allow-partial)
  130  interrupted

Environment:
  NONHUMAN_FINGERPRINT_KEY  passphrase under which found values are fingerprinted; set it before sharing reports
  NONHUMAN_OKTA_TOKEN, NONHUMAN_OKTA_CLIENT_ID, NONHUMAN_OKTA_PRIVATE_KEY or NONHUMAN_OKTA_PRIVATE_KEY_FILE (PEM or
  JWK), NONHUMAN_OKTA_KEY_ID  how --okta logs in; they are no flags, since others can see those";

/// Finds and audits non-human identities: service accounts, roles, access keys, tokens and hardcoded secrets.
///
/// Only reads what it scans and executes nothing of it. What it found goes only where you say: standard output, files, a
/// bucket (`--parts`), an address (`--webhook`, `--slack`).
#[derive(Debug, Parser)]
#[command(name = "nonhuman", version, after_help = EXIT_CODES)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Settings of every command.
    #[command(flatten)]
    pub global: Global,
}

/// Settings of every command.
#[derive(Debug, Args)]
pub struct Global {
    /// Read this configuration file in place of the nonhuman.toml of this directory or those above it
    #[arg(long, global = true, value_name = "FILE", env = "NONHUMAN_CONFIG", help_heading = "General")]
    pub config: Option<PathBuf>,
    /// Read no configuration file
    #[arg(long, global = true, help_heading = "General")]
    pub isolated: bool,
    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t, env = "NONHUMAN_COLOR", help_heading = "General")]
    pub color: ColorChoice,
    /// How to write remarks and logs to standard error
    #[arg(long, global = true, value_enum, default_value_t, env = "NONHUMAN_LOG", help_heading = "General")]
    pub log: LogForm,
    /// Say more about what is done; twice for details
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "General")]
    pub verbose: u8,
    /// Show no progress and no remarks; with -o, write nothing to standard output but a --format that no file has or took
    #[arg(short, long, global = true, help_heading = "General")]
    pub quiet: bool,
}

/// How remarks and logs are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogForm {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, also of how a scan ended.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read, join, judge and report
    Scan(Scan),
    /// Search source for hardcoded secrets: the gate for commits and pipelines
    ///
    /// The same engine, rules and reports as `scan`, for source alone: nothing else is read and nothing is joined.
    Secrets(Secrets),
    /// Read only: write what was found as records, one JSON object a line, for `evaluate`
    Collect(super::collect::Collect),
    /// Join, judge and report records that `collect` wrote
    Evaluate(Evaluate),
    /// Print the manifests that run shards on an engine
    Job(super::job::Job),
    /// Join, judge and report what the shards of `collect --shard` brought
    Merge(super::merge::Merge),
    /// Read, join and judge as `scan` does, and write an auditor's evidence pack
    Evidence(super::evidence::Evidence),
    /// Ask what an identity may do, and which statements decide it
    Access(super::access::Access),
    /// Show everything that is known of one identity, credential or secret
    Show(Show),
    /// Show what can be got to from one identity, agent, credential or secret
    Reach(Reach),
    /// Show the way from one thing to another
    Path(Way),
    /// Say what dies, is orphaned or stays open when a person leaves, and what to do in which order
    Offboard(Offboard),
    /// Say who uses a credential, and how to replace it without an outage
    Rotate(Rotate),
    /// List the rules and detectors, or prove them by their own examples
    Rules(super::rules::Rules),
    /// Explain a rule: what goes wrong, when it holds, what to do
    Explain(Explain),
    /// Say what changed between two scans: findings, identities, rights, owners, reach
    Diff(super::diff::Diff),
    /// Decide of findings: accept them, call them false, assign them; the decisions stand in the baseline
    Triage(super::triage::Triage),
    /// Show how findings and identities came and went over the scans of a history
    Trend(super::trend::Trend),
    /// Print the least rights that a live source needs, or with --plan the calls it makes
    Permissions(Permissions),
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// What to read.
#[derive(Debug, Default, Args)]
pub(super) struct Sources {
    /// Trees and files to search [default: this directory, when nothing else is to be read]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    pub searching: Searching,
    /// Search the trees and files that this list names, too, one a line
    #[arg(long, value_name = "FILE", help_heading = "Sources")]
    pub targets: Vec<PathBuf>,
    /// Search every folder in this folder as a tree of its own: clones of repositories, bare ones too
    #[arg(long, value_name = "DIR", help_heading = "Sources")]
    pub trees_in: Vec<PathBuf>,
    /// Read the AWS account of the usual credential chain
    #[arg(long, env = "NONHUMAN_AWS", value_parser = clap::builder::FalseyValueParser::new(), help_heading = "Sources")]
    pub aws: bool,
    /// Use this profile of the AWS configuration
    #[arg(long, value_name = "NAME", env = "NONHUMAN_AWS_PROFILE", help_heading = "Sources")]
    pub aws_profile: Option<String>,
    /// Ask the services of these regions only, separated by commas [default: all that are switched on]
    #[arg(long, value_name = "REGIONS", value_delimiter = ',', env = "NONHUMAN_AWS_REGIONS", help_heading = "Sources")]
    pub aws_regions: Vec<String>,
    /// Read every active account of the organisation, through this role in each (its name, not its ARN)
    #[arg(long, value_name = "NAME", env = "NONHUMAN_AWS_ROLE", help_heading = "Sources")]
    pub aws_role: Option<String>,
    /// Ask IAM which services this many identities of each account used, those used last first; two calls each
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        hide_default_value = true,
        env = "NONHUMAN_AWS_LAST_ACCESSED",
        help_heading = "Sources"
    )]
    pub aws_last_accessed: usize,
    /// Read the accounts that this list names in place of the organisation's, one id a line
    #[arg(long, value_name = "FILE", requires = "aws_role", help_heading = "Sources")]
    pub aws_accounts: Option<PathBuf>,
    /// Read answers of AWS from files: `aws iam get-account-authorization-details` and its like; a file or a folder
    #[arg(long, value_name = "PATH", help_heading = "Sources")]
    pub aws_export: Vec<PathBuf>,
    /// Read the cluster of the current kubeconfig context, or the one this runs in
    #[arg(long, env = "NONHUMAN_KUBERNETES", value_parser = clap::builder::FalseyValueParser::new(), help_heading = "Sources")]
    pub kubernetes: bool,
    /// Read the cluster of this kubeconfig context
    #[arg(long, value_name = "NAME", help_heading = "Sources")]
    pub context: Vec<String>,
    /// Read the clusters of the kubeconfig contexts that this list names, too, one a line
    #[arg(long, value_name = "FILE", help_heading = "Sources")]
    pub contexts: Option<PathBuf>,
    /// Let programs that the kubeconfig names run to log in (aws, gke-gcloud-auth-plugin, kubelogin …)
    #[arg(long, env = "NONHUMAN_KUBERNETES_ALLOW_EXEC", value_parser = clap::builder::FalseyValueParser::new(), help_heading = "Sources")]
    pub kubernetes_allow_exec: bool,
    /// Read the values of Secrets, too, and compare them by keyed fingerprint with each other and with what is found in
    /// files; they are neither kept nor shown
    #[arg(long, env = "NONHUMAN_KUBERNETES_SECRET_VALUES", value_parser = clap::builder::FalseyValueParser::new(), help_heading = "Sources")]
    pub kubernetes_secret_values: bool,
    /// Read when service accounts were last used from an API server's audit log (JSON lines), of this cluster or of the
    /// one that is read
    #[arg(long, value_name = "[CLUSTER=]FILE", help_heading = "Sources")]
    pub kubernetes_audit_log: Vec<String>,
    /// Read a dump as `kubectl get … -o json|yaml` writes it; a file or a folder, with the name of its cluster before it
    #[arg(long, value_name = "[CLUSTER=]PATH", help_heading = "Sources")]
    pub kubernetes_export: Vec<String>,
    #[command(flatten)]
    pub okta: OktaSources,
    /// Read who is there and who has left, from a CSV with the columns email, name, team, status, left_on
    #[arg(long, value_name = "FILE", help_heading = "Sources")]
    pub people: Vec<PathBuf>,
    /// Read a list of API keys, as Anthropic, OpenAI or GitHub answers it (JSON): found keys are known by their ends in it
    #[arg(long, value_name = "FILE", help_heading = "Sources")]
    pub keys: Vec<PathBuf>,
    /// Read what the clients of AI agents keep in this home directory, at known places alone: servers, approvals, tokens
    #[arg(long, value_name = "DIR", help_heading = "Sources")]
    pub home: Vec<PathBuf>,
    /// Look for AI agents in the searched trees, which is done anyway: takes --no-agents or NONHUMAN_NO_AGENTS back
    #[arg(long, overrides_with = "no_agents", help_heading = "Sources")]
    pub agents: bool,
    /// Do not look for AI agents in the searched trees
    #[arg(long, env = "NONHUMAN_NO_AGENTS", value_parser = clap::builder::FalseyValueParser::new(), conflicts_with = "home", overrides_with = "agents", help_heading = "Sources")]
    pub no_agents: bool,
    /// Do not use exports, dumps and people directories that lie in the searched trees
    #[arg(long, help_heading = "Sources")]
    pub no_discover: bool,
    /// Give up on one account, cluster or tree after this many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, env = "NONHUMAN_DEADLINE", help_heading = "Searching")]
    pub deadline: u64,
    /// Judge ages as of this time, such as 2026-11-22 [default: the clock]
    #[arg(long, value_name = "TIME", env = "NONHUMAN_NOW", help_heading = "General")]
    pub now: Option<String>,
}

/// What standard output is written as where nothing else is asked for.
pub(super) const DEFAULT_FORMAT: &str = "table";

/// How to judge and report.
#[derive(Debug, Args)]
pub(super) struct Reporting {
    /// Write this format to standard output: table, json, jsonl, csv, csv-inventory, sarif, github, gitlab, junit,
    /// markdown, html, parquet or parquet-inventory
    #[arg(long, value_name = "FORMAT", default_value = DEFAULT_FORMAT, env = "NONHUMAN_FORMAT", help_heading = "Report")]
    pub format: String,
    /// Write a file, too; its ending says the format (.json, .jsonl, .csv, .inventory.csv, .sarif, .txt, .gitlab.json,
    /// .junit.xml, .md, .html, .github.txt, .parquet, .inventory.parquet)
    #[arg(short, long, value_name = "FILE", help_heading = "Report")]
    pub output: Vec<PathBuf>,
    /// Exit with 1 when there is a finding of this severity or above [default: medium]
    #[arg(long, value_name = "SEVERITY", env = "NONHUMAN_FAIL_ON", help_heading = "Report")]
    pub fail_on: Option<Severity>,
    /// Leave findings below this severity out of the report; they are counted [default: info]
    #[arg(long, value_name = "SEVERITY", env = "NONHUMAN_MIN_SEVERITY", help_heading = "Report")]
    pub min_severity: Option<Severity>,
    /// Hide the findings that this file accepts; they are counted
    #[arg(long, value_name = "FILE", env = "NONHUMAN_BASELINE", help_heading = "Report")]
    pub baseline: Option<PathBuf>,
    /// Accept all findings about secrets in files: write them to the baseline, with the words that stand there already
    #[arg(long, help_heading = "Report")]
    pub write_baseline: bool,
    /// Show only what the baseline does not accept, and with a history only what the last scan did not see; or all with
    /// what is accepted marked [default: what the baseline does not accept]
    #[arg(long, value_enum, value_name = "new|all", help_heading = "Report")]
    pub only: Option<Only>,
    #[command(flatten)]
    pub remembering: super::memory::Remembering,
    /// Write an auditor's evidence pack into this folder, too: reports, review sheet, rules as used, OSCAL, hashes
    #[arg(long, value_name = "DIR", help_heading = "Report")]
    pub evidence: Option<PathBuf>,
    #[command(flatten)]
    pub telling: super::telling::Telling,
    /// Do not exit with 1 for findings
    #[arg(long, help_heading = "Report")]
    pub exit_zero: bool,
    /// Do not exit with 3 when something could not be looked at
    #[arg(long, help_heading = "Report")]
    pub allow_partial: bool,
    /// Read further rules from this folder; a rule of the same name replaces ours
    #[arg(long, value_name = "DIR", env = "NONHUMAN_RULES", help_heading = "Report")]
    pub rules: Option<PathBuf>,
}

/// Which findings are shown where there is a baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Only {
    /// Those that it does not accept.
    New,
    /// All.
    All,
}

/// `nonhuman scan`
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct Scan {
    #[command(flatten)]
    pub(super) sources: Sources,
    #[command(flatten)]
    pub(super) reporting: Reporting,
}

/// `nonhuman secrets`
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct Secrets {
    /// Trees and files to search; `-` for standard input [default: this directory]
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Search the files of this list, one a line or separated by zero bytes; `-` for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["paths", "selection"], help_heading = "Searching")]
    pub(super) files_from: Option<PathBuf>,
    /// Call what comes from standard input by this path
    #[arg(long, value_name = "PATH", requires = "paths", help_heading = "Searching")]
    pub(super) stdin_name: Option<String>,
    #[command(flatten)]
    pub(super) searching: Searching,
    /// Give up on one tree after this many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, env = "NONHUMAN_DEADLINE", help_heading = "Searching")]
    pub(super) deadline: u64,
    /// Judge ages as of this time, such as 2026-11-22 [default: the clock]
    #[arg(long, value_name = "TIME", env = "NONHUMAN_NOW", help_heading = "General")]
    pub(super) now: Option<String>,
    #[command(flatten)]
    pub(super) reporting: Reporting,
}

/// `nonhuman evaluate`
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct Evaluate {
    /// Files that `collect` wrote; `-` for standard input
    #[arg(value_name = "RECORDS", required = true)]
    pub(super) records: Vec<PathBuf>,
    /// Judge ages as of this time, such as 2026-11-22 [default: the clock]
    #[arg(long, value_name = "TIME", env = "NONHUMAN_NOW", help_heading = "General")]
    pub(super) now: Option<String>,
    #[command(flatten)]
    pub(super) reporting: Reporting,
}

/// `nonhuman explain`
#[derive(Debug, Args)]
pub struct Explain {
    /// The rule or detector
    #[arg(value_name = "RULE")]
    pub(super) rule: String,
    /// Read further rules from this folder; a rule of the same name replaces ours
    #[arg(long, value_name = "DIR", env = "NONHUMAN_RULES")]
    pub(super) rules: Option<PathBuf>,
    #[command(flatten)]
    pub(super) imports: Imports,
}

/// `nonhuman permissions`
#[derive(Debug, Args)]
pub struct Permissions {
    /// The source
    #[arg(value_name = "SOURCE")]
    pub(super) source: LiveSource,
    /// List the calls it makes, how often, and the command that exports the same, in place of the rights
    #[arg(long)]
    pub(super) plan: bool,
}

/// A source that asks a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum LiveSource {
    /// An AWS account.
    Aws,
    /// A Kubernetes cluster.
    Kubernetes,
    /// An Okta organisation.
    Okta,
}
