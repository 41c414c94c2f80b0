//! Found secret values, which exist only inside [`Secret`].
//!
//! INVARIANT: no type of this crate that implements `Debug`, `Display` or `Serialize` holds a found value.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// A found secret value. It cannot be printed, logged, compared by eye or written out; all that leaves it is a keyed
/// [`Fingerprint`] and a masked preview.
pub struct Secret<'a>(Cow<'a, [u8]>);

impl<'a> Secret<'a> {
    /// Wraps the bytes where they were found, without a copy, or bytes that were decoded.
    pub fn new(bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        Self(bytes.into())
    }

    /// The same value, with bytes of its own.
    pub fn into_owned(self) -> Secret<'static> {
        Secret(Cow::Owned(self.0.into_owned()))
    }

    /// The same value under the same key always has the same fingerprint, wherever it was found.
    pub fn fingerprint(&self, key: &FingerprintKey) -> Fingerprint {
        let hash = blake3::keyed_hash(&key.0, &self.0);
        Fingerprint(hash.to_hex()[..32].to_owned())
    }

    /// The fingerprint of so many bytes of the beginning and of the end; none of a value that is not several times as long.
    pub fn ends(&self, kind: &str, head: usize, tail: usize, key: &FingerprintKey) -> Option<Fingerprint> {
        let is_long = self.0.len() > 2 * (head + tail);
        let (first, last) = (self.0.get(..head)?, self.0.get(self.0.len().checked_sub(tail)?..)?);
        let text = [kind.as_bytes(), b"\0", first, b"\0", last].concat();
        is_long.then(|| Secret::new(text).fingerprint(key))
    }

    /// Enough to recognise a value one already knows: the provider's prefix, at most four characters and never more
    /// than an eighth of the value, then its length.
    pub fn preview(&self) -> String {
        let shown: String = String::from_utf8_lossy(&self.0)
            .chars()
            .take((self.0.len() / 8).min(4))
            .map(|c| if c.is_ascii_graphic() { c } else { '.' })
            .collect();
        format!("{shown}…({} bytes)", self.0.len())
    }
}

/// What may be told of a secret value: equal values have equal fingerprints, and the value cannot be read back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// 32 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The fingerprint that a text holds; `None` for what is no 32 hexadecimal digits.
    pub fn read(text: &str) -> Option<Self> {
        let is_hash = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is_hash.then(|| Self(text.to_owned()))
    }

    /// A fingerprint of public text, for ids of findings. Not for secrets: it is not keyed.
    pub fn of_public(parts: &[&str]) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        Self(hasher.finalize().to_hex()[..32].to_owned())
    }
}

impl std::borrow::Borrow<str> for Fingerprint {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// The key under which found values are fingerprinted.
///
/// With the built-in key fingerprints can be compared between teams; a weak password could then be guessed from its
/// fingerprint, so an organisation that shares reports sets its own (`NONHUMAN_FINGERPRINT_KEY`).
#[derive(Clone)]
pub struct FingerprintKey([u8; 32]);

impl FingerprintKey {
    /// Derives a key from a passphrase of any length.
    pub fn from_passphrase(passphrase: &str) -> Self {
        Self(blake3::derive_key("nonhuman 2026 secret fingerprint", passphrase.as_bytes()))
    }
}

impl Default for FingerprintKey {
    fn default() -> Self {
        Self::from_passphrase("")
    }
}
