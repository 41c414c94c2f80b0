//! The compact protocol of Apache Thrift, as far as Parquet's headers need it. It must not know what it writes.
//!
//! Source: Apache Thrift, "Thrift Compact protocol encoding".

/// The kinds of elements and fields.
pub(super) const I32: u8 = 5;
pub(super) const BINARY: u8 = 8;
pub(super) const STRUCT: u8 = 12;
const TRUE: u8 = 1;
const FALSE: u8 = 2;
const I64: u8 = 6;
const LIST: u8 = 9;

/// A structure that is being written. Fields come in the order of their numbers.
#[derive(Default)]
pub(super) struct Compact {
    bytes: Vec<u8>,
    /// The number of the last field, of each structure that is open.
    last: Vec<u8>,
}

impl Compact {
    pub(super) fn new() -> Self {
        Self { bytes: Vec::new(), last: vec![0] }
    }

    /// Ends the outermost structure.
    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.push(0);
        self.bytes
    }

    fn field(&mut self, number: u8, kind: u8) {
        if let Some(last) = self.last.last_mut() {
            // Numbers of Parquet's fields are small and rise, so the difference fits.
            self.bytes.push((number.saturating_sub(*last) << 4) | kind);
            *last = number;
        }
    }

    pub(super) fn i32(&mut self, number: u8, value: i32) {
        self.field(number, I32);
        self.element_i32(value);
    }

    pub(super) fn i64(&mut self, number: u8, value: i64) {
        self.field(number, I64);
        varint(&mut self.bytes, ((value << 1) ^ (value >> 63)).cast_unsigned());
    }

    pub(super) fn truth(&mut self, number: u8, value: bool) {
        self.field(number, if value { TRUE } else { FALSE });
    }

    pub(super) fn text(&mut self, number: u8, value: &str) {
        self.field(number, BINARY);
        self.element_text(value);
    }

    /// A structure as a field.
    pub(super) fn structure(&mut self, number: u8, write: impl FnOnce(&mut Self)) {
        self.field(number, STRUCT);
        self.element(write);
    }

    /// A list as a field; its elements follow.
    pub(super) fn list(&mut self, number: u8, kind: u8, length: usize) {
        self.field(number, LIST);
        match u8::try_from(length) {
            Ok(short @ 0..15) => self.bytes.push((short << 4) | kind),
            _ => {
                self.bytes.push(0xf0 | kind);
                varint(&mut self.bytes, length as u64);
            }
        }
    }

    pub(super) fn element_i32(&mut self, value: i32) {
        let value = i64::from(value);
        varint(&mut self.bytes, ((value << 1) ^ (value >> 63)).cast_unsigned());
    }

    pub(super) fn element_text(&mut self, value: &str) {
        varint(&mut self.bytes, value.len() as u64);
        self.bytes.extend_from_slice(value.as_bytes());
    }

    /// A structure as an element of a list.
    pub(super) fn element(&mut self, write: impl FnOnce(&mut Self)) {
        self.last.push(0);
        write(self);
        self.last.pop();
        self.bytes.push(0);
    }
}

/// A number of seven bits a byte, the lowest first (ULEB128).
pub(super) fn varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(u8::try_from(value & 0x7f).unwrap_or_default() | 0x80);
        value >>= 7;
    }
    bytes.push(u8::try_from(value).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand from the description of the protocol.
    #[test]
    fn a_structure_is_written_as_the_protocol_says() {
        let mut it = Compact::new();
        it.i32(1, -1);
        it.text(4, "ab");
        it.truth(5, true);
        it.structure(6, |inner| inner.i64(2, 300));
        it.list(7, BINARY, 1);
        it.element_text("c");
        let expected = [0x15, 1, 0x38, 2, b'a', b'b', 0x11, 0x1c, 0x26, 0xd8, 0x04, 0, 0x19, 0x18, 1, b'c', 0];
        assert_eq!(it.into_bytes(), expected);
        let mut it = Compact::new();
        it.list(1, I32, 200);
        assert_eq!(it.into_bytes(), [0x19, 0xf5, 0xc8, 0x01, 0]);
    }
}
