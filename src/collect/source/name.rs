//! Writes paths as text, so that different paths have different names. Opens nothing.

use std::path::Path;

/// A path as text, with `/` between its parts. Bytes that are no UTF-8 are written `\xFF`; a backslash that would then
/// read as such a byte is written `\x5C`, every other one stays. So the path can be told from the text.
#[cfg(unix)]
pub(super) fn text_of(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;

    let mut text = String::new();
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        for (place, character) in chunk.valid().char_indices() {
            let is_ambiguous = character == '\\' && is_escape(chunk.valid().as_bytes().get(place + 1..place + 4));
            text.push_str(if is_ambiguous { "\\x5C" } else { "" });
            if !is_ambiguous {
                text.push(character);
            }
        }
        chunk.invalid().iter().for_each(|byte| text.push_str(&format!("\\x{byte:02X}")));
    }
    text
}

/// Whether what follows a backslash makes it the name of a byte.
#[cfg(unix)]
fn is_escape(following: Option<&[u8]>) -> bool {
    let is_digit = |byte: &u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(byte);
    matches!(following, Some([b'x', high, low]) if is_digit(high) && is_digit(low))
}

/// A path as text, with `/` between its parts.
#[cfg(not(unix))]
pub(super) fn text_of(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// The longest name of a member that is shown whole, in bytes.
const LONGEST_MEMBER: usize = 1024;

/// The name of a member of an archive as text: a path that stays below the archive, without control characters. Those,
/// and bytes that are no UTF-8, are written `\xFF`; so is what would lead upwards.
pub(super) fn of_member(name: &[u8]) -> String {
    let name = name.get(..LONGEST_MEMBER).unwrap_or(name);
    let parts = name.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".");
    let parts: Vec<String> =
        parts.map(|part| if part == b".." { "\\x2E\\x2E".to_owned() } else { shown(part) }).collect();
    if parts.is_empty() { "content".to_owned() } else { parts.join("/") }
}

fn shown(part: &[u8]) -> String {
    let mut text = String::new();
    for chunk in part.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_control() {
                let mut bytes = [0; 4];
                let bytes = character.encode_utf8(&mut bytes).as_bytes().to_vec();
                bytes.iter().for_each(|byte| text.push_str(&format!("\\x{byte:02X}")));
            } else {
                text.push(character);
            }
        }
        chunk.invalid().iter().for_each(|byte| text.push_str(&format!("\\x{byte:02X}")));
    }
    text
}

/// The root as it is named in the coverage.
pub(super) fn target_name(path: &Path) -> String {
    let text = text_of(path);
    match text.trim_end_matches('/') {
        "" if text.starts_with('/') => "/".to_owned(),
        "" | "." => ".".to_owned(),
        text => text.strip_prefix("./").unwrap_or(text).to_owned(),
    }
}

/// The last part of a root's true path, which stays the same wherever the scan is started from.
pub(super) fn base_name(path: &Path) -> String {
    base_of_true(&path.canonicalize().unwrap_or_else(|_| path.to_owned()))
}

/// The last part of a path without links.
pub(super) fn base_of_true(path: &Path) -> String {
    path.file_name().map_or_else(|| "root".to_owned(), |name| text_of(Path::new(name)))
}

#[cfg(all(test, unix))]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn different_paths_have_different_names() {
        let name = |bytes: &[u8]| text_of(Path::new(OsStr::from_bytes(bytes)));
        assert_eq!(name(b"x\\y/\xc3\xa4"), "x\\y/ä");
        assert_eq!(name(b"caf\xe9\xff"), "caf\\xE9\\xFF");
        assert_eq!(name(b"caf\\xE9"), "caf\\x5CxE9");
        assert_eq!(name(b"\\xe9 \\x\xe9 \\x4"), "\\xe9 \\x\\xE9 \\x4");
    }

    #[test]
    fn the_name_of_a_member_stays_below_its_archive() {
        for (name, shown) in [
            (b"a/b.txt".as_slice(), "a/b.txt"),
            (b"/etc/passwd", "etc/passwd"),
            (b"../../x/./y//z", "\\x2E\\x2E/\\x2E\\x2E/x/y/z"),
            (b"a\0b\x1b[31m\n", "a\\x00b\\x1B[31m\\x0A"),
            (b"caf\xe9 \xc3\xa4", "caf\\xE9 \u{e4}"),
            (b"", "content"),
        ] {
            assert_eq!(of_member(name), shown, "{name:?}");
        }
    }
}
