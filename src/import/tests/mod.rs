//! What is imported of a made-up mess, and why the rest is left alone.

mod inventory;
mod people;
mod requests;
pub(crate) mod world;

use super::{Found, Options, Why, requests as find, settle};
use world::{World, moment};

/// What an import of requests finds, with only what passes the checks.
fn import(world: &World, options: &Options) -> Found {
    let access = world.access();
    let found = find::find(&access, &world.seen, options, moment());
    settled(world, found)
}

fn settled(world: &World, found: Found) -> Found {
    let access = world.access();
    match settle(&world.tree, &access, found, moment()) {
        Ok((found, ..)) => found.sorted(),
        Err(errors) => panic!("{errors:#?}"),
    }
}

/// The files with their texts and notes.
fn files(found: &Found) -> String {
    let mut text = String::new();
    for file in &found.files {
        text.push_str(&format!("--- {}\n{}", file.path, file.text));
        for note in &file.notes {
            text.push_str(&format!("! {note}\n"));
        }
    }
    text
}

/// What was left alone with the reasons.
fn left(found: &Found) -> String {
    let mut text = String::new();
    for left in &found.left {
        text.push_str(&format!("{}\n", left.thing.words()));
        for reason in &left.reasons {
            text.push_str(&format!("  {}: {}\n", reason.why.word(), reason.text));
        }
    }
    text
}

#[test]
fn each_reason_has_a_word_of_its_own() {
    let words: std::collections::BTreeSet<&str> = Why::ALL.iter().map(|why| why.word()).collect();
    assert_eq!(words.len(), Why::ALL.len());
}
