//! Tables of the data part: a list of columns, then a row each without their names. Knows nothing of what they hold.

use serde::{Serialize, Serializer};

use super::strings::Text;

/// What a cell holds, and how the page reads it: `$` a text, `@` a list of texts, nothing: as it is.
pub(super) trait Cell: Serialize {
    const MARK: &'static str = "";
}

impl Cell for Text {
    const MARK: &'static str = "$";
}
impl Cell for Vec<Text> {
    const MARK: &'static str = "@";
}
impl Cell for bool {}
impl Cell for usize {}
impl Cell for u8 {}
impl Cell for u64 {}
impl Cell for Option<u8> {}
impl Cell for Option<i64> {}
impl Cell for Option<usize> {}
impl Cell for Vec<usize> {}
impl Cell for Vec<(Text, Text)> {}

/// A row of a table.
pub(super) trait Row: Serialize {
    /// The names of its columns, each with the mark of its cells.
    fn columns() -> Vec<String>;
}

/// A table.
pub(super) struct Sheet<T>(pub(super) Vec<T>);

impl<T: Row> Serialize for Sheet<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Form<'a, T> {
            columns: Vec<String>,
            rows: &'a [T],
        }
        Form { columns: T::columns(), rows: &self.0 }.serialize(serializer)
    }
}

/// Declares a row: a struct that is written as a list of its values.
macro_rules! row {
    ($(#[$meta:meta])* $name:ident { $($field:ident: $type:ty),+ $(,)? }) => {
        $(#[$meta])*
        pub(super) struct $name { $(pub(super) $field: $type),+ }

        impl $crate::report::html::sheet::Row for $name {
            fn columns() -> Vec<String> {
                vec![$(format!("{}{}", <$type as $crate::report::html::sheet::Cell>::MARK, stringify!($field))),+]
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut row = serializer.serialize_seq(None)?;
                $(serde::ser::SerializeSeq::serialize_element(&mut row, &self.$field)?;)+
                serde::ser::SerializeSeq::end(row)
            }
        }
    };
}
pub(super) use row;
