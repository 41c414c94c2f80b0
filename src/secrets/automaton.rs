//! An expression as an automaton that reads forward alone, built as texts need it: it tells whether there is a match and
//! where it ends. What groups hold is asked of the whole expression, which few detectors ever need: it takes three times the
//! memory, and its states for every thread again.

use regex_automata::Input;
use regex_automata::MatchKind;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::pool::{Pool, PoolGuard};
use regex_automata::util::prefilter::Prefilter;

/// How much an automaton may remember of its own states in each thread, in bytes.
const CACHE: usize = 1024 * 1024;

type NewCache = Box<dyn Fn() -> Cache + Send + Sync>;

/// The automaton of one expression, for any number of threads.
pub(super) struct Automaton {
    dfa: DFA,
    caches: Pool<Cache, NewCache>,
}

/// An automaton in the hands of one thread.
pub(super) struct Reader<'a> {
    dfa: &'a DFA,
    cache: PoolGuard<'a, Cache, NewCache>,
}

/// What an automaton says of a part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// No match begins there.
    Nothing,
    /// The first match ends here.
    EndsAt(usize),
    /// It cannot tell: its states became too many, or a character beyond ASCII stands at the end of a word.
    Unknown,
}

impl Automaton {
    /// `None` for an expression that is none, or too large.
    pub(super) fn new(pattern: &str) -> Option<Self> {
        let hir = regex_syntax::ParserBuilder::new().utf8(false).build().parse(pattern).ok()?;
        let config = thompson::Config::new().utf8(false).which_captures(WhichCaptures::None);
        let nfa = thompson::Compiler::new().configure(config).build_from_hir(&hir).ok()?;
        let config = DFA::config()
            .prefilter(Prefilter::from_hir_prefix(MatchKind::LeftmostFirst, &hir))
            .unicode_word_boundary(true)
            .cache_capacity(CACHE)
            // As the library sets them for its own expressions: one that is always building states is no gain.
            .skip_cache_capacity_check(true)
            .minimum_cache_clear_count(Some(3))
            .minimum_bytes_per_state(Some(10));
        let dfa = DFA::builder().configure(config).build_from_nfa(nfa).ok()?;
        let again = dfa.clone();
        Some(Self { dfa, caches: Pool::new(Box::new(move || again.create_cache())) })
    }

    /// For one thread.
    pub(super) fn reader(&self) -> Reader<'_> {
        Reader { dfa: &self.dfa, cache: self.caches.get() }
    }
}

impl std::fmt::Debug for Automaton {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Automaton")
    }
}

impl Reader<'_> {
    /// What is said of the part of a text that is given.
    pub(super) fn read(&mut self, input: &Input<'_>) -> Answer {
        match self.dfa.try_search_fwd(&mut self.cache, input) {
            Ok(None) => Answer::Nothing,
            Ok(Some(end)) => Answer::EndsAt(end.offset()),
            Err(_) => Answer::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(pattern: &str, text: &str) -> Answer {
        Automaton::new(pattern).expect("an expression").reader().read(&Input::new(text))
    }

    #[test]
    fn it_says_where_the_first_match_ends() {
        assert_eq!(
            answer("ab+|abbc", "xx abbc abb"),
            Answer::EndsAt(6),
            "the first alternative, as the whole expression"
        );
        assert_eq!(answer(r"(?-u)\bab\b", "xab abx ab"), Answer::EndsAt(10));
        assert_eq!(answer("ab+", "nothing"), Answer::Nothing);
    }

    #[test]
    fn what_it_cannot_tell_it_says() {
        assert_eq!(answer(r"\bab\b", "abü"), Answer::Unknown);
    }
}
