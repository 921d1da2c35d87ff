//! Sends every recorded request again, to the sandbox, and compares the answers.

mod builder;
mod chains;
mod compare;
mod derive;
mod dictionary;
mod odd_parts;
mod process;
mod recording;
mod relate;
mod special;
mod views;

use jumpgate_sandbox::{NewAsset, NewPermission, NewUser, Options, Running, Sandbox, Version};
use serde_json::Value;

use crate::dictionary::{Dictionary, Kind, kind_of};
use crate::recording::{Answer, Recording, load, send};

/// Replays one recording; gives what differs.
async fn replay(dictionary: &Dictionary, recording: &Recording) -> Vec<String> {
    let (found, missing) = attempt(dictionary, recording, 0).await;
    if missing == 0 || found.is_empty() {
        return found;
    }
    attempt(dictionary, recording, missing).await.0
}

/// Replays one recording after `fillers` objects were added that no recording shows;
/// gives what differs, and how many rows are missing.
async fn attempt(
    dictionary: &Dictionary,
    recording: &Recording,
    fillers: usize,
) -> (Vec<String>, usize) {
    let sandbox = Sandbox::start(Options::new(recording.version)).await.expect("a free port");
    let mut recording = recording.clone();
    // Where the newest come first, the recorded ones must be the newest.
    let first = recording.path.contains("order=-date");
    if first {
        fill(&sandbox, &recording, fillers);
    }
    if let Err(words) = sandbox.seed(derive::seed(dictionary, &recording)) {
        return (vec![format!("the seed: {words}")], 0);
    }
    special::prepare(&sandbox, &mut recording);
    if !first {
        fill(&sandbox, &recording, fillers);
    }
    let headers = special::headers(&sandbox, &recording);
    let body = recording.body.as_ref();
    let answer = send(sandbox.port(), &recording.method, &recording.path, &headers, body);
    let mut missing = 0;
    if recording.method == "GET" {
        missing = count(&recording.answer).saturating_sub(count(&answer.body()));
        // A list that was cut at 200 rows had more.
        if missing > 0 && recording.answer["rows"] == 200 {
            missing += 50;
        }
    }
    let mut found = head_differences(&recording, &answer);
    found.extend(compare::differences(&recording, &answer.body()));
    (found, missing)
}

/// How many rows there are in all.
fn count(answer: &Value) -> usize {
    let number = answer["count"].as_u64().or_else(|| answer["rows"].as_u64());
    let rows = || answer.as_array().map_or(0, Vec::len);
    number.and_then(|number| usize::try_from(number).ok()).unwrap_or_else(rows)
}

/// Adds objects that no recording shows, of the kind that is listed.
fn fill(sandbox: &Running, recording: &Recording, missing: usize) {
    let asset = derive::parameters(&recording.path)
        .into_iter()
        .find(|(name, _)| name == "asset" || name == "asset_id")
        .map(|(_, id)| id);
    for number in 0..missing {
        let name = format!("zzz-{number:05}");
        let kind = kind_of(&recording.path);
        let relations = recording.path.contains("-relations/");
        if kind == Some(Kind::Permission) || relations {
            let permission = NewPermission {
                users: vec!["admin".to_owned()],
                assets: match &asset {
                    Some(id) => vec![id.clone()],
                    None if relations => {
                        vec![sandbox.add_asset(NewAsset::host(&name, "192.0.2.1")).to_string()]
                    }
                    None => Vec::new(),
                },
                name,
                ..NewPermission::default()
            };
            sandbox.add_permission(permission);
            continue;
        }
        match kind {
            Some(Kind::User) => {
                sandbox.add_user(NewUser::named(&name));
            }
            Some(Kind::Group) => {
                sandbox.add_group(&name);
            }
            Some(Kind::Node) => {
                // The root is one of them where no row shows it.
                let rows = dictionary::rows(&recording.answer);
                let root = rows.iter().any(|row| row["key"] == "1");
                let path = if number == 0 && !root { "/".to_owned() } else { format!("/{name}") };
                sandbox.add_node(&path);
            }
            Some(Kind::Asset) => {
                sandbox.add_asset(NewAsset::host(&name, "192.0.2.1"));
            }
            Some(Kind::Account) => {
                let home = asset.clone().unwrap_or_else(|| {
                    sandbox.add_asset(NewAsset::host(&name, "192.0.2.1")).to_string()
                });
                sandbox.add_account(&home, &name, None);
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

/// Is a recording about what the product uses?
fn is_relevant(recording: &Recording) -> bool {
    [
        "user",
        "group",
        "node",
        "asset",
        "host",
        "database",
        "account",
        "perm",
        "view",
        "auth",
        "org",
        "pagination",
    ]
    .iter()
    .any(|start| recording.name.starts_with(start))
}

#[test]
fn what_is_left_out_exists_and_is_little() {
    for version in [Version::V3, Version::V4] {
        let recordings = load(version);
        let left: Vec<&str> = special::LEFT_OUT
            .iter()
            .filter(|(of, _, _)| *of == version)
            .map(|(_, name, reason)| {
                assert!(!reason.is_empty(), "{name} has no reason");
                *name
            })
            .collect();
        for name in &left {
            let there = recordings.iter().any(|recording| recording.name == *name);
            assert!(there, "{name} is left out but not recorded");
        }
        let relevant: Vec<_> =
            recordings.iter().filter(|recording| is_relevant(recording)).collect();
        let sent =
            relevant.iter().filter(|recording| !left.contains(&recording.name.as_str())).count();
        assert!(relevant.len() > 200, "the recordings are there");
        assert!(sent * 100 >= relevant.len() * 95, "{sent} of {} are sent", relevant.len());
    }
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
