//! Sends every recorded request again, to the sandbox, and compares the answers.

mod compare;
mod derive;
mod dictionary;
mod recording;
mod special;

use jumpgate_sandbox::{NewAsset, NewUser, Options, Running, Sandbox, Version};
use serde_json::Value;

use crate::dictionary::{Dictionary, Kind, kind_of};
use crate::recording::{Answer, Recording, load, send};

/// Replays one recording; gives what differs.
async fn replay(dictionary: &Dictionary, recording: &Recording) -> Vec<String> {
    let sandbox = Sandbox::start(Options::new(recording.version)).await.expect("a free port");
    let mut recording = recording.clone();
    if let Err(words) = sandbox.seed(derive::seed(dictionary, &recording)) {
        return vec![format!("the seed: {words}")];
    }
    special::prepare(&sandbox, &mut recording);
    let headers = special::headers(&sandbox, &recording);
    let again = |recording: &Recording| {
        let body = recording.body.as_ref();
        send(sandbox.port(), &recording.method, &recording.path, &headers, body)
    };
    let mut answer = again(&recording);
    if recording.method == "GET" {
        let missing = count(&recording.answer).saturating_sub(count(&answer.body()));
        if missing > 0 {
            fill(&sandbox, &recording, missing);
            answer = again(&recording);
        }
    }
    let mut found = head_differences(&recording, &answer);
    found.extend(compare::differences(&recording, &answer.body()));
    found
}

/// How many rows there are in all.
fn count(answer: &Value) -> usize {
    let number = answer["count"].as_u64().or_else(|| answer["rows"].as_u64());
    let rows = || answer.as_array().map_or(0, Vec::len);
    number.and_then(|number| usize::try_from(number).ok()).unwrap_or_else(rows)
}

/// Adds objects that no recording shows, until the numbers are right.
fn fill(sandbox: &Running, recording: &Recording, missing: usize) {
    for number in 0..missing {
        let name = format!("zzz-{number:05}");
        match kind_of(&recording.path) {
            Some(Kind::User) => {
                sandbox.add_user(NewUser::named(&name));
            }
            Some(Kind::Group) => {
                sandbox.add_group(&name);
            }
            Some(Kind::Node) => {
                sandbox.add_node(&format!("/Default/{name}"));
            }
            Some(Kind::Asset) => {
                sandbox.add_asset(NewAsset::host(&name, "192.0.2.1"));
            }
            _ => {}
        }
    }
}

fn head_differences(recording: &Recording, answer: &Answer) -> Vec<String> {
    let mut found = Vec::new();
    if recording.status != answer.status {
        found.push(format!(
            "status {} is {}: {:.300}",
            recording.status, answer.status, answer.text
        ));
    }
    for name in ["content-type", "www-authenticate", "location"] {
        let (wanted, have) = (recording.answer_headers.get(name), answer.headers.get(name));
        if wanted.is_some()
            && wanted != have
            && !(recording.answer.is_null() || recording.answer == "")
        {
            found.push(format!("header {name}: {wanted:?} is {have:?}"));
        }
    }
    found
}

async fn replay_all(version: Version) {
    let recordings = load(version);
    let dictionary = Dictionary::of(&recordings);
    let mut failed = Vec::new();
    let mut sent = 0;
    for recording in &recordings {
        let out =
            |(of, name, _): &&(Version, &str, &str)| *of == version && *name == recording.name;
        if special::LEFT_OUT.iter().any(|entry| out(&entry)) {
            continue;
        }
        sent += 1;
        let found = replay(&dictionary, recording).await;
        if !found.is_empty() {
            let shown: Vec<&String> = found.iter().take(8).collect();
            failed.push(format!("{}\n{shown:#?}", recording.name));
        }
    }
    assert!(failed.is_empty(), "{} of {sent} answers differ:\n{}", failed.len(), failed.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn version_3_answers_as_recorded() {
    replay_all(Version::V3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn version_4_answers_as_recorded() {
    replay_all(Version::V4).await;
}
