//! Any line can be asked for its allow comment.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nonhuman::secrets::inline_allow;

fuzz_target!(|line: &[u8]| {
    inline_allow(line);
});
