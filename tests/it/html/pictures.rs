//! Pictures of the page, to be looked at: `JUMPGATE_PICTURES=FOLDER` says where they go.

use std::fs;
use std::path::PathBuf;

use super::{moment, page};
use crate::support::browser::Browser;
use crate::support::crowd::Crowd;

/// Wide and narrow, light and dark, each view, in both languages, and on paper.
#[test]
#[ignore = "it draws pictures for people"]
fn pictures_of_every_view() {
    let folder = PathBuf::from(
        std::env::var_os("JUMPGATE_PICTURES").expect("JUMPGATE_PICTURES names a folder"),
    );
    let now = moment();
    let large = page(&Crowd::new(2_000, 500, now), None);
    fs::write(folder.join("large.html"), large).expect("a file");
    for (name, people, targets) in [("company", 60, 36), ("team", 24, 8)] {
        let page = page(&Crowd::new(people, targets, now), None);
        fs::write(folder.join(format!("{name}.html")), &page).expect("a file");
        for (view, fragment) in [
            ("people", "#view=people"),
            ("search", "#q=fanlichun"),
            ("detail", "#q=billing"),
            ("ends", "#view=ends"),
            ("doors", "#view=doors"),
            ("zh", "#lang=zh"),
            ("zh-doors", "#view=doors&lang=zh"),
            ("dark", "#theme=dark"),
        ] {
            for (form, size) in [("wide", (1400, 900)), ("narrow", (420, 860))] {
                let mut browser = Browser::open(&page, fragment, size);
                if view == "detail" {
                    browser.value("document.querySelector('.cell:has(.pill)').click()");
                }
                if view.ends_with("doors") {
                    browser.value("document.querySelectorAll('summary').forEach((s, i) => i < 2 && s.click())");
                }
                fs::write(folder.join(format!("{name}-{view}-{form}.png")), browser.picture())
                    .expect("a file");
                if form == "wide" && ["people", "ends", "doors"].contains(&view) {
                    fs::write(folder.join(format!("{name}-{view}.pdf")), browser.pdf())
                        .expect("a file");
                    browser.paper();
                    fs::write(folder.join(format!("{name}-{view}-paper.png")), browser.picture())
                        .expect("a file");
                }
                assert_eq!(browser.complaints, [""; 0], "{name} {view} {form}");
            }
        }
    }
}
