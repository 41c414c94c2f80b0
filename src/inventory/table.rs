//! A sorted list of things with an index by name.

use super::name_index::NameIndex;
use crate::model::{Credential, Exposure, Grant, Identity, Person, Policy, Setting, Trust, Urn, Workload};

/// Something with a name and evidence, of which there is one an inventory.
pub trait Keyed {
    /// The name it is merged and looked up by.
    fn key(&self) -> &Urn;
}

macro_rules! keyed {
    ($($type:ty => $field:ident),+ $(,)?) => { $(impl Keyed for $type { fn key(&self) -> &Urn { &self.$field } })+ };
}
keyed!(Identity => id, Credential => id, Policy => id, Grant => id, Trust => of, Workload => id, Person => id, Exposure => id, Setting => id);

/// Things sorted by name.
#[derive(Debug)]
pub struct Table<T> {
    rows: Vec<T>,
    index: NameIndex,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), index: NameIndex::default() }
    }
}

impl<T: Keyed> Table<T> {
    /// A table of rows that have different names.
    pub fn new(mut rows: Vec<T>) -> Self {
        rows.sort_by(|a, b| a.key().cmp(b.key()));
        let index = NameIndex::new(rows.len(), |position| rows[position as usize].key());
        Self { rows, index }
    }

    /// The row with this name.
    pub fn get(&self, name: &Urn) -> Option<&T> {
        self.position(name).map(|position| &self.rows[position])
    }

    /// Which row has this name, counted from 0 in the order of [`Table::rows`].
    pub fn position(&self, name: &Urn) -> Option<usize> {
        let position = self.index.get(name, |position| self.rows[position as usize].key());
        position.map(|position| position as usize)
    }

    /// All rows by name.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.rows.iter()
    }

    /// All rows by name, as a slice.
    pub fn rows(&self) -> &[T] {
        &self.rows
    }

    /// All rows by name, for a table that is made anew.
    pub fn into_rows(self) -> Vec<T> {
        self.rows
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl<'a, T: Keyed> IntoIterator for &'a Table<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.rows.iter()
    }
}
