//! Writes archives for the tests, right ones and wrong ones. Reads none.

use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};

/// A member of a zip archive.
pub(crate) struct Member<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) content: &'a [u8],
    pub(crate) method: u16,
    pub(crate) flags: u16,
    /// The mode of Unix.
    pub(crate) mode: u32,
}

/// A deflated file.
pub(crate) fn file<'a>(name: &'a str, content: &'a [u8]) -> Member<'a> {
    Member { name: name.as_bytes(), content, method: 8, flags: 0, mode: 0o100_644 }
}

pub(crate) fn deflate(content: &[u8]) -> Vec<u8> {
    let mut packer = DeflateEncoder::new(Vec::new(), Compression::best());
    packer.write_all(content).expect("room");
    packer.finish().expect("room")
}

pub(crate) fn gzip(content: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(content).expect("room");
    packer.finish().expect("room")
}

pub(crate) fn zstd(content: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(content, ruzstd::encoding::CompressionLevel::Fastest)
}

pub(crate) fn zip(members: &[Member<'_>]) -> Vec<u8> {
    let mut archive = Vec::new();
    let mut directory = Vec::new();
    for member in members {
        let packed = if member.method == 8 { deflate(member.content) } else { member.content.to_vec() };
        let mut crc = flate2::Crc::new();
        crc.update(member.content);
        let offset = archive.len() as u32;
        let mut fields = Vec::new();
        for field in [20, member.flags, member.method, 0, 0] {
            fields.extend(field.to_le_bytes());
        }
        for field in [crc.sum(), packed.len() as u32, member.content.len() as u32] {
            fields.extend(field.to_le_bytes());
        }
        fields.extend((member.name.len() as u16).to_le_bytes());
        fields.extend([0, 0]);
        archive.extend(b"PK\x03\x04");
        archive.extend(&fields);
        archive.extend(member.name);
        archive.extend(packed);
        directory.extend(b"PK\x01\x02\x14\x03");
        directory.extend(&fields);
        directory.extend([0; 6]);
        directory.extend((member.mode << 16).to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend(member.name);
    }
    let offset = archive.len() as u32;
    archive.extend(&directory);
    archive.extend(b"PK\x05\x06\0\0\0\0");
    archive.extend([members.len() as u16, members.len() as u16].iter().flat_map(|count| count.to_le_bytes()));
    archive.extend((directory.len() as u32).to_le_bytes());
    archive.extend(offset.to_le_bytes());
    archive.extend([0, 0]);
    archive
}

/// The header of a member of a tar archive that says it has so many bytes.
pub(crate) fn tar_header(name: &[u8], kind: u8, size: u64) -> Vec<u8> {
    let mut header = vec![0; 512];
    header[..name.len()].copy_from_slice(name);
    header[100..108].copy_from_slice(b"0000644\0");
    let size = if size < 1 << 33 {
        format!("{size:011o}\0").into_bytes()
    } else {
        [&[0x80, 0, 0, 0], &size.to_be_bytes()[..]].concat()
    };
    header[124..136].copy_from_slice(&size);
    header[148..156].copy_from_slice(b"        ");
    header[156] = kind;
    header[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

/// A tar archive of members given as name, kind and content.
pub(crate) fn tar(members: &[(&[u8], u8, &[u8])]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, kind, content) in members {
        archive.extend(tar_header(name, *kind, content.len() as u64));
        archive.extend(*content);
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
    archive.resize(archive.len() + 1024, 0);
    archive
}
