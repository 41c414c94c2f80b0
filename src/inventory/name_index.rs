//! Finds by its name where a thing stands in a list, without holding the names a second time.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::model::Urn;

/// Numbers of the things of a list; whoever asks says what the name of a number is.
#[derive(Debug, Default)]
pub(super) struct NameIndex {
    numbers: HashTable<u32>,
    state: RandomState,
}

impl NameIndex {
    /// Of so many things, with different names.
    pub(super) fn new<'n>(count: usize, name: impl Fn(u32) -> &'n Urn) -> Self {
        let mut index = Self { numbers: HashTable::with_capacity(count), state: RandomState::default() };
        (0..).take(count).for_each(|number| index.insert(number, &name));
        index
    }

    /// Adds a thing whose name is not there yet.
    pub(super) fn insert<'n>(&mut self, number: u32, name: impl Fn(u32) -> &'n Urn) {
        let hash = |number: &u32| self.state.hash_one(name(*number));
        self.numbers.insert_unique(hash(&number), number, hash);
    }

    /// Where a name stands.
    pub(super) fn get<'n>(&self, wanted: &Urn, name: impl Fn(u32) -> &'n Urn) -> Option<u32> {
        self.numbers.find(self.state.hash_one(wanted), |number| name(*number) == wanted).copied()
    }
}
