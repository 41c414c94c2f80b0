//! The flags that say what of source trees is searched, and how. Reads nothing.

use std::path::PathBuf;

use clap::Args;

/// Rules and decisions of other tools.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Imports {
    /// Search by the rules of this gitleaks or betterleaks configuration, too
    #[arg(long, global = true, value_name = "FILE", env = "NONHUMAN_RULES_FROM", help_heading = "Searching")]
    pub rules_from: Vec<PathBuf>,
}

/// What of source trees is searched, and how.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Searching {
    /// Search everything that any commit ever added, not the files that lie there
    #[arg(long, group = "selection", help_heading = "Searching")]
    pub history: bool,
    /// Search what is staged for the next commit, as it lies in the index
    #[arg(long, group = "selection", help_heading = "Searching")]
    pub staged: bool,
    /// Search what the commits after this revision add, up to HEAD
    #[arg(long, value_name = "REV", group = "selection", help_heading = "Searching")]
    pub since: Option<String>,
    /// Search what the commits add that B reaches and A does not
    #[arg(long, value_name = "A..B", group = "selection", help_heading = "Searching")]
    pub range: Option<String>,
    /// Search files that .gitignore names, too
    #[arg(long, help_heading = "Searching")]
    pub no_ignore: bool,
    /// Judge lines marked `nonhuman: allow`, too
    #[arg(long, help_heading = "Searching")]
    pub no_inline_allow: bool,
    /// Do not open archives (zip, jar, tar, gz, zst …)
    #[arg(long, help_heading = "Searching")]
    pub no_archives: bool,
    /// Search with this many threads [default: one a core]
    #[arg(long, value_name = "N", env = "NONHUMAN_THREADS", help_heading = "Searching")]
    pub threads: Option<usize>,
    /// Read files only this far, in MiB [default: 256]
    #[arg(long, value_name = "MIB", env = "NONHUMAN_MAX_FILE_SIZE", help_heading = "Searching")]
    pub max_file_size: Option<u64>,
    /// Call the searched tree so in names, in the history and in baselines [default: where its repository comes from, such as
    /// github.com/acme/api, else its folder]
    #[arg(long, value_name = "NAME", env = "NONHUMAN_TREE_NAME", help_heading = "Searching")]
    pub tree_name: Option<String>,
    #[command(flatten)]
    pub imports: Imports,
    /// Hide what this .gitleaksignore names; it is counted
    #[arg(long, value_name = "FILE", help_heading = "Searching")]
    pub gitleaksignore: Option<PathBuf>,
}
