//! The sheet for a review of access: a row an identity, with room for what the reviewer decides.

use std::io;

use crate::report::Scan;
use crate::report::csv::{Sheet, identity_cells};
use crate::report::view::{View, scope};

const COLUMNS: &[&str] = &[
    "tenant",
    "kind",
    "name",
    "enabled",
    "created",
    "owner",
    "owner_status",
    "owner_left",
    "administrator",
    "becomes_administrator",
    "rights",
    "last_use",
    "last_use_source",
    "credentials",
    "workloads",
    "exposures",
    "findings",
    "worst",
    "detail",
    "identity",
    "decision",
    "reviewer",
    "reviewed_on",
    "comment",
];

/// The sheet. The last four columns are empty.
pub(super) fn sheet(scan: &Scan<'_>) -> io::Result<Vec<u8>> {
    let view = View::of(scan);
    let mut bytes = Vec::new();
    let mut sheet = Sheet::new(&mut bytes, COLUMNS)?;
    for identity in &scan.inventory.identities {
        let capabilities = view.facts(&identity.id).capabilities.iter();
        let rights: Vec<_> = capabilities.map(|one| format!("{} in {}", one.kind, scope(one))).collect();
        let mut cells = identity_cells(&view, identity);
        cells.push(("rights", rights.join("; ")));
        sheet.row(&cells)?;
    }
    sheet.finish()?;
    Ok(bytes)
}
