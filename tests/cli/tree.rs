//! What the tests share: the binary in a clean environment, and folders to scan.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// The time that the demo company is made for.
pub(crate) const NOW: &str = "2026-11-22T12:00:00Z";

/// The project's folder.
pub(crate) fn project() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The binary in a folder, with nothing of this machine's environment that could matter.
pub(crate) fn nonhuman(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nonhuman"));
    command.current_dir(folder).env_clear().env("HOME", folder).env("PATH", "/usr/bin:/bin");
    command
}

/// What a run gave.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Runs the binary in a folder.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Ran {
    nonhuman(folder).args(arguments).output().expect("the binary starts").into()
}

/// An empty folder that goes away with the value.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder can be made")
}

/// Writes a file below a folder.
pub(crate) fn write(folder: &Path, path: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().expect("it has a parent")).expect("folders can be made");
    std::fs::write(&path, content).expect("files can be written");
    path
}

/// A GitHub token with a right check digit, made up from letters so that no file of ours holds one.
pub(crate) fn github_token(seed: &str) -> String {
    let random: String = seed
        .chars()
        .cycle()
        .zip("aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0".chars())
        .map(|(seed, letter)| {
            let mixed = (seed as u32 + letter as u32) % 62;
            char::from(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[mixed as usize])
        })
        .collect();
    let mut crc = u32::MAX;
    for byte in random.bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    let mut rest = !crc;
    let mut digits = Vec::new();
    for _ in 0..6 {
        digits.push(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[(rest % 62) as usize]);
        rest /= 62;
    }
    digits.reverse();
    format!("ghp_{random}{}", String::from_utf8(digits).expect("letters"))
}
