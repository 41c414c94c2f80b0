//! What a secret looks like: a pure function from bytes to matches. Reads no file and keeps nothing.
//!
//! `rules/detect/*.toml` → [`DetectorSet`] → [`DetectorSet::scan`] → [`Match`]es, which borrow the scanned bytes.

mod allow;
mod assignment;
mod detector;
mod find;
mod import;
mod pairs;
mod prefilter;
mod runs;
mod scan;
mod shape;
mod verify;

pub use allow::inline_allow;
pub use detector::{Detector, DetectorError, DetectorSet};
pub use import::{Effect, IGNORED, Ignores, Import, LISTED, Taken, Unsupported};
pub use scan::{LineIndex, Match};
