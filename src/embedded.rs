//! The `/rules` folder as it was when the program was built. Data only; who reads it decides what it means.

use include_dir::{Dir, include_dir};

static RULES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/rules");

/// Every `.toml` file below a folder of `/rules`, as path below `/rules` and text, sorted by path.
pub fn files(folder: &str) -> Vec<(&'static str, &'static str)> {
    let mut files = Vec::new();
    if let Some(folder) = RULES.get_dir(folder) {
        gather(folder, &mut files);
    }
    files.sort_unstable();
    files
}

/// The text of one file of `/rules/facts`, without its ending; empty when there is none.
pub fn facts(name: &str) -> &'static str {
    RULES.get_file(format!("facts/{name}.toml")).and_then(|file| file.contents_utf8()).unwrap_or_default()
}

/// A packed file of `/rules/facts`, by its name with its ending; empty when there is none.
pub fn packed(name: &str) -> &'static [u8] {
    RULES.get_file(format!("facts/{name}")).map(include_dir::File::contents).unwrap_or_default()
}

/// The detectors of `/rules/detect` as `build.rs` prepared them, in JSON.
pub fn prepared_detectors() -> &'static str {
    include_str!(concat!(env!("OUT_DIR"), "/detectors.json"))
}

fn gather(folder: &'static Dir<'static>, files: &mut Vec<(&'static str, &'static str)>) {
    for file in folder.files() {
        if let (Some(path), Some(text)) = (file.path().to_str(), file.contents_utf8())
            && path.ends_with(".toml")
        {
            files.push((path, text));
        }
    }
    for below in folder.dirs() {
        gather(below, files);
    }
}
