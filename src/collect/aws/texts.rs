//! Searches text found on the way (environments, user data, definitions) for secrets. The text itself goes no further.

use super::NAME;
use super::notes::FoundText;
use super::site::Site;
use crate::collect::{Context, found};
use crate::model::{Evidence, Location, Record};
use crate::secrets::{DetectorSet, LineIndex};

/// The exposures in a text. Its place is `aws/<account>/` and where it lies in the account, its line that within the text:
/// for an environment the number of the variable.
pub(super) fn exposures(text: &FoundText, site: &Site, detectors: &DetectorSet, context: &Context) -> Vec<Record> {
    let path = format!("aws/{}/{}", site.account.id, text.place);
    let bytes = text.text.as_bytes();
    let lines = LineIndex::new(bytes);
    let mut ids = found::Ids::new();
    let record = |one: crate::secrets::Match<'_>| {
        let ((line, column), (end_line, end_column)) =
            (lines.position(bytes, one.span.start), lines.position(bytes, one.span.end));
        let (root, commit) = (String::new(), None);
        let location = Location::File { root, path: path.clone(), line, column, end_line, end_column, commit };
        let evidence = Evidence { observed: context.now, collector: NAME.to_owned(), location };
        Record::Exposure(Box::new(found::exposure(one, &path, evidence, &context.fingerprint_key, &mut ids)))
    };
    detectors.scan_file(bytes, None, &[&path]).matches.into_iter().map(record).collect()
}
