//! Finds and opens the files of a dump.
//! It does not say what is missing from them: that is `absent`.

use std::cell::Cell;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use walkdir::WalkDir;

use super::super::read::{Broken, Format, Part, read, whole};
use super::super::resources::RESOURCES;
use super::{Cluster, NAME, absent};
use crate::collect::CollectError;
use crate::model::{CoverageEntry, Outcome};

impl Cluster {
    /// Reads a file, or every `.json`, `.yaml` and `.yml` below a directory.
    pub(super) fn path(&mut self, path: &Path) -> Result<(), CollectError> {
        if !path.is_dir() {
            return self.file(path, true);
        }
        let mut files = 0;
        let mut entries: Vec<_> = WalkDir::new(path).sort_by_file_name().into_iter().collect();
        // What makes others before what it makes, as far as names of files tell: then that need not be kept until it is known
        // whether its maker was read. Without such names it costs memory, and nothing else.
        entries.sort_by_key(|entry| entry.as_ref().map_or(0, |entry| wave(entry.path())));
        for entry in entries {
            match entry {
                Ok(entry) if entry.file_type().is_file() && format_of(entry.path()).is_some() => {
                    files += 1;
                    self.file(entry.path(), false)?;
                }
                Ok(_) => {}
                Err(error) => {
                    let at = error.path().unwrap_or(path).to_path_buf();
                    let reason = error
                        .io_error()
                        .map_or_else(|| String::from("is a loop"), |io| format!("cannot be read: {io}"));
                    self.broken(&at, &Broken { line: 0, column: 0, reason }, false)?;
                }
            }
        }
        if files > 0 {
            return Ok(());
        }
        let what = path.display().to_string();
        let detail = format!("{what}: no .json, .yaml or .yml file in this directory");
        let entry = CoverageEntry::hole(NAME, &self.name, &what, Outcome::Failed, detail);
        self.hole(entry.remedy(format!("dump the cluster into it: {}", absent::DUMP)))
    }

    /// Reads one file. `named` by the user, it must hold Kubernetes objects.
    fn file(&mut self, path: &Path, named: bool) -> Result<(), CollectError> {
        (self.progress)(&path.display().to_string());
        self.position = 0;
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) => return self.broken(path, &whole(&error), false),
        };
        let mut input = BufReader::with_capacity(64 * 1024, file);
        let format = match format_of(path).map_or_else(|| guess(&mut input), Ok) {
            Ok(format) => format,
            Err(error) => return self.broken(path, &whole(&error), false),
        };
        let name = path.display().to_string();
        let something = Cell::new(false);
        let holes = self.holes;
        read(format, input, &mut |part| {
            if let Part::Broken(broken) = &part {
                return self.broken(path, broken, something.get());
            }
            something.set(self.part(&name, part)? || something.get());
            Ok(())
        })?;
        if something.get() || self.holes > holes || !named {
            return Ok(());
        }
        let detail = format!("{name}: holds no Kubernetes object; expected the output of kubectl get … -o json|yaml");
        let entry = CoverageEntry::hole(NAME, &self.name, &name, Outcome::Failed, detail);
        self.hole(entry.remedy(format!("name another file, or dump the cluster: {}", absent::DUMP)))
    }
}

/// The wave of the kind that a file is called after, such as `pods.json` or `prod-pods.yaml`.
fn wave(path: &Path) -> u8 {
    let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_ascii_lowercase();
    let words = || name.split(|letter: char| !letter.is_ascii_alphanumeric());
    let named = RESOURCES.iter().filter(|line| words().any(|word| word == line.plural));
    named.map(|line| line.wave).max().unwrap_or(0)
}

fn format_of(path: &Path) -> Option<Format> {
    let extension = path.extension()?.to_str()?;
    match extension.to_ascii_lowercase().as_str() {
        "json" => Some(Format::Json),
        "yaml" | "yml" => Some(Format::Yaml),
        _ => None,
    }
}

/// The format of a file whose name does not say it, by its first character.
fn guess(input: &mut BufReader<File>) -> std::io::Result<Format> {
    use std::io::BufRead;
    let head = input.fill_buf()?;
    let head = head.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(head);
    let first = head.iter().find(|byte| !byte.is_ascii_whitespace());
    Ok(if matches!(first, Some(b'{' | b'[')) { Format::Json } else { Format::Yaml })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_pods_is_read_before_them() {
        let mut files =
            ["pods.json", "replicasets.json", "deployments.json", "shop-Jobs.yaml", "custom.json"].map(Path::new);
        files.sort_by_key(|path| wave(path));
        let names = ["deployments.json", "custom.json", "replicasets.json", "shop-Jobs.yaml", "pods.json"];
        assert_eq!(files, names.map(Path::new));
    }
}
