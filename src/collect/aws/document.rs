//! Decodes policy documents, which AWS writes as an object, as JSON text or as percent-encoded JSON text. It must not
//! interpret them.

use serde_json::Value;
use serde_json::value::RawValue;

/// The document of a part of an answer that was kept as its text: only the one that is used is ever built.
///
/// # Errors
/// As [`decode`].
pub(super) fn read(raw: Option<&RawValue>) -> Result<Value, String> {
    let value = raw.map(|raw| serde_json::from_str(raw.get())).transpose();
    object(value.map_err(|_| "it is nested too deeply".to_owned())?)
}

/// The document as an object.
///
/// IAM percent-encodes documents after RFC 3986 (API reference, `GetAccountAuthorizationDetails`), so `+` stands for
/// itself; the AWS CLI decodes them, other tools keep the text.
///
/// # Errors
/// Says what was expected when it is none of the three forms, or when it has no `Statement`.
pub(super) fn decode(raw: Option<&Value>) -> Result<Value, String> {
    object(raw.cloned())
}

fn object(raw: Option<Value>) -> Result<Value, String> {
    let document = match raw {
        None | Some(Value::Null) => return Err("the document is missing".to_owned()),
        Some(Value::String(text)) => parse(&text)?,
        Some(other) => other,
    };
    match document.get("Statement") {
        Some(Value::Array(_) | Value::Object(_)) => Ok(document),
        Some(_) => Err("its Statement is neither an object nor a list of objects".to_owned()),
        None => Err("it is not a policy document: an object with a Statement was expected".to_owned()),
    }
}

fn parse(text: &str) -> Result<Value, String> {
    let plain = serde_json::from_str::<Value>(text);
    if let Ok(value) = plain {
        return Ok(value);
    }
    let decoded = percent_decode(text)?;
    serde_json::from_str(&decoded).map_err(|error| {
        format!("neither JSON nor percent-encoded JSON (line {}, column {})", error.line(), error.column())
    })
}

/// Undoes percent-encoding.
///
/// # Errors
/// When a `%` is not followed by two hexadecimal digits, or the bytes are not UTF-8.
pub(super) fn percent_decode(text: &str) -> Result<String, String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let mut digit = || bytes.next().and_then(|digit| char::from(digit).to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err("a % in it is not followed by two hexadecimal digits".to_owned());
        };
        decoded.push((high * 16 + low) as u8);
    }
    String::from_utf8(decoded).map_err(|_| "its percent-encoded text is not UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::decode;

    #[test]
    fn three_forms_are_one_document() {
        let plain = json!({"Version": "2012-10-17", "Statement": [{"Resource": "a+b%20c", "Sid": "é"}]});
        assert_eq!(decode(Some(&plain)).unwrap(), plain);
        assert_eq!(decode(Some(&json!(plain.to_string()))).unwrap(), plain);
        let encoded: String =
            plain
                .to_string()
                .bytes()
                .map(|b| {
                    if b.is_ascii_alphanumeric() || b == b'+' { char::from(b).to_string() } else { format!("%{b:02X}") }
                })
                .collect();
        assert_eq!(decode(Some(&json!(encoded))).unwrap(), plain);
    }

    #[test]
    fn what_is_no_document_is_an_error() {
        for bad in [json!("%7B%2"), json!("%zz"), json!("%ff%fe"), json!("not json"), json!(7), json!({}), json!([])] {
            assert!(decode(Some(&bad)).is_err(), "{bad}");
        }
        assert!(decode(None).is_err());
        assert!(decode(Some(&json!({"Statement": "Allow"}))).is_err());
    }
}
