//! What several objects have in common.

use super::answers;

answers! {
    /// A link of HAL.
    Link { href: String }
    /// Where a token or a client may be used from.
    Network { connection: Option<String>, include: Vec<String>, exclude: Vec<String> }
}
