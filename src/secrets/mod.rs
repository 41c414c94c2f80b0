//! What a secret looks like: a pure function from bytes to matches. Reads no file and keeps nothing.
//!
//! `rules/detect/*.toml` → [`DetectorSet`] → [`DetectorSet::scan`] → [`Match`]es, which borrow the scanned bytes.

mod allow;
mod assignment;
mod detector;
mod key;
mod names;
mod prefilter;
mod rarity;
mod scan;
mod verify;
mod word;

pub use allow::inline_allow;
pub use detector::{Detector, DetectorError, DetectorSet};
pub use scan::{LineIndex, Match};
