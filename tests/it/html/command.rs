//! `jumpgate report` and `jumpgate audit --format html`.

use jumpgate_sandbox::{NewPermission, Version};

use crate::support::browser::Browser;
use crate::support::company::Company;
use crate::support::servers::Kind;

const WIDE: (u32, u32) = (1400, 900);

async fn company() -> Company {
    let company = Company::with_database(Version::V4, Kind::Mariadb1011).await;
    company.write(
        "requests/2026/PAY-1.yaml",
        "for: fanlichun\nreason: refunds\nuntil: 2099-01-01\nservers:\n  - login: app\n    \
         assets: [pay-web-01]\ndatabases:\n  - instance: orders-prod\n    level: r\n    \
         tables: [orders.*]\n",
    );
    company.merge("Let fanlichun reconcile refunds (#1)");
    company
}

async fn in_browser<T: Send + 'static>(
    page: String,
    look: impl FnOnce(&mut Browser) -> T + Send + 'static,
) -> T {
    let look = move || {
        let mut browser = Browser::open(&page, "", WIDE);
        let found = look(&mut browser);
        assert_eq!(browser.complaints, [""; 0]);
        found
    };
    tokio::task::spawn_blocking(look).await.expect("it ends")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_needs_no_server_and_asks_them_when_told() {
    let company = company().await;
    let done = company.run(&["report", "--rev", "HEAD"]).await.expect(0);
    assert!(company.jumpserver.requests().is_empty());
    assert_eq!(done.stderr, "");
    let (who, views) =
        in_browser(done.stdout, |browser| (browser.texts(".who"), browser.texts("#views a"))).await;
    assert_eq!(who, ["范立春 fanlichun"]);
    assert_eq!(views, ["People and targets", "What ends next"]);

    // With the servers: who opens git's account too, and an account that nobody is known to use.
    company.run(&["apply", "--yes"]).await.expect(0);
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    company.jumpserver.add_permission(NewPermission {
        name: "dba everything".into(),
        users: names(&["liwei"]),
        nodes: names(&[company.root]),
        accounts: names(&["@ALL"]),
        ..NewPermission::default()
    });
    company.run(&["report", "--live", "--lang", "zh", "--output", "page.html"]).await.expect(0);
    let page = std::fs::read_to_string(company.dir().join("page.html")).expect("the page");
    let (cells, views) = in_browser(page, |browser| {
        let cells = browser.value("[...document.querySelectorAll('.cell:has(.pill)')].map(e => e.getAttribute('aria-label'))");
        (cells.to_string(), browser.texts("#views a").len())
    })
    .await;
    assert_eq!(views, 3);
    for words in [
        "范立春, orders-prod: r 到 2099-01-01 24:00 +08:00",
        "李伟, orders-prod: 1 条途径不是 git 授予",
        "李伟, pay-web-01: 1 条途径不是 git 授予",
        "知道密码的任何人, orders-prod: ",
    ] {
        assert!(cells.contains(words), "{words}: {cells}");
    }
    // What git gives is no way past it.
    let mut cells = cells.split("\",\"").filter(|cell| cell.contains("范立春, "));
    assert!(cells.all(|cell| !cell.contains("不是 git 授予")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_is_a_page_of_its_own() {
    let company = company().await;
    let done = company.run(&["audit", "--format", "html"]).await.expect(0);
    let (title, found) = in_browser(done.stdout, |browser| {
        let doors = browser.texts(".door .title b");
        assert!(
            doors.iter().any(|door| door.starts_with("account admin@% on orders-prod")),
            "{doors:?}"
        );
        (browser.value("document.title"), browser.texts("#people, #ends, #views a"))
    })
    .await;
    assert_eq!(title, "Audit of acme");
    assert_eq!(found, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_cannot_be_read_is_told_in_the_page_too() {
    let mut company = company().await;
    company.server = None;
    let done = company.run(&["report", "--live"]).await.expect(5);
    assert!(done.stderr.contains("orders-prod could not be read"), "{}", done.stderr);
    let (column, warning) = in_browser(done.stdout, |browser| {
        let column = browser.texts(".target.unread");
        browser.click("#views a:nth-child(3)");
        (column, browser.text(".warning"))
    })
    .await;
    assert_eq!(column, ["orders-prod"]);
    assert!(warning.starts_with("orders-prod could not be read: "), "{warning}");
}
