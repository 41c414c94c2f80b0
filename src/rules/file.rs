//! Rule files as they are given to the loader. Reads none itself.

/// The name and the text of a rule file. The file's name is the rule's id, its folder the provider.
#[derive(Clone, Debug)]
pub struct RuleFile {
    /// The path, `audit/aws/access-key-old.toml`.
    pub path: String,
    /// The text.
    pub text: String,
    /// Who wrote it: a rule of the user replaces one of ours, two of one origin contradict each other.
    pub origin: Origin,
}

impl RuleFile {
    /// What its rule is called: the name of the file.
    pub fn id(&self) -> String {
        let name = self.path.rsplit('/').next().unwrap_or(&self.path);
        name.strip_suffix(".toml").unwrap_or(name).to_owned()
    }
}

/// Who wrote a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It is part of the program.
    BuiltIn,
    /// The user named its folder.
    User,
}
