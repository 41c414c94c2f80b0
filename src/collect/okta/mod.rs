//! Reads an Okta organisation: live, or from a folder of exported answers. Both are read by the same walk and make the same
//! records. It must not write to Okta, and no secret's value has a field here.

mod answer;
mod collector;
mod endpoint;
mod export;
mod gather;
mod hints;
#[cfg(feature = "okta")]
mod live;
mod page;
mod permissions;
mod reader;
mod records;
mod settings;
mod sniff;

pub use collector::OktaExport;
#[cfg(feature = "okta")]
pub use collector::OktaLive;
pub use hints::Hints;
pub use permissions::{permissions, plan};
pub use settings::{Login, OktaSettings};
pub use sniff::sniff;

/// The name of this collector.
const NAME: &str = "okta";
