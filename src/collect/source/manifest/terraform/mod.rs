//! The identities that the Terraform and OpenTofu code of a tree makes, with the names that it gives them as far as those
//! stand in the code: by literals, variables, locals, `for_each`, `count` and the arguments of modules. What comes from
//! elsewhere is a `*` in a name. It runs nothing and fetches no module.

mod evaluate;
mod expression;
mod json;
mod made;
mod syntax;
mod value;

use std::collections::BTreeMap;

use syntax::{Block, Expr};

pub(super) use made::Made;

/// How many blocks of one tree are kept.
const MOST_BLOCKS: usize = 200_000;
/// What of a resource is kept: what says how it is called, and how often it is made.
const KEPT: [&str; 7] = ["name", "name_prefix", "generate_name", "namespace", "count", "for_each", "provider"];

/// All of a tree's code.
#[derive(Debug, Default)]
pub(super) struct Code {
    /// By folder, with `/`; empty for the root.
    folders: BTreeMap<String, Folder>,
    /// The files with values for variables, by path.
    values: BTreeMap<String, BTreeMap<String, Expr>>,
    count: usize,
}

/// The files of one folder are one module.
#[derive(Debug, Default)]
struct Folder {
    /// With the paths of their files.
    resources: Vec<(String, Block)>,
    calls: Vec<(String, Block)>,
    defaults: BTreeMap<String, Expr>,
    locals: BTreeMap<String, Expr>,
}

/// Whether a path, in lower case, is one of a file that is read here.
pub(super) fn is_one(path: &str) -> bool {
    let endings = [".tf", ".tofu", ".tf.json", ".tofu.json", ".tfvars", ".tfvars.json"];
    endings.iter().any(|ending| path.ends_with(ending)) || name_of(path) == "terragrunt.hcl"
}

fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

impl Code {
    /// Reads a file. `wanted` says which kinds of resources are identities.
    pub(super) fn add(&mut self, path: &str, text: &str, wanted: impl Fn(&str) -> bool) {
        let lower = path.to_ascii_lowercase();
        let top = if lower.ends_with(".json") { json::parse(text) } else { Some(syntax::parse(text)) };
        let Some(top) = top.filter(|_| self.count < MOST_BLOCKS) else { return };
        if lower.ends_with(".tfvars") || lower.ends_with(".tfvars.json") {
            self.count += top.attributes.len();
            self.values.insert(path.to_owned(), top.attributes.into_iter().collect());
            return;
        }
        let folder = self.folders.entry(folder_of(path).to_owned()).or_default();
        if name_of(&lower) == "terragrunt.hcl" {
            self.count += 1;
            return folder.terragrunt(path, top);
        }
        for block in top.blocks {
            self.count += 1;
            folder.add(path, block, &wanted);
        }
    }

    /// Whether there was more than is kept.
    pub(super) fn is_cut(&self) -> bool {
        self.count >= MOST_BLOCKS
    }
}

impl Folder {
    fn add(&mut self, path: &str, mut block: Block, wanted: impl Fn(&str) -> bool) {
        let name = block.labels.first().cloned().unwrap_or_default();
        match block.kind.as_str() {
            "resource" if wanted(&name) && block.labels.len() == 2 => {
                block.attributes.retain(|(name, _)| KEPT.contains(&name.as_str()));
                block.blocks.retain(|inner| inner.kind == "metadata");
                for inner in &mut block.blocks {
                    inner.attributes.retain(|(name, _)| KEPT.contains(&name.as_str()));
                    inner.blocks.clear();
                }
                self.resources.push((path.to_owned(), block));
            }
            "module" => {
                block.blocks.clear();
                self.calls.push((path.to_owned(), block));
            }
            "variable" => {
                let default = block.attributes.into_iter().find(|(name, _)| name == "default");
                self.defaults.extend(default.map(|(_, value)| (name, value)));
            }
            "locals" => self.locals.extend(block.attributes),
            _ => {}
        }
    }

    /// A file of Terragrunt calls one module with its inputs.
    /// Source: Terragrunt documentation, "Configuration blocks and attributes" (`terraform`, `inputs`).
    fn terragrunt(&mut self, path: &str, top: Block) {
        let mut call =
            Block { kind: "module".to_owned(), labels: vec!["terragrunt".to_owned()], line: 1, ..Block::default() };
        for block in top.blocks {
            match block.kind.as_str() {
                "terraform" => {
                    call.attributes.extend(block.attributes.into_iter().filter(|(name, _)| name == "source"))
                }
                "locals" => self.locals.extend(block.attributes),
                _ => {}
            }
        }
        for (name, value) in top.attributes {
            if let ("inputs", Expr::Map(pairs)) = (name.as_str(), value) {
                let named = pairs.into_iter().filter_map(|(key, value)| match key {
                    Expr::Text(parts) => Some((syntax::plain(&parts)?, value)),
                    _ => None,
                });
                call.attributes.extend(named);
            }
        }
        if call.attribute("source").is_some() {
            self.calls.push((path.to_owned(), call));
        }
    }
}

#[cfg(test)]
mod tests;
