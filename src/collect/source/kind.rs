//! What a file is, by how it begins. Its name says nothing: a jar called notes.txt is a jar, and text called app.zip is
//! text. Opens nothing.

/// How much of a file tells what it is, in bytes.
pub(super) const HEAD: usize = 4096;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Read as it is, bytes that are no text and all: one zero byte must not hide what is in a file.
    Text,
    Archive(Archive),
    /// Its text is packed in a way that is not read; what such files are called.
    Packed(&'static str),
}

/// An archive that can be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Archive {
    Zip,
    Tar,
    Gzip,
    Zstd,
}

/// Whether a file begins like what stands before an archive that unpacks or runs itself: a program or a script.
pub(super) fn is_stub(head: &[u8]) -> bool {
    head.starts_with(b"#!") || memchr::memchr(0, head).is_some()
}

/// The beginnings of files whose text is packed, and what they are called.
const PACKED: &[(&[u8], &str)] = &[
    (b"\xfd7zXZ\0", "archives of other kinds"),
    (b"7z\xbc\xaf\x27\x1c", "archives of other kinds"),
    (b"Rar!\x1a\x07", "archives of other kinds"),
    // The frame of LZ4, its older form, and lzip; a stream of Snappy in frames; what compress(1) wrote is too short to tell.
    (b"\x04\x22\x4d\x18", "archives of other kinds"),
    (b"\x02\x21\x4c\x18", "archives of other kinds"),
    (b"LZIP\x01", "archives of other kinds"),
    (b"\xff\x06\0\0sNaPpY", "archives of other kinds"),
    // Cabinets ([MS-CAB] 2.3), installers of macOS, images of Windows, SquashFS of either order of bytes.
    (b"MSCF\0\0\0\0", "archives of other kinds"),
    (b"xar!\0", "archives of other kinds"),
    (b"MSWIM\0\0\0", "archives of other kinds"),
    (b"hsqs", "archives of other kinds"),
    (b"sqsh", "archives of other kinds"),
    (b"\xed\xab\xee\xdb", "packages of systems"),
    (b"!<arch>\ndebian-binary", "packages of systems"),
    // Columns in pages that are packed: Parquet, whose first page begins with a number of 32 bits, and ORC. Their marks
    // alone may begin a text.
    (b"PAR1\x15", "tables of data"),
    (b"ORC\x08", "tables of data"),
    (b"\x89PNG\r\n\x1a\n", "images"),
    (b"\xff\xd8\xff", "images"),
    (b"GIF87a", "images"),
    (b"GIF89a", "images"),
    (b"%PDF-", "PDF documents"),
    (b"SQLite format 3\0", "SQLite databases"),
    (b"wOFF", "fonts"),
    (b"wOF2", "fonts"),
    (b"OggS", "sound and film"),
    (b"ID3", "sound and film"),
    (b"fLaC", "sound and film"),
    (b"\x1aE\xdf\xa3", "sound and film"),
    // Of Java, older and newer.
    (b"\xfe\xed\xfe\xed", "key stores"),
    (b"\xce\xce\xce\xce", "key stores"),
    // Office documents before 2007: [MS-CFB] 2.2.
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "office documents"),
];

/// What a file is that begins so.
pub(super) fn of(head: &[u8]) -> Kind {
    let kind = by_magic(head);
    // Whoever writes `GIF89a` before a text makes no image of it.
    if kind != Kind::Text && kind != Kind::Archive(Archive::Tar) && goes_on_as_text(head) {
        return Kind::Text;
    }
    kind
}

fn by_magic(head: &[u8]) -> Kind {
    let packed = PACKED.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, name)| Kind::Packed(name));
    if let Some(kind) = packed {
        return kind;
    }
    match head {
        // PKWARE APPNOTE 4.3.7; an archive without members is its end alone, 4.3.16.
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Kind::Archive(Archive::Zip),
        // With its only method, RFC 1952 2.3.1.
        [0x1f, 0x8b, 8, ..] => Kind::Archive(Archive::Gzip),
        // RFC 8878 3.1.1.
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Kind::Archive(Archive::Zstd),
        // PKCS#12: a sequence that begins with version 3 and another sequence, RFC 7292 section 4.
        [0x30, 0x82, _, _, 2, 1, 3, 0x30, ..] | [0x30, 0x80, 2, 1, 3, 0x30, ..] => Kind::Packed("key stores"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Kind::Packed("images"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W' | b'A', ..] => Kind::Packed("sound and film"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Kind::Packed("sound and film"),
        // The level, then pi as the mark of a block.
        [b'B', b'Z', b'h', _, b'1', b'A', b'Y', b'&', b'S', b'Y', ..] => Kind::Packed("archives of other kinds"),
        // LZMA alone: its usual properties, the size of its dictionary, and a size that is unknown or below 16 TiB.
        [0x5d, 0, 0, _, 0..=8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, ..]
        | [0x5d, 0, 0, _, 0..=8, _, _, _, _, _, 0, 0, 0, 0, ..] => Kind::Packed("archives of other kinds"),
        // Flags that make the first two bytes a multiple of 31 (RFC 1950 2.2), and what can be unpacked.
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] if is_zlib(head) => Kind::Packed("archives of other kinds"),
        _ if super::archive::is_tar(head) => Kind::Archive(Archive::Tar),
        _ => Kind::Text,
    }
}

/// Whether the beginning of a stream of zlib can be unpacked, and is none of a text: `x^2 + y^2` can be. Two bytes alone
/// are too few to believe.
fn is_zlib(head: &[u8]) -> bool {
    let is_text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    if head.iter().all(is_text) {
        return false;
    }
    let mut room = [0; HEAD];
    let mut stream = flate2::Decompress::new(true);
    stream.decompress(head, &mut room, flate2::FlushDecompress::None).is_ok() && stream.total_out() > 0
}

/// Whether nothing but text stands behind the mark of a packed file. Those have zero bytes in their first kilobytes, or
/// bytes that are no UTF-8.
fn goes_on_as_text(head: &[u8]) -> bool {
    let rest = head.get(16..).unwrap_or_default();
    let mut bad = 0;
    for chunk in rest.utf8_chunks() {
        bad += chunk.invalid().len();
        bad += chunk.valid().bytes().filter(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace()).count();
    }
    !rest.is_empty() && !rest.contains(&0) && bad * 50 <= rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_says_what_a_file_is() {
        let behind = [0_u8, 1, 2, 0xff].repeat(100);
        for (head, kind) in [
            (b"PK\x03\x04\x14\0\0\0\0\0\0\0".as_slice(), Kind::Archive(Archive::Zip)),
            (b"\x1f\x8b\x08\0", Kind::Archive(Archive::Gzip)),
            (b"\x28\xb5\x2f\xfd", Kind::Archive(Archive::Zstd)),
            (b"BZh91AY&SY", Kind::Packed("archives of other kinds")),
            (b"RIFF\x01\0\0\0WEBPVP8 ", Kind::Packed("images")),
            (b"%PDF-1.7\n", Kind::Packed("PDF documents")),
            (b"SQLite format 3\0", Kind::Packed("SQLite databases")),
            (b"\x30\x82\x09\xd1\x02\x01\x03\x30\x82", Kind::Packed("key stores")),
            (b"\xfe\xed\xfe\xed\0\0\0\x02", Kind::Packed("key stores")),
            // A certificate in DER is read as it is.
            (b"\x30\x82\x03\x4a\x30\x82", Kind::Text),
            (b"PK = 3", Kind::Text),
            (b"BZh = 'x'", Kind::Text),
            (b"RIFF and WEBP", Kind::Text),
            (b"\x7fELF\x02\x01\x01\0", Kind::Text),
            (b"\0\0", Kind::Text),
        ] {
            assert_eq!(of(&[head, &behind].concat()), kind, "{head:?}");
        }
    }

    #[test]
    fn what_is_packed_in_other_ways_is_told() {
        let behind = [0_u8, 1, 2, 0xff].repeat(100);
        for (head, name) in [
            (b"\x04\x22\x4d\x18\x64\x40".as_slice(), "archives of other kinds"),
            (b"\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\0", "archives of other kinds"),
            (b"MSCF\0\0\0\0", "archives of other kinds"),
            (b"\xed\xab\xee\xdb\x03\0", "packages of systems"),
            (b"!<arch>\ndebian-binary   1700000000  0     0     100644  4         `\n2.0\n", "packages of systems"),
            (b"PAR1\x15\x04", "tables of data"),
        ] {
            assert_eq!(of(&[head, &behind].concat()), Kind::Packed(name), "{head:?}");
        }
        let packed = |text: &[u8]| {
            use std::io::Write;
            let mut writer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
            writer.write_all(text).and_then(|()| writer.finish()).expect("it is packed in memory")
        };
        assert_eq!(of(&packed(b"password = 'x'\n")), Kind::Packed("archives of other kinds"));
        assert_eq!(of(&[b"\x78\x9c".as_slice(), &behind].concat()), Kind::Text, "two bytes are no stream");
        // A library of objects holds its texts as they are.
        assert_eq!(of(&[b"!<arch>\n/               0".as_slice(), &behind].concat()), Kind::Text);
        for text in ["PAR1 = 2\n", "xargs -n1 echo\n", "ORC is a format of columns\n", "x^2 + y^2\n"] {
            assert_eq!(of(text.as_bytes()), Kind::Text, "{text}");
        }
    }

    #[test]
    fn a_text_with_the_mark_of_an_image_is_a_text() {
        for magic in
            [b"GIF89a".as_slice(), b"%PDF-1.4", b"\x89PNG\r\n\x1a\n", b"PK\x03\x04", b"\x1f\x8b\x08", b"\xff\xd8\xff"]
        {
            assert_eq!(
                of(&[magic, b" = 1; // and now for the text, which is read\n"].concat()),
                Kind::Text,
                "{magic:?}"
            );
        }
    }
}
