//! Recognises exported answers of Okta by their names and how they begin. Opens nothing.

use std::path::Path;

/// Names of files that say which organisation a folder is of.
const TELLING: &[&str] = &["apps", "users", "apitokens", "groups", "aiagents"];

/// Whether a file looks like an exported answer: the name of an endpoint, and links to Okta's API in it.
pub fn sniff(path: &str, head: &[u8]) -> bool {
    let path = Path::new(path);
    let is_json = path.extension().is_some_and(|ending| ending == "json");
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let plain: String = stem.chars().filter(char::is_ascii_alphanumeric).collect();
    if !is_json || !TELLING.contains(&plain.as_str()) {
        return false;
    }
    let text = String::from_utf8_lossy(head);
    let has_link = ["/api/v1/", "/workload-principals/api/v1/"].iter().any(|path| text.contains(path));
    has_link && text.contains("\"_links\"") && text.contains("\"https://") && text.contains("\"id\"")
}
