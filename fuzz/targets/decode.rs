//! Whatever is encoded in whatever way can be decoded: no panic, bounded work, and a match that comes out of it lies
//! where the encoded text does.
#![no_main]

use std::io::Write;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use libfuzzer_sys::fuzz_target;
use nonhuman::embedded;
use nonhuman::secrets::DetectorSet;

static DETECTORS: LazyLock<DetectorSet> =
    LazyLock::new(|| DetectorSet::parse(embedded::files("detect")).expect("our own detectors load"));

/// The bytes in one of the ways that are understood.
fn written(way: u8, bytes: &[u8]) -> Vec<u8> {
    let every = |form: &dyn Fn(u8) -> String| bytes.iter().map(|byte| form(*byte)).collect::<String>().into_bytes();
    match way % 10 {
        0 => STANDARD.encode(bytes).into_bytes(),
        1 => URL_SAFE_NO_PAD.encode(bytes).into_bytes(),
        2 => every(&|byte| format!("{byte:02x}")),
        3 => every(&|byte| format!("0x{byte:02x}, ")),
        4 => every(&|byte| format!("%{byte:02X}")),
        5 => every(&|byte| format!("\\u{byte:04x}")),
        6 => every(&|byte| format!("&#{byte};")),
        7 => {
            let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
            packer.write_all(bytes).expect("room");
            STANDARD.encode(packer.finish().expect("room")).into_bytes()
        }
        8 => {
            let mut packer = ZlibEncoder::new(Vec::new(), Compression::fast());
            packer.write_all(bytes).expect("room");
            STANDARD.encode(packer.finish().expect("room")).into_bytes()
        }
        _ => {
            let lines = STANDARD.encode(bytes);
            lines.as_bytes().chunks(64).collect::<Vec<_>>().join(&b"\n  "[..])
        }
    }
}

// The first two bytes say the ways, the rest is written in them; then it is scanned as it is, too.
fuzz_target!(|data: &[u8]| {
    let Some(([first, second], rest)) = data.split_first_chunk::<2>() else { return };
    let inner = written(*first, rest);
    let inner = if second % 2 == 0 { written(second / 2, &inner) } else { inner };
    let text = [b"key: ".as_slice(), &inner, b"\n", rest].concat();
    for one in DETECTORS.scan(&text) {
        assert!(one.whole.start <= one.span.start && one.span.end <= one.whole.end && one.whole.end <= text.len());
        assert!(one.encoding.len() <= 5);
    }
});
