//! A large company: 2,000 people and 500 targets.

use jumpgate::grants;

use super::{moment, page};
use crate::support::browser::Browser;
use crate::support::crowd::Crowd;

#[test]
fn a_large_company_is_a_small_page() {
    let crowd = Crowd::new(2_000, 500, moment());
    assert!(grants::of(&crowd.access).len() > 20_000);
    let page = page(&crowd, None);
    assert!(page.len() < 5_000_000, "{} bytes", page.len());
    let mut browser = Browser::open(&page, "", (1400, 900));
    assert_eq!(browser.text("#found"), "2,000 people, 500 targets");
    // What is out of sight is not in the page.
    let elements = "document.querySelectorAll('*').length";
    let count = browser.value(elements).as_u64().expect("a count");
    assert!(count < 4_000, "{count} elements");
    // The last row and column come into it when they come into sight.
    browser.value("(() => { const g = document.querySelector('.grid'); g.scrollTop = g.scrollHeight; g.scrollLeft = g.scrollWidth; })()");
    browser.settle();
    let last = browser
        .value("[...document.querySelectorAll('.row')].at(-1).getAttribute('aria-rowindex')");
    assert_eq!(last, "2001");
    let last = browser
        .value("[...document.querySelectorAll('.target')].at(-1).getAttribute('aria-colindex')");
    assert_eq!(last, "501");
    let count = browser.value(elements).as_u64().expect("a count");
    assert!(count < 4_000, "{count} elements");
    assert_eq!(browser.complaints, [""; 0]);
}

#[test]
fn everybody_on_everything_is_a_small_page_too() {
    let crowd = Crowd::everything(500, 200, moment());
    let page = page(&crowd, None);
    // A hundred thousand cells stand in it once.
    assert!(page.len() < 200_000, "{} bytes", page.len());
    let mut browser = Browser::open(&page, "#q=fanlichun%20orders-prod", (1400, 900));
    assert_eq!(browser.text("#found"), "2 people, 1 target");
    assert_eq!(browser.complaints, [""; 0]);
}
