//! Searches text found on the way (environments, user data, definitions) for secrets. The text itself goes no further.

use super::NAME;
use super::notes::FoundText;
use super::site::Site;
use crate::collect::{Context, texts};
use crate::model::Record;
use crate::secrets::DetectorSet;

/// The exposures in a text. Its place is `aws/<account>/` and where it lies in the account, its line that within the text:
/// for an environment the number of the variable.
pub(super) fn exposures(found: &FoundText, site: &Site, detectors: &DetectorSet, context: &Context) -> Vec<Record> {
    let path = format!("aws/{}/{}", site.account.id, found.place);
    texts::exposures(found.text.as_bytes(), &path, NAME, &site.account.id, detectors, context, |_| true)
}
