//! What people do with the page: search, filter, look closer, switch the language, print.

use jumpgate::report::html::Language;

use super::{moment, page};
use crate::support::browser::Browser;
use crate::support::crowd::Crowd;

const WIDE: (u32, u32) = (1400, 900);

fn open(fragment: &str) -> Browser {
    let crowd = Crowd::new(60, 36, moment());
    Browser::open(&page(&crowd, None), fragment, WIDE)
}

#[track_caller]
fn is_quiet(browser: &Browser) {
    assert_eq!(browser.complaints, [""; 0]);
}

#[test]
fn a_search_narrows_people_and_targets_alike() {
    let mut browser = open("");
    assert_eq!(browser.text("#found"), "60 people, 36 targets");
    browser.press("/");
    browser.type_text("fanlichun");
    assert_eq!(browser.text("#found"), "1 person, 12 targets");
    assert_eq!(browser.texts(".who"), ["范立春 fanlichun"]);
    // Two words: both must be found, in whatever part.
    browser.type_text(" rw");
    let columns = browser.texts(".target");
    assert_eq!(columns, ["orders-prod", "billing-test", "payments-test"]);
    assert!(browser.texts(".cell .pill b").iter().all(|level| level == "rw"));
    // By the name for people, and what nobody has.
    browser.click("#clear");
    browser.type_text("范立春");
    assert_eq!(browser.text("#found"), "1 person, 12 targets");
    browser.type_text(" nothing-of-this-name");
    assert_eq!(browser.texts(".who"), [""; 0]);
    assert!(browser.text("#people .empty").starts_with("Nothing matches."));
    is_quiet(&browser);
}

#[test]
fn a_view_is_an_address() {
    let mut browser = open("#q=orders-prod&within=30");
    let ends = browser.texts(".cell .pill i");
    assert!(!ends.is_empty());
    for end in &ends {
        let days: u32 = end.trim_end_matches('d').parse().expect("days");
        assert!(days <= 30, "{ends:?}");
    }
    browser.click("#views a:nth-child(2)");
    let address = browser.value("location.hash");
    assert_eq!(address, "#view=ends&q=orders-prod&within=30");
    let rows = browser.texts("#ends .row .pill");
    assert!(!rows.is_empty() && rows.iter().all(|row| row.starts_with("in ")), "{rows:?}");
    assert_eq!(browser.text("#found"), format!("{} ends", rows.len()));
    // The way back is the browser's own.
    browser.value(
        "history.back(); new Promise(done => addEventListener('hashchange', done, { once: true }))",
    );
    assert_eq!(browser.value("document.body.dataset.view"), "people");
    is_quiet(&browser);
}

#[test]
fn a_cell_tells_what_until_when_and_because_of_what() {
    let mut browser = open("#q=fanlichun%20orders/prod");
    assert_eq!(browser.texts(".target"), ["orders/prod"]);
    browser.click(".cell");
    let said = browser.text("#detail");
    for words in [
        "范立春 → /Default/orders/prod",
        "until 2026-12-16 24:00 +08:00, in 18 days",
        "requests/2026/TEAM-0.yaml:6",
        "not by git",
        "permission fanlichun-superuser",
        "jumpgate why fanlichun /Default/orders/prod --live",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    browser.press("Escape");
    assert_eq!(browser.value("document.getElementById('detail').hidden"), true);
    is_quiet(&browser);
}

#[test]
fn the_keyboard_is_enough() {
    let mut browser = open("");
    browser.value("document.querySelector('.who').focus()");
    for key in ["ArrowDown", "ArrowDown", "ArrowRight", "End"] {
        browser.press(key);
    }
    let there = browser
        .value("[...'row place'.split(' ')].map(name => document.activeElement.dataset[name])");
    assert_eq!(there, serde_json::json!(["2", "35"]));
    let label = browser.value("document.activeElement.getAttribute('aria-label')");
    assert!(label.as_str().expect("a label").starts_with("陈伟, stock-test: "), "{label}");
    for key in ["Home", "Enter"] {
        browser.press(key);
    }
    assert!(browser.text("#detail h2").starts_with("陈伟"));
    browser.press("Escape");
    let there = browser.value("document.activeElement.dataset.row");
    assert_eq!(there, "2", "the focus comes back");
    is_quiet(&browser);
}

#[test]
fn every_control_has_a_name_and_every_row_its_place() {
    for fragment in ["", "#view=ends", "#view=doors", "#view=people&who=person:fanlichun"] {
        let mut browser = open(fragment);
        let nameless = browser.value(
            "[...document.querySelectorAll('a, button, input, select')].filter(e => e.checkVisibility() && \
             !(e.innerText.trim() || e.getAttribute('aria-label') || [...(e.labels || [])].some(l => l.innerText.trim()))) \
             .map(e => e.outerHTML)",
        );
        assert_eq!(nameless, serde_json::json!([]), "{fragment}");
        let lost = browser.value(
            "[...document.querySelectorAll('[role=gridcell], [role=rowheader]')].filter(e => !e.closest('[role=row]') \
             || !e.closest('[role=grid]') || !e.getAttribute('aria-colindex')).length",
        );
        assert_eq!(lost, 0, "{fragment}");
    }
}

/// The texts of elements in which something is said in English.
pub(crate) fn english_in(browser: &mut Browser, elements: &str) -> Vec<String> {
    let words = "the|is|has|have|of|by|with|and|not|no|on|for|its|it|in|was|are|to|at|as|that|than|today|users?|assets?|days?|objects?";
    let found = browser.value(&format!(
        "[...document.querySelectorAll('{elements}')].map(e => e.textContent).filter(text => /\\b({words})\\b/.test(text))"
    ));
    serde_json::from_value(found).expect("texts")
}

#[test]
fn it_speaks_both_languages() {
    let mut browser = open("#view=doors");
    assert_eq!(browser.value("document.documentElement.lang"), "en");
    browser.click("#languages [lang=zh]");
    assert_eq!(browser.value("document.documentElement.lang"), "zh-CN");
    assert_eq!(browser.texts("#views a"), ["人员与目标", "即将到期", "绕过 git 的入口"]);
    assert_eq!(browser.text(".door .title b"), "授权 dba everything");
    assert_eq!(browser.value("document.title"), "acme 的访问权限");
    // What the audit says to do next has its words, too.
    let english = browser.value(
        "[...document.querySelectorAll('.door')].map(d => { d.open = true; return d.querySelector('.next').textContent; }) \
         .filter(text => !/^下一步：[^a-z]*(false|true|ACCOUNT|UNLOCK|JumpServer|JUMPGATE_JUMPSERVER_TOKEN|[^a-zA-Z])*$/.test(text))",
    );
    assert_eq!(english, serde_json::json!([]));
    // So has what is wrong with it, and what it opens; and each way past git to a target.
    assert_eq!(english_in(&mut browser, ".door .title small, .door .faults li"), [""; 0]);
    browser.click("#views a:nth-child(1)");
    browser.value("document.querySelector('.cell .pill.foreign').closest('.cell').click()");
    let said = browser.text("#detail");
    assert!(said.contains("连接"), "{said}");
    assert_eq!(english_in(&mut browser, "#detail p:not(.reason):not(.file)"), [""; 0]);
    is_quiet(&browser);
    // By the command it opens in one, whatever the browser's own is.
    let crowd = Crowd::new(20, 8, moment());
    let mut browser = Browser::open(&page(&crowd, Some(Language::Zh)), "", WIDE);
    assert_eq!(browser.value("document.documentElement.lang"), "zh-CN");
    is_quiet(&browser);
}

#[test]
fn the_look_follows_the_system_and_the_button() {
    let mut browser = open("");
    let dark = |browser: &mut Browser| browser.value("getComputedStyle(document.body).color");
    let light = dark(&mut browser);
    browser.send(
        "Emulation.setEmulatedMedia",
        serde_json::json!({ "features": [{ "name": "prefers-color-scheme", "value": "dark" }] }),
    );
    browser.settle();
    assert_ne!(dark(&mut browser), light);
    browser.click("#theme");
    assert_eq!(dark(&mut browser), light);
    is_quiet(&browser);
}

#[test]
fn paper_shows_the_whole_view() {
    let mut browser = open("#env=test");
    browser.paper();
    let rows = browser.value("document.querySelectorAll('#paper tbody tr').length");
    assert!(rows.as_u64().expect("rows") > 200, "{rows}");
    assert!(!browser.texts("#paper").concat().contains("orders-prod"));
    assert_eq!(browser.texts("#filters, #main, #views"), [""; 0], "controls are no use on paper");
    let pages = |pdf: Vec<u8>| String::from_utf8_lossy(&pdf).matches("/Type /Page\n").count();
    assert!(pages(browser.pdf()) > 5);
    is_quiet(&browser);
}

#[test]
fn a_narrow_window_never_scrolls_sideways_as_a_whole() {
    for view in ["people", "ends", "doors"] {
        let crowd = Crowd::new(20, 8, moment());
        let mut browser = Browser::open(&page(&crowd, None), &format!("#view={view}"), (360, 700));
        assert_eq!(browser.value("document.documentElement.scrollWidth"), 360, "{view}");
        is_quiet(&browser);
    }
}
