//! A table as an Apache Parquet file: groups of rows, one page a column, gzip, plain values. It must not know what the
//! columns mean, and holds one group of rows at a time.
//!
//! Written here since the `parquet` crate brings a second library of time (chrono) and eight further crates for the little
//! that two flat tables need. Source: Apache Parquet, "File Format", "Encodings", `parquet.thrift` 2.x.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;

use super::thrift::{BINARY, Compact, I32, STRUCT, varint};

/// Rows in a group. What a group holds is in memory at once.
const ROWS: usize = 20_000;

const MAGIC: &[u8; 4] = b"PAR1";
const CREATED_BY: &str = concat!("nonhuman version ", env!("CARGO_PKG_VERSION"));

// Numbers of `parquet.thrift`.
const BOOLEAN: i32 = 0;
const INT64: i32 = 2;
const BYTE_ARRAY: i32 = 6;
const REQUIRED: i32 = 0;
const OPTIONAL: i32 = 1;
const REPEATED: i32 = 2;
const PLAIN: i32 = 0;
const RLE: i32 = 3;
const GZIP: i32 = 2;
const DATA_PAGE: i32 = 0;

/// A column: its name, and how a row gives its value. What is not known or not there is null.
pub(super) struct Column<R> {
    pub(super) name: &'static str,
    pub(super) get: Get<R>,
}

/// The type of a column and the way to its values.
pub(super) enum Get<R> {
    Text(fn(&R) -> Option<String>),
    /// A text that is JSON.
    Json(fn(&R) -> Option<String>),
    Number(fn(&R) -> Option<i64>),
    Truth(fn(&R) -> Option<bool>),
    /// A moment, to the millisecond, in UTC.
    Time(fn(&R) -> Option<Timestamp>),
    /// A list of texts, which may be empty and is never null.
    Texts(fn(&R) -> Vec<String>),
}

/// Where a column of a group lies in the file.
struct Chunk {
    offset: i64,
    values: i64,
    plain: i64,
    packed: i64,
}

struct Group {
    rows: i64,
    chunks: Vec<Chunk>,
}

/// Writes a table. `notes` stand in the file's foot by name.
///
/// # Errors
/// Those of `out`, and when a group does not fit into a page.
pub(super) fn write<R>(
    columns: &[Column<R>],
    rows: impl IntoIterator<Item = R>,
    notes: &[(&str, String)],
    out: &mut dyn Write,
) -> io::Result<()> {
    out.write_all(MAGIC)?;
    let (mut offset, mut groups) = (MAGIC.len() as i64, Vec::new());
    let mut rows = rows.into_iter();
    loop {
        let group: Vec<R> = rows.by_ref().take(ROWS).collect();
        if group.is_empty() {
            break;
        }
        let mut chunks = Vec::with_capacity(columns.len());
        for column in columns {
            let page = page(column, &group)?;
            out.write_all(&page.bytes)?;
            let packed = page.bytes.len() as i64;
            chunks.push(Chunk { offset, values: page.values, plain: page.plain, packed });
            offset += packed;
        }
        groups.push(Group { rows: group.len() as i64, chunks });
    }
    let foot = foot(columns, &groups, notes);
    out.write_all(&foot)?;
    out.write_all(&length(foot.len())?.to_le_bytes())?;
    out.write_all(MAGIC)?;
    out.flush()
}

struct Page {
    bytes: Vec<u8>,
    values: i64,
    /// Its size before it was packed, with its header.
    plain: i64,
}

/// One column of a group: header and packed content.
fn page<R>(column: &Column<R>, rows: &[R]) -> io::Result<Page> {
    let (content, values) = content(column, rows)?;
    let mut packer = GzEncoder::new(Vec::new(), Compression::new(6));
    packer.write_all(&content)?;
    let packed = packer.finish()?;
    let mut header = Compact::new();
    header.i32(1, DATA_PAGE);
    header.i32(2, length(content.len())?);
    header.i32(3, length(packed.len())?);
    let count = length(values)?;
    header.structure(5, |data| {
        data.i32(1, count);
        data.i32(2, PLAIN);
        data.i32(3, RLE);
        data.i32(4, RLE);
    });
    let mut bytes = header.into_bytes();
    let plain = (bytes.len() + content.len()) as i64;
    bytes.extend_from_slice(&packed);
    Ok(Page { bytes, values: values as i64, plain })
}

fn length(length: usize) -> io::Result<i32> {
    i32::try_from(length).map_err(|_| io::Error::other("a column of the Parquet file is larger than 2 GiB"))
}

/// The levels and values of a column, and how many there are, nulls and empty lists among them.
fn content<R>(column: &Column<R>, rows: &[R]) -> io::Result<(Vec<u8>, usize)> {
    let mut values = Vec::new();
    let mut there = Levels::default();
    match &column.get {
        Get::Texts(get) => {
            let mut goes_on = Levels::default();
            for row in rows {
                let texts = get(row);
                goes_on.push(false);
                there.push(!texts.is_empty());
                for (number, text) in texts.iter().enumerate() {
                    if number > 0 {
                        goes_on.push(true);
                        there.push(true);
                    }
                    bytes(&mut values, text)?;
                }
            }
            let count = there.count;
            return Ok(([goes_on.finish()?, there.finish()?, values].concat(), count));
        }
        Get::Text(get) | Get::Json(get) => {
            for text in rows.iter().map(get) {
                there.push(text.is_some());
                text.map_or(Ok(()), |text| bytes(&mut values, &text))?;
            }
        }
        Get::Number(get) => plain(rows.iter().map(get), &mut there, &mut values),
        Get::Time(get) => {
            let milliseconds = rows.iter().map(|row| get(row).map(Timestamp::as_millisecond));
            plain(milliseconds, &mut there, &mut values);
        }
        Get::Truth(get) => {
            let (mut bit, mut byte) = (0, 0_u8);
            for truth in rows.iter().map(get) {
                there.push(truth.is_some());
                if let Some(truth) = truth {
                    byte |= u8::from(truth) << bit;
                    bit += 1;
                }
                if bit == 8 {
                    values.push(byte);
                    (bit, byte) = (0, 0);
                }
            }
            if bit > 0 {
                values.push(byte);
            }
        }
    }
    let count = there.count;
    Ok(([there.finish()?, values].concat(), count))
}

fn plain(numbers: impl Iterator<Item = Option<i64>>, there: &mut Levels, values: &mut Vec<u8>) {
    for number in numbers {
        there.push(number.is_some());
        values.extend(number.iter().flat_map(|number| number.to_le_bytes()));
    }
}

fn bytes(values: &mut Vec<u8>, text: &str) -> io::Result<()> {
    values.extend_from_slice(&length(text.len())?.to_le_bytes());
    values.extend_from_slice(text.as_bytes());
    Ok(())
}

/// Levels of one bit, as runs ("RLE/bit-packing hybrid", runs alone).
#[derive(Default)]
struct Levels {
    runs: Vec<u8>,
    level: bool,
    run: u64,
    count: usize,
}

impl Levels {
    fn push(&mut self, level: bool) {
        if level != self.level {
            self.end();
            self.level = level;
        }
        self.run += 1;
        self.count += 1;
    }

    fn end(&mut self) {
        if self.run > 0 {
            varint(&mut self.runs, self.run << 1);
            self.runs.push(u8::from(self.level));
            self.run = 0;
        }
    }

    /// The runs behind their length in bytes.
    fn finish(mut self) -> io::Result<Vec<u8>> {
        self.end();
        let length = length(self.runs.len())?.to_le_bytes();
        Ok([length.as_slice(), &self.runs].concat())
    }
}

/// `FileMetaData`.
fn foot<R>(columns: &[Column<R>], groups: &[Group], notes: &[(&str, String)]) -> Vec<u8> {
    let mut foot = Compact::new();
    foot.i32(1, 1);
    let elements: usize = columns.iter().map(|column| if is_list(column) { 3 } else { 1 }).sum();
    foot.list(2, STRUCT, elements + 1);
    foot.element(|root| {
        root.text(4, "nonhuman");
        root.i32(5, i32::try_from(columns.len()).unwrap_or_default());
    });
    columns.iter().for_each(|column| schema(&mut foot, column));
    foot.i64(3, groups.iter().map(|group| group.rows).sum());
    foot.list(4, STRUCT, groups.len());
    for group in groups {
        foot.element(|it| {
            it.list(1, STRUCT, columns.len());
            for (column, chunk) in columns.iter().zip(&group.chunks) {
                it.element(|it| column_chunk(it, column, chunk));
            }
            it.i64(2, group.chunks.iter().map(|chunk| chunk.plain).sum());
            it.i64(3, group.rows);
        });
    }
    foot.list(5, STRUCT, notes.len());
    for (name, value) in notes {
        foot.element(|note| {
            note.text(1, name);
            note.text(2, value);
        });
    }
    foot.text(6, CREATED_BY);
    foot.into_bytes()
}

fn is_list<R>(column: &Column<R>) -> bool {
    matches!(column.get, Get::Texts(_))
}

/// The number of a physical type, of the converted type of old readers, and of the logical type.
fn types<R>(column: &Column<R>) -> (i32, Option<i32>, Option<u8>) {
    match column.get {
        Get::Text(_) | Get::Texts(_) => (BYTE_ARRAY, Some(0), Some(1)),
        Get::Json(_) => (BYTE_ARRAY, Some(19), Some(12)),
        Get::Number(_) => (INT64, None, None),
        Get::Truth(_) => (BOOLEAN, None, None),
        Get::Time(_) => (INT64, Some(9), Some(8)),
    }
}

/// The `SchemaElement`s of a column; a list has three ("Lists" in "Logical Types").
fn schema<R>(foot: &mut Compact, column: &Column<R>) {
    let (physical, converted, logical) = types(column);
    let mut leaf = |name: &str, repetition: i32| {
        foot.element(|it| {
            it.i32(1, physical);
            it.i32(3, repetition);
            it.text(4, name);
            converted.into_iter().for_each(|number| it.i32(6, number));
            logical.into_iter().for_each(|number| it.structure(10, |it| it.structure(number, |it| moment(it, number))));
        });
    };
    if !is_list(column) {
        leaf(column.name, OPTIONAL);
        return;
    }
    foot.element(|it| {
        it.i32(3, REQUIRED);
        it.text(4, column.name);
        it.i32(5, 1);
        it.i32(6, 3);
        it.structure(10, |it| it.structure(3, |_| {}));
    });
    foot.element(|it| {
        it.i32(3, REPEATED);
        it.text(4, "list");
        it.i32(5, 1);
    });
    foot.element(|it| {
        it.i32(1, physical);
        it.i32(3, REQUIRED);
        it.text(4, "element");
        it.i32(6, 0);
        it.structure(10, |it| it.structure(1, |_| {}));
    });
}

/// A logical type of time says that it is in UTC, and its unit.
fn moment(it: &mut Compact, logical: u8) {
    if logical == 8 {
        it.truth(1, true);
        it.structure(2, |unit| unit.structure(1, |_| {}));
    }
}

fn column_chunk<R>(it: &mut Compact, column: &Column<R>, chunk: &Chunk) {
    it.i64(2, chunk.offset);
    it.structure(3, |it| {
        it.i32(1, types(column).0);
        it.list(2, I32, 2);
        it.element_i32(PLAIN);
        it.element_i32(RLE);
        let path: &[&str] = if is_list(column) { &[column.name, "list", "element"] } else { &[column.name] };
        it.list(3, BINARY, path.len());
        path.iter().for_each(|part| it.element_text(part));
        it.i32(4, GZIP);
        it.i64(5, chunk.values);
        it.i64(6, chunk.plain);
        it.i64(7, chunk.packed);
        it.i64(9, chunk.offset);
    });
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
    use super::*;

    fn levels(levels: &[bool]) -> Vec<u8> {
        let mut it = Levels::default();
        levels.iter().for_each(|level| it.push(*level));
        it.finish().unwrap()
    }

    #[test]
    fn levels_are_runs_behind_their_length() {
        assert_eq!(levels(&[]), [0, 0, 0, 0]);
        assert_eq!(levels(&[true, true, true, false]), [4, 0, 0, 0, 6, 1, 2, 0]);
        assert_eq!(levels(&[true; 100]), [3, 0, 0, 0, 0xc8, 0x01, 1]);
    }

    #[test]
    fn values_are_plain_and_nulls_leave_none() {
        let truths = Column { name: "a", get: Get::Truth(|row: &i64| (*row != 1).then_some(*row > 1)) };
        let (bytes, count) = content(&truths, &[0, 1, 2, 3]).unwrap();
        assert_eq!((bytes, count), (vec![6, 0, 0, 0, 2, 1, 2, 0, 4, 1, 0b110], 4));
        let texts = Column { name: "b", get: Get::Texts(|row: &i64| (0..*row).map(|n| n.to_string()).collect()) };
        let (bytes, count) = content(&texts, &[2, 0]).unwrap();
        let repeats = [6, 0, 0, 0, 2, 0, 2, 1, 2, 0];
        let there = [4, 0, 0, 0, 4, 1, 2, 0];
        let values = [1, 0, 0, 0, b'0', 1, 0, 0, 0, b'1'];
        assert_eq!((bytes, count), ([repeats.as_slice(), &there, &values].concat(), 3));
    }

    #[test]
    fn the_file_says_how_long_its_foot_is() {
        let columns = [Column { name: "n", get: Get::Number(|row: &i64| Some(*row)) }];
        let mut file = Vec::new();
        write(&columns, 0..45_000, &[("schema", "x".to_owned())], &mut file).unwrap();
        assert_eq!((&file[..4], &file[file.len() - 4..]), (MAGIC.as_slice(), MAGIC.as_slice()));
        let at = file.len() - 8;
        let foot = u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
        // The first field of the foot: version 1.
        assert_eq!(file[at - foot..at - foot + 2], [0x15, 2]);
        let mut again = Vec::new();
        write(&columns, 0..45_000, &[("schema", "x".to_owned())], &mut again).unwrap();
        assert_eq!(file, again);
    }
}
