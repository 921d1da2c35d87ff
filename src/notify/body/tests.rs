//! Bodies and answers as the systems' own pages show them, and hostile texts.

use jiff::Timestamp;
use proptest::prelude::*;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::*;

const SYSTEMS: [(Kind, &str); 4] = [
    (Kind::Slack, include_str!("../../../tests/recordings/notify/slack.json")),
    (Kind::Feishu, include_str!("../../../tests/recordings/notify/feishu.json")),
    (Kind::DingTalk, include_str!("../../../tests/recordings/notify/dingtalk.json")),
    (Kind::WeCom, include_str!("../../../tests/recordings/notify/wecom.json")),
];

fn moment() -> Timestamp {
    "2026-12-01T04:00:00Z".parse().expect("a moment")
}

fn message(text: &str) -> Message {
    Message { title: "jumpgate acme: 1 granted".to_owned(), text: text.to_owned() }
}

fn posted(kind: &Kind, text: &str, secret: Option<&str>) -> Post {
    let secret = secret.map(SecretString::from);
    post(kind, &message(text), "acme", secret.as_ref(), moment()).expect("a request")
}

/// The same fields of the same kinds: `...` is any text, and other texts are what they are.
fn matches(wanted: &Value, body: &Value, optional: &[&str]) -> bool {
    match (wanted, body) {
        (Value::Object(wanted), Value::Object(body)) => {
            let known = |key: &String| wanted.contains_key(key) || optional.contains(&key.as_str());
            let same = |(key, wanted): (&String, &Value)| {
                body.get(key).is_some_and(|value| matches(wanted, value, &[]))
            };
            body.keys().all(known) && wanted.iter().all(same)
        }
        (Value::String(wanted), Value::String(text)) => wanted == "..." || wanted == text,
        (wanted, body) => wanted == body,
    }
}

#[test]
fn bodies_and_answers_are_as_documented() {
    for (kind, file) in SYSTEMS {
        let file: Value = serde_json::from_str(file).expect("JSON");
        let optional: Vec<&str> = file["request"]["optional"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        for secret in [None, Some("SEC123")] {
            let body = posted(&kind, "fanlichun: granted", secret).body;
            assert!(matches(&file["request"]["body"], &body, &optional), "{kind:?} {body}");
        }
        for one in file["answers"].as_array().expect("answers") {
            let status = u16::try_from(one["status"].as_u64().expect("a status")).expect("small");
            let said = one["body"].as_str().expect("a body");
            let means = match answer(&kind, status, said) {
                Answer::Taken => "taken",
                Answer::Later(_) => "later",
                Answer::Refused(_) => "refused",
            };
            assert_eq!(means, one["means"], "{kind:?} {status} {said}");
        }
    }
}

/// By the algorithms of both pages, worked out with Python's `hmac`.
#[test]
fn signatures_are_as_documented() {
    let post = posted(&Kind::Feishu, "x", Some("SEC123"));
    assert_eq!(post.body["timestamp"], "1796097600");
    assert_eq!(post.body["sign"], "GQ3dETgqQqC+9EHqywCqcv/gvQw6sGNP9BwsGVhWJZQ=");
    let post = posted(&Kind::DingTalk, "x", Some("SEC123"));
    assert_eq!(post.query[0], ("timestamp", "1796097600000".to_owned()));
    assert_eq!(post.query[1], ("sign", "AL4SoseebkIIjMPEynxVGJS3d1NPdZBn4sAMOJOzjSc=".to_owned()));
    assert!(posted(&Kind::DingTalk, "x", None).query.is_empty());
}

#[test]
fn nobody_is_mentioned_and_nothing_is_markup() {
    for text in [
        "@all @所有人 @here",
        "<!channel> <@U123> <https://evil.example|click>",
        "<at user_id=\"all\">all</at> <at id=all></at>",
        "<@wangqing> <font color=\"warning\">x</font>",
        "&lt;!here&gt;",
    ] {
        for (kind, _) in SYSTEMS {
            let body = posted(&kind, text, None).body.to_string();
            assert!(!body.contains(['@', '<', '>']), "{kind:?} {body}");
            assert!(!body.contains("isAtAll\":true") && !body.contains("mentioned"), "{body}");
        }
    }
    let slack = posted(&Kind::Slack, "a & b <c>", None).body;
    assert!(slack["text"].as_str().is_some_and(|text| text.ends_with("a &amp; b &lt;c&gt;")));
    assert_eq!(slack["mrkdwn"], false);
}

#[test]
fn a_webhook_gets_its_template_filled_in_once() {
    let template = json!({ "a": "{title}|{text}", "b": [{ "c": "{owner} {other}" }], "d": 1 });
    let kind = Kind::Webhook { template };
    let post = posted(&kind, "\"}, {title} {owner}", Some("SEC123"));
    assert_eq!(
        post.body,
        json!({
            "a": "jumpgate acme: 1 granted|\"}, {title} {owner}",
            "b": [{ "c": "acme {other}" }],
            "d": 1,
        })
    );
    let (name, value) = &post.headers[0];
    assert_eq!(*name, "x-jumpgate-signature");
    assert!(value.starts_with("sha256=") && value.len() == 71, "{value}");
    assert!(matches!(answer(&kind, 204, ""), Answer::Taken));
    assert!(matches!(answer(&kind, 302, ""), Answer::Refused(_)));
    assert!(matches!(answer(&kind, 503, ""), Answer::Later(_)));
}

#[test]
fn what_is_too_long_for_a_system_is_refused_and_not_cut() {
    let refused = post(&Kind::WeCom, &message(&"x".repeat(2_048)), "acme", None, moment());
    assert_eq!(refused, Err("the message is longer than WeCom takes"));
}

proptest! {
    /// Whatever the text, a body keeps its form and its system's limit, and has all of it.
    #[test]
    fn any_text_makes_a_body_that_is_not_too_long(
        text in "(\\PC|[@<>&]){0,200}",
        times in 1..30_usize,
    ) {
        for (kind, file) in SYSTEMS {
            let mut used = 0;
            let fits = |c: &char| {
                used += length(&kind, c.encode_utf8(&mut [0; 4]));
                used <= longest(&kind)
            };
            let text: String = text.repeat(times).chars().take_while(fits).collect();
            let file: Value = serde_json::from_str(file).expect("JSON");
            let body = posted(&kind, &text, None).body;
            prop_assert!(matches(&file["request"]["body"], &body, &["mrkdwn"]), "{}", body);
            let sent = match kind {
                Kind::Slack => &body["text"],
                Kind::Feishu => &body["content"]["text"],
                _ => &body["text"]["content"],
            };
            let sent = sent.as_str().expect("a text");
            let whole = match kind {
                Kind::Slack => slack::escaped(&text),
                _ => inert(&text),
            };
            prop_assert!(sent.ends_with(&whole));
            match kind {
                Kind::WeCom => prop_assert!(sent.len() <= 2_048),
                Kind::Slack => prop_assert!(sent.len() <= 40_000),
                _ => prop_assert!(body.to_string().len() <= 20_000),
            }
        }
    }
}
