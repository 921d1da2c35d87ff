use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::audit::Kind;
use crate::grants;
use crate::repo::Tree;

fn moment() -> Timestamp {
    "2026-11-29T01:00:00Z".parse().expect("a moment")
}

fn access(more: &[(&str, &str)]) -> Access {
    let files = [
        (
            "jumpgate.yaml",
            "version: 1\nowner: acme\ntime-zone: Asia/Shanghai\njumpserver: { url: 'https://jump.acme.example' }\n",
        ),
        ("policy.yaml", "environments: [prod, test]\nlimits: []\n"),
        ("people/fanlichun.yaml", "name: 范立春\n"),
        ("people/liwei.yaml", "name: 李伟\nleft: 2026-12-31\n"),
        ("teams/payments.yaml", "members: [fanlichun, liwei]\n"),
        (
            "inventory/databases/orders-prod.yaml",
            "address: db:3306\nasset: orders-prod\nenvironment: prod\nowners: [liwei]\naccount-host: 10.8.0.%\n",
        ),
        (
            "inventory/servers.yaml",
            "servers:\n  - { environment: test, owners: [team/payments], logins: [app], nodes: [/Default/test], assets: [pay-*] }\n",
        ),
    ];
    let all = files.iter().chain(more);
    let files: BTreeMap<Arc<str>, Arc<[u8]>> =
        all.map(|(path, text)| ((*path).into(), text.as_bytes().into())).collect();
    access::load(&Tree { files, ..Tree::default() }, moment()).expect("the files are good")
}

use crate::access;

fn matrix(access: &Access) -> Value {
    let grants = grants::of(access);
    let filling = super::grants::matrix(access, &grants, &BTreeMap::new(), moment());
    serde_json::to_value(filling.finish()).expect("JSON")
}

const REQUEST: &str = "for: team/payments\nreason: refunds\nuntil: 2027-02-28\nservers:\n  - login: app\n    \
     assets: [pay-web-01]\ndatabases:\n  - instance: orders-prod\n    level: r\n    tables:\n      - orders.*\n      \
     - billing.cards(id, last4)\n";

#[test]
fn a_request_stands_once_however_many_people_it_is_for() {
    let over = "for: liwei\nreason: over\nuntil: 2026-11-01\nservers:\n  - login: app\n    nodes: [/Default/gone]\n";
    let access = access(&[("requests/PAY-1.yaml", REQUEST), ("requests/OLD-1.yaml", over)]);
    let matrix = matrix(&access);
    let names = |list: &str| -> Vec<Value> {
        matrix[list].as_array().expect("a list").iter().map(|one| one["name"].clone()).collect()
    };
    assert_eq!(names("people"), ["fanlichun", "liwei"]);
    // By environment; an asset of a pattern has a column when a request names it, and what
    // is over has none.
    assert_eq!(names("targets"), ["orders-prod", "/Default/test", "pay-web-01"]);
    assert_eq!(matrix["requests"], json!([["requests/PAY-1.yaml", "refunds"]]));
    // Who leaves has it for a shorter time.
    let ends: Vec<&str> = matrix["periods"]
        .as_array()
        .expect("periods")
        .iter()
        .map(|p| p[3].as_str().expect("an end"))
        .collect();
    assert_eq!(ends, ["2026-12-31 24:00 +08:00", "2027-02-28 24:00 +08:00"]);
    assert_eq!(matrix["sets"], json!([[1], [0]]));
    assert_eq!(matrix["grants"], json!([[0, 0, 0, 0], [1, 0, 1, 0]]));
    assert_eq!(matrix["texts"], json!(["orders.*, billing.cards (id, last4)", ""]));
    let kinds = matrix["kinds"].as_array().expect("kinds").clone();
    let wants: Vec<(Value, Value)> = matrix["wants"][0]
        .as_array()
        .expect("wants")
        .iter()
        .map(|want| (want[0].clone(), kinds[want[1].as_u64().expect("a place") as usize].clone()))
        .collect();
    assert_eq!(wants, [(json!(0), json!("r")), (json!(2), json!("app"))]);
}

#[test]
fn what_is_released_is_not_gits_and_what_policy_refuses_says_so() {
    let released = format!("release: true\n{REQUEST}");
    let access = access(&[
        ("requests/PAY-1.yaml", REQUEST),
        ("requests/OLD-1.yaml", &released.replace("refunds", "given back")),
        (
            "policy.yaml",
            "environments: [prod, test]\nlimits:\n  - { when: { level: r, scope: database }, longest: 40d }\n",
        ),
    ]);
    let matrix = matrix(&access);
    assert_eq!(matrix["requests"], json!([["requests/PAY-1.yaml", "refunds"]]));
    let text = |place: &Value| &matrix["texts"][place.as_u64().expect("a place") as usize];
    let wants = |grant: usize| -> Vec<(&Value, &Value)> {
        let wants =
            &matrix["wants"][matrix["grants"][grant][1].as_u64().expect("a place") as usize];
        wants.as_array().expect("wants").iter().map(|w| (text(&w[2]), text(&w[4]))).collect()
    };
    // Whoever leaves earlier is within what policy allows.
    let whole = json!("orders.*, billing.cards (id, last4)");
    assert_eq!(wants(0), [(&whole, &json!("")), (&json!(""), &json!(""))]);
    let refused = json!("policy allows at most 40 days here; this ends 2027-02-28 24:00 +08:00");
    let (ok, not) = (json!("billing.cards (id, last4)"), json!("orders.*"));
    assert_eq!(wants(1), [(&ok, &json!("")), (&not, &refused), (&json!(""), &json!(""))]);
}

#[test]
fn every_form_of_an_audit_has_its_open_emergencies() {
    let access = access(&[
        (
            "policy.yaml",
            "environments: [prod, test]\nlimits: []\nemergency: { mergers: [liwei], longest: 4h }\n",
        ),
        (
            "requests/INC-1.yaml",
            "for: fanlichun\nreason: INC-1\nemergency: payments are down\nfrom: 2026-11-28 10:00\nuntil: 2026-11-28 \
             12:00\nservers:\n  - { login: app, nodes: [/Default/test] }\n",
        ),
    ]);
    let observed = Observed { jumpserver: Default::default(), instances: BTreeMap::new() };
    let audit = crate::audit::find(&access, &observed, &Default::default(), moment(), None);
    let look = crate::report::Look { width: 100, colours: false };
    let csv = crate::report::audit_csv(&audit);
    let row = csv.lines().nth(1).expect("a row");
    assert!(row.starts_with(",,emergency,requests/INC-1.yaml,"), "{row}");
    assert_eq!(row.matches(',').count() - row.matches(", ").count(), 11, "{row}");
    let zone = &access.config.zone;
    let forms = [
        crate::report::audit_text(&audit, zone, look),
        csv,
        super::audit(&audit, zone, None),
        audit.json(),
    ];
    for form in forms {
        assert!(form.contains("payments are down") && form.contains("JG253"), "{form}");
    }
}

#[test]
fn the_same_gives_the_same_bytes() {
    let access = access(&[("requests/PAY-1.yaml", REQUEST)]);
    let page = || {
        super::report(&Input {
            access: &access,
            grants: &grants::of(&access),
            moment: moment(),
            commit: None,
            live: None,
            language: Some(Language::Zh),
        })
    };
    assert_eq!(page(), page());
    assert!(page().contains("<html lang=\"en\" data-language=\"zh\">"));
    for part in PAGE.split('@').skip(1).step_by(2) {
        assert!(!page().contains(&format!("@{part}@")), "{part} is filled in");
    }
}

#[test]
fn embedded_texts_mean_what_they_meant() {
    for (text, json) in [
        ("</script><script>", r#""\u003c/script\u003e\u003cscript\u003e""#),
        ("<!-- &amp; @STYLE@", r#""\u003c!-- \u0026amp; @STYLE@""#),
        ("a\u{2028}b\u{202e}c", r#""a\\u{2028}b\\u{202e}c""#),
        ("范立春 \"\\", r#""范立春 \"\\""#),
    ] {
        assert_eq!(super::embedded(&text), json);
        assert_eq!(serde_json::from_str::<String>(json).expect("JSON"), clean(text));
    }
}

#[test]
fn every_word_is_there_in_both_languages_and_none_is_for_nothing() {
    let words: Value = serde_json::from_str(WORDS).expect("JSON");
    let known: BTreeSet<&str> =
        words["words"].as_object().expect("words").keys().map(String::as_str).collect();
    for (key, forms) in words["words"].as_object().expect("words") {
        let texts = forms.as_array().expect("two texts");
        assert!(
            texts.len() == 2
                && texts.iter().all(|text| text.as_str().is_some_and(|text| !text.is_empty())),
            "{key}"
        );
    }
    let quoted = |text: &str| -> BTreeSet<String> {
        text.split(['"', '`', '\'']).map(str::to_owned).collect()
    };
    let used: BTreeSet<String> = quoted(SCRIPT).union(&quoted(PAGE)).cloned().collect();
    let built = ["door-", "fact-", "legend-", "view-", "runs-"];
    for key in &known {
        assert!(
            used.contains(*key)
                || built.iter().any(|start| key.starts_with(start))
                || ["node", "asset", "instance", "low", "medium"].contains(key),
            "{key}: nothing says it"
        );
    }
    for call in SCRIPT.split("say(\"").skip(1) {
        let key = call.split('"').next().unwrap_or_default();
        assert!(known.contains(key), "{key} has no words");
    }
    let codes: BTreeSet<&str> =
        words["codes"].as_object().expect("codes").keys().map(String::as_str).collect();
    let all: BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.code()).collect();
    assert_eq!(codes, all);
    assert!(![WORDS, SCRIPT, STYLE].concat().contains("</"), "nothing ends its element early");
}

#[test]
fn nothing_of_another_place_is_named() {
    let own = ["http://www.w3.org/2000/svg"];
    for asset in [PAGE, STYLE, WORDS, SCRIPT] {
        let rest = own.iter().fold(asset.to_owned(), |text, own| text.replace(own, ""));
        for word in [
            "http:",
            "https:",
            "//cdn",
            "@import",
            "url(",
            "innerHTML",
            "insertAdjacent",
            "document.write",
            "eval(",
        ] {
            assert!(!rest.contains(word), "{word}");
        }
    }
}
