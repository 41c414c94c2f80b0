//! What a secret looks like: a pure function from bytes to matches. Reads no file and keeps nothing.
//!
//! `rules/detect/*.toml` → (`build.rs`: JSON with what is known of each expression) → [`DetectorSet`] → [`DetectorSet::scan`] → [`Match`]es, which borrow the scanned bytes.

mod allow;
mod assignment;
mod automaton;
mod beside;
mod certificate;
mod decode;
mod detector;
mod drawn;
mod find;
mod google;
mod import;
mod inline;
mod key;
mod lanes;
mod names;
mod pair;
mod placeholder;
mod prefilter;
mod public;
mod published;
mod rarity;
mod runs;
mod scan;
mod shape;
mod spoken;
mod surroundings;
mod tested;
mod token;
mod verify;
mod word;
mod written;

pub use certificate::Certificate;
pub(crate) use decode::manifest_reach;
pub use detector::{Detector, DetectorError, DetectorSet};
pub use import::{Effect, IGNORED, Ignores, Import, LISTED, Taken, Unsupported};
pub use inline::{InlineAllow, inline_allow, inline_allow_places};
pub use placeholder::is_placeholder;
pub use public::jwk_thumbprint;
pub use published::{PublishedKey, published_keys};
pub use scan::{LineIndex, Match, Scanned};

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::LazyLock;

    use super::DetectorSet;

    /// Our own detectors; their examples are what tests plant.
    pub(crate) static DETECTORS: LazyLock<DetectorSet> =
        LazyLock::new(|| DetectorSet::prepared(crate::embedded::prepared_detectors()).expect("they are right"));
}
