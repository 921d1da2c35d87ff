//! Texts of authors and servers stand in the page as texts, and reach nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;

use jumpgate::access;
use jumpgate::audit::{self, Observed, Terms};
use jumpgate::grants;
use jumpgate::jumpserver::everything::Everything;
use jumpgate::repo::Tree;
use jumpgate::report::html::{self, Input};

use super::moment;
use crate::hostile::texts::{HIDDEN, SEEN, escaped, raw};
use crate::support::browser::Browser;
use crate::support::crowd::Crowd;

/// A repo in which each of the texts is somebody's name and the reason of a request.
fn repo() -> Tree {
    let mut files: BTreeMap<Arc<str>, Arc<[u8]>> = BTreeMap::new();
    let mut put = |path: String, text: String| {
        files.insert(path.into(), text.into_bytes().into());
    };
    put(
        "jumpgate.yaml".into(),
        "version: 1\nowner: acme\ntime-zone: UTC\njumpserver: { url: 'https://jump.acme.example' }\n".into(),
    );
    put("policy.yaml".into(), "environments: [prod]\nlimits: []\n".into());
    put(
        "inventory/servers.yaml".into(),
        "servers:\n  - { environment: prod, owners: [p0], logins: [app], nodes: [/Default/prod] }\n".into(),
    );
    for (number, hostile) in SEEN.iter().enumerate() {
        put(format!("people/p{number}.yaml"), format!("name: {}\n", escaped(hostile.text)));
        put(
            format!("requests/R-{number}.yaml"),
            format!(
                "for: p{number}\nreason: {}\nuntil: 2027-01-01\nservers:\n  - login: app\n    nodes: [/Default/prod]\n",
                raw(hostile.text)
            ),
        );
    }
    Tree { files, ..Tree::default() }
}

#[test]
fn texts_stay_texts() {
    let now = moment();
    let access = access::load(&repo(), now).expect("the files are good");
    // Names in JumpServer may hold whatever somebody typed there.
    let mut crowd = Crowd::new(20, 8, now).observed.jumpserver;
    for (number, hostile) in HIDDEN.iter().chain(&SEEN).enumerate() {
        let mut permission = crowd.permissions[0].clone();
        permission.id = uuid::Uuid::from_u128(9_000 + number as u128);
        permission.spec.name = hostile.text.to_owned();
        permission.spec.nodes = ["/Default".to_owned()].into();
        crowd.permissions.push(permission);
        crowd.users[number % 20].seen.username = hostile.text.to_owned();
    }
    let mut asset = crowd.assets[0].clone();
    asset.nodes = ["/Default/prod/</script>".to_owned()].into();
    crowd.assets.push(asset);
    let observed = Observed {
        jumpserver: Everything { ..crowd },
        instances: BTreeMap::from([(
            "orders-prod".parse().expect("a name"),
            Err("<img src=x onerror=alert(1)>".to_owned()),
        )]),
    };
    let audit = audit::find(&access, &observed, &Terms::default(), now, None);
    assert!(!audit.doors.is_empty());
    let page = html::report(&Input {
        access: &access,
        grants: &grants::of(&access),
        moment: now,
        commit: None,
        live: Some((&observed, &audit)),
        language: None,
    });
    // Three scripts, one of them a program, and nothing of another place.
    assert_eq!(page.matches("<script").count(), 3);
    assert_eq!(page.matches("</script").count(), 3);
    assert!(!page.contains("evil.example\">") && !page.contains("<img"));
    for fragment in [
        "",
        "#view=ends",
        "#view=doors",
        "#what=node:/Default/prod",
        "#lang=zh",
        "#view=<img src=x>&q=\"><b>",
    ] {
        let mut browser = Browser::open(&page, fragment, (1400, 900));
        browser.value("document.querySelectorAll('details').forEach(d => { d.open = true; })");
        let strangers = "[...document.querySelectorAll('script, img, iframe, object, link, base, form, a')] \
             .filter(e => !(e.matches('script:not([src])') || e.matches('form#filters') || e.matches('a[href^=\"#\"]'))).length";
        assert_eq!(browser.value(strangers), 0, "{fragment}");
        assert_eq!(browser.value("document.querySelectorAll('script').length"), 3, "{fragment}");
        assert_eq!(
            browser.value("performance.getEntriesByType('resource').length"),
            0,
            "nothing was fetched"
        );
        assert_eq!(browser.complaints, [""; 0], "{fragment}");
    }
    let mut browser = Browser::open(&page, "", (1400, 1200));
    let names = browser.texts(".who b");
    for name in [
        "</code></td></table></details><script>alert(1)</script><!-- x",
        "&lt;b&gt; &#96; &amp;amp;",
    ] {
        assert!(names.iter().any(|found| found == name), "{name}: {names:?}");
    }
    // The policy of the page lets no other script in, should one ever come to stand there.
    browser.value("(() => { const s = document.createElement('script'); s.textContent = 'window.in = 1'; document.body.append(s); })()");
    assert_eq!(browser.value("window.in ?? null"), serde_json::Value::Null);
    assert_eq!(browser.complaints.len(), 1, "{:?}", browser.complaints);
}
