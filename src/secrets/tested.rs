//! What the code of tests and examples hands over as a password or a key: it works somewhere, be it `mypassword`. Knows how
//! tests are called; asks nothing of a manual, where the same word is a blank to fill in.

use super::allow::{REFERENCE_STARTS, STAND_INS};
use super::names::{is_call_or_path, is_date, is_digest, is_uuid, is_version};
use super::word::KINDS;

/// Endings of the files that programs are written in.
const PROGRAMS: &[&str] = &[
    "c", "cc", "cpp", "cs", "cxx", "dart", "erl", "ex", "exs", "go", "groovy", "h", "hpp", "java", "js", "jsx", "kt",
    "kts", "lua", "m", "mjs", "php", "phpt", "pl", "pm", "ps1", "py", "rb", "robot", "rs", "scala", "swift", "t", "ts",
    "tsx",
];

/// Folders that tests and examples lie in.
const FOLDERS: &[&str] = &[
    "test",
    "tests",
    "testing",
    "testsuite",
    "__tests__",
    "spec",
    "specs",
    "e2e",
    "fixtures",
    "testdata",
    "examples",
    "example",
    "integration",
    "t",
    "mocks",
    "samples",
    "demo",
];

/// What a value ends with that names a field, a kind or a fault, and is none of it.
const OF_NAMES: &[&str] = &[
    "field",
    "input",
    "label",
    "name",
    "type",
    "hash",
    "form",
    "id",
    "path",
    "file",
    "url",
    "uri",
    "error",
    "param",
    "params",
    "attribute",
    "attr",
    "policy",
    "grant",
    "required",
    "missing",
    "method",
    "header",
    "hint",
    "title",
    "text",
    "changed",
    "reset",
    "expired",
    "mismatch",
    "length",
    "strength",
    "store",
    "provider",
    "manager",
    "endpoint",
    "window",
    "env",
    "var",
    "ref",
    "prompt",
    "only",
    "less",
    "based",
    "credentials",
    "auth",
];

/// Words of the fields themselves: such a value says what it is awaited for.
const FIELDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "pass",
    "secret",
    "token",
    "key",
    "apikey",
    "apisecret",
    "secretkey",
    "accesskey",
    "privatekey",
    "publickey",
    "accesstoken",
    "refreshtoken",
    "idtoken",
    "authtoken",
    "bearertoken",
    "csrftoken",
    "clientsecret",
    "clientid",
    "sharedsecret",
    "userpassword",
    "username",
    "user",
    "login",
    "email",
    "authorization",
    "bearer",
    "basic",
    "credentials",
    "none",
    "null",
    "nil",
    "true",
    "false",
    "undefined",
    "required",
    "optional",
    "unknown",
    "empty",
    "value",
    "string",
    "enabled",
    "disabled",
    "default",
    "yes",
    "public",
    "private",
    "secrets",
    "tokens",
];

/// Parts of a value by which a test calls what it made up.
const MADE_UP: &[&str] =
    &["secret", "token", "key", "pass", "test", "foo", "bar", "fake", "dummy", "some", "abc", "my"];

/// Endings of the files that tests read: settings and data. In examples they are templates with blanks to fill in.
const DATA: &[&str] =
    &["yml", "yaml", "ini", "conf", "cfg", "properties", "toml", "env", "ldif", "sh", "bash", "json", "xml", "sql"];

/// Folders of examples.
const SHOWN: &[&str] = &["examples", "example", "samples", "demo"];

/// Parts of a value that is to be replaced, wherever it stands.
const BLANKS: &[&str] = &[
    "changeme",
    "change-me",
    "change_me",
    "changeit",
    "placeholder",
    "replace",
    "redacted",
    "exampl",
    "your-",
    "your_",
    "yourp",
    "yours",
    "yourt",
    "yourk",
    "insert",
    "xxxx",
    "****",
    "...",
    "todo",
    "0123456789",
];

/// Whether a file of this name tests or shows a program, or is read by tests.
pub(super) fn is_test(path: &str) -> bool {
    let lower = path.to_ascii_lowercase().replace('\\', "/");
    let mut parts = lower.rsplit('/');
    let file = parts.next().unwrap_or_default();
    let Some((stem, ending)) = file.rsplit_once('.') else { return false };
    let is_data = DATA.contains(&ending);
    if !is_data && !PROGRAMS.contains(&ending) {
        return false;
    }
    let is_called_so = || {
        let mut words = stem.split(['_', '-', '.']);
        words.any(|word| matches!(word, "test" | "tests" | "spec" | "conftest"))
            || stem.ends_with("test")
            || stem.ends_with("tests")
    };
    let folders: Vec<&str> = parts.collect();
    let has = |wanted: &[&str]| folders.iter().any(|folder| wanted.contains(folder));
    (is_called_so() || has(FOLDERS)) && !(is_data && has(SHOWN))
}

/// Whether a value that a test gives to a field is one: no name of a field, no reference, no word of the kind it is of.
/// `field` is what it is given to.
pub(super) fn can_be_handed_over(value: &[u8], field: &str) -> bool {
    let Ok(text) = std::str::from_utf8(value) else { return false };
    let lower = text.to_ascii_lowercase();
    let bare: String = lower.chars().filter(char::is_ascii_alphanumeric).collect();
    let field: String = field.to_ascii_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    let has_digit = bare.bytes().any(|byte| byte.is_ascii_digit());
    let is_plain = (4..=64).contains(&text.len())
        && text.is_ascii()
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && (has_digit || text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-!@#$.*+=^&?~".contains(&byte)))
        && !BLANKS.iter().any(|mark| lower.contains(mark))
        && !(text.starts_with("eyJ") || text.contains("://"))
        && !REFERENCE_STARTS.iter().any(|start| lower.starts_with(start));
    let is_other = is_uuid(&lower) || is_digest(&lower) || is_call_or_path(text) || is_version(text) || is_date(text);
    // Where one signs in, a password is what is awaited, and the field has no name.
    let is_password = field.is_empty() || ["pass", "pwd", "pw"].iter().any(|word| field.contains(word));
    let is_of_field = FIELDS.contains(&bare.as_str()) && !(is_password && bare == "secret");
    // `NEW_PASSWORD = "new_password"`, `"token": "TOKEN"`.
    let is_own_name = field == bare || field.ends_with(&bare) || is_of_field;
    let last = words(text).last().cloned().unwrap_or_default();
    let is_name = OF_NAMES.contains(&last.as_str()) || KINDS.contains(&lower.as_str());
    // A constant of a program is written so, and holds its own name.
    let is_constant = text.contains('_') && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    if !is_plain || is_other || is_own_name || is_name || is_constant {
        return false;
    }
    // So many things are called a token that a mere word is none.
    let is_bare_word = field == "token" && STAND_INS.contains(&bare.as_str());
    let is_made_up = MADE_UP.iter().any(|word| bare.contains(word)) && !is_bare_word;
    is_password
        || (is_made_up && !is_state(&lower))
        || (has_digit && bare.len() >= 6 && !STAND_INS.contains(&bare.as_str()))
}

/// The words of `camelCase`, `kebab-case` and `snake_case`, in small letters.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for letter in text.chars() {
        let begins = !letter.is_ascii_alphanumeric() || (was_small && letter.is_ascii_uppercase());
        if begins && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if letter.is_ascii_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.push(letter.to_ascii_lowercase());
        }
        was_small = letter.is_ascii_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// `expired-token`, `no_secret`: the value says how it is, which tests of errors do.
fn is_state(lower: &str) -> bool {
    ["no", "not", "without", "missing", "expired", "revoked", "wrong", "invalid", "bad", "unknown", "empty", "end"]
        .iter()
        .any(|word| lower.split(['-', '_', '.']).next() == Some(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_known_by_their_names() {
        for path in [
            "pkg/auth_test.go",
            "tests/realm.ldif",
            "tests/conftest.py",
            "src/test/java/LoginTest.java",
            "spec/models/user_spec.rb",
            "web/login.spec.ts",
            "examples/connect.py",
            "t/auth.t",
            "test_login.py",
        ] {
            assert!(is_test(path), "{path}");
        }
        for path in
            ["src/login.go", "README.md", "tests/README.md", "examples/tests/values.yaml", "contest/main.go", "test"]
        {
            assert!(!is_test(path), "{path}");
        }
    }

    #[test]
    fn what_is_handed_over_is_no_name_of_a_field() {
        for (field, value) in [
            ("password", "mypassword"),
            ("passwd", "1234"),
            ("Passwd", "secret"),
            ("password", "new_password"),
            ("ClientSecret", "super_shared_secret"),
            ("ClientSecret", "notsosecret"),
            ("token", "sha1secret"),
            ("testAPIKey", "foobarbaz"),
            ("apikey", "456abcdef123"),
            ("invalid_password", "passw0rd"),
            ("pass", "s3cr3t"),
            ("api_key", "test-key"),
            ("password", "pass123"),
            ("userPassword", "fred"),
            ("password", "p4ss:w,rd"),
            ("(", "wonderland"),
        ] {
            assert!(can_be_handed_over(value.as_bytes(), field), "{field} = {value}");
        }
        for (field, value) in [
            ("NEW_PASSWORD", "new_password"),
            ("password", "password"),
            ("password", "passwordField"),
            ("token", "refresh_token"),
            ("token", "return"),
            ("password", "${PASS}"),
            ("password", "os.environ"),
            ("secret", "secret-name"),
            ("password", "required"),
            ("token", "expired-token"),
            ("PASSWORD_KEY", "DB_PASSWORD"),
            ("pass", "abc"),
            ("token", "ident"),
            ("password", "a password"),
            ("token", "foobar"),
            ("password", "changeme"),
            ("password", "/etc/x"),
            ("token", "eyJhbGciOiJub25lIn0.e30."),
            ("password", "get(a1,b)"),
            ("password", "https://h1/x"),
        ] {
            assert!(!can_be_handed_over(value.as_bytes(), field), "{field} = {value}");
        }
    }
}
