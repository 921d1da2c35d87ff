//! How large the page of a large company is, how long it takes to write it, and how long a
//! browser takes from opening it until it is drawn. `make bench` runs it.

#![allow(clippy::print_stdout, reason = "it prints its result")]

use std::time::{Duration, Instant};

use jiff::Timestamp;
use jumpgate::audit::{self, Terms};
use jumpgate::grants;
use jumpgate::report::html::{self, Input};

#[path = "../tests/support/browser.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod browser;
#[path = "../tests/support/crowd.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod crowd;

const PEOPLE: usize = 2_000;
const TARGETS: usize = 500;
/// How often each is timed; the least time counts.
const ROUNDS: usize = 5;

fn main() {
    let now = Timestamp::now();
    let crowd = crowd::Crowd::new(PEOPLE, TARGETS, now);
    let audit = audit::find(&crowd.access, &crowd.observed, &Terms::default(), now, None);
    let grants = grants::of(&crowd.access);
    let mut written = Duration::MAX;
    let mut page = String::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        page = html::report(&Input {
            access: &crowd.access,
            grants: &grants,
            moment: now,
            commit: None,
            live: Some((&crowd.observed, &audit)),
            language: None,
        });
        written = written.min(start.elapsed());
    }
    let (mut drawn, mut searched) = (f64::MAX, f64::MAX);
    for _ in 0..ROUNDS {
        let mut browser = browser::Browser::open(&page, "", (1400, 900));
        // The page's own clock starts when it is opened.
        let time = browser.value("Number(document.documentElement.dataset.drawn)");
        drawn = drawn.min(time.as_f64().expect("a time"));
        let time = browser.value(
            "(() => { const start = performance.now(), q = document.getElementById('q'); q.value = 'orders r'; \
             q.dispatchEvent(new Event('input')); return performance.now() - start; })()",
        );
        searched = searched.min(time.as_f64().expect("a time"));
    }
    println!(
        "{PEOPLE} people, {TARGETS} targets, {} grants, {} doors: {:.2} MB, written in {} ms; a browser \
         draws it {drawn:.0} ms after it was opened, and a search takes {searched:.0} ms",
        grants.len(),
        audit.doors.len(),
        page.len() as f64 / 1e6,
        written.as_millis(),
    );
}
