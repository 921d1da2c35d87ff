//! How long the decoders are fed with odd input: a little in every run of the tests, and as
//! many cases as `JUMPGATE_FUZZ_CASES` says in `make fuzz`.

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::Config;

/// The settings of a property: at least `few` cases.
pub(crate) fn cases(few: u32) -> Config {
    let asked = std::env::var("JUMPGATE_FUZZ_CASES").ok().and_then(|text| text.parse().ok());
    Config { cases: asked.map_or(few, |asked: u32| asked.max(few)), ..Config::default() }
}

/// A change of some bytes.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// Another byte.
    Byte(Index, u8),
    /// Bytes taken out.
    Cut(Index, Index),
    /// Bytes said again.
    Repeat(Index, Index),
    /// Bytes put in.
    Insert(Index, Vec<u8>),
}

/// Changes, some with the pieces given.
pub(crate) fn changes(pieces: &'static [&'static str]) -> impl Strategy<Value = Vec<Change>> {
    let index = any::<Index>;
    let piece = proptest::sample::select(pieces).prop_map(|piece| piece.as_bytes().to_vec());
    let change = prop_oneof![
        (index(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        (index(), index()).prop_map(|(from, to)| Change::Cut(from, to)),
        (index(), index()).prop_map(|(from, to)| Change::Repeat(from, to)),
        (index(), piece).prop_map(|(at, piece)| Change::Insert(at, piece)),
        (index(), proptest::collection::vec(any::<u8>(), 1..8))
            .prop_map(|(at, bytes)| Change::Insert(at, bytes)),
    ];
    proptest::collection::vec(change, 0..6)
}

/// The bytes with the changes made.
pub(crate) fn changed(bytes: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for change in changes {
        let at = |index: &Index| index.index(bytes.len() + 1);
        match change {
            Change::Byte(index, byte) if !bytes.is_empty() => {
                let at = index.index(bytes.len());
                bytes[at] = *byte;
            }
            Change::Byte(..) => {}
            Change::Cut(from, to) => {
                let (from, to) = (at(from).min(at(to)), at(from).max(at(to)));
                bytes.drain(from..to);
            }
            Change::Repeat(from, to) => {
                let (from, to) = (at(from).min(at(to)), at(from).max(at(to)));
                // No input grows without end.
                let again = bytes[from..to.min(from + 4_096)].to_vec();
                bytes.splice(from..from, again);
            }
            Change::Insert(index, piece) => {
                let at = at(index);
                bytes.splice(at..at, piece.iter().copied());
            }
        }
    }
    bytes
}
