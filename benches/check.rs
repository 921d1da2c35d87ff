//! How long `check` takes on a large repo, beside reading the same files and parsing each as
//! YAML of any form. `make bench` runs it.

#![allow(clippy::print_stdout, reason = "it prints its result")]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jumpgate::access;
use jumpgate::repo::Tree;

const PEOPLE: usize = 2_000;
const REQUESTS: usize = 10_000;
/// How often each is timed; the least time counts.
const ROUNDS: usize = 5;

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path());
    let now = Timestamp::now();
    let (mut checked, mut bare) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let tree = Tree::folder(folder.path()).expect("the files");
        let access = access::load(&tree, now).expect("the files are good");
        checked = checked.min(start.elapsed());
        assert_eq!(access.requests.len(), REQUESTS);
        drop(access);

        let start = Instant::now();
        let tree = Tree::folder(folder.path()).expect("the files");
        for bytes in tree.files.values() {
            let text = std::str::from_utf8(bytes).expect("text");
            let value: serde_json::Value = serde_yaml::from_str(text).expect("YAML");
            assert!(value.is_object() || value.is_null());
        }
        bare = bare.min(start.elapsed());
    }
    println!(
        "check of {REQUESTS} requests and {PEOPLE} people: {} ms, {:.2} times as long as reading and \
         parsing the same files ({} ms); peak memory {} MB",
        checked.as_millis(),
        checked.as_secs_f64() / bare.as_secs_f64(),
        bare.as_millis(),
        peak_memory() / 1024,
    );
}

/// The most memory that this process had, in KiB.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn write(root: &Path) {
    let put = |path: String, text: String| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, text).expect("a file");
    };
    put(
        "jumpgate.yaml".into(),
        "version: 1\nowner: acme\ntime-zone: Asia/Shanghai\njumpserver: { url: 'https://jump.example' }\n"
            .into(),
    );
    put(
        "policy.yaml".into(),
        "environments: [prod]\nlimits:\n  - { when: { environment: prod }, end: required, longest: 36500d }\n"
            .into(),
    );
    for number in 0..PEOPLE {
        put(format!("people/person{number}.yaml"), format!("name: Person {number}\n"));
    }
    for number in 0..200 {
        put(
            format!("inventory/databases/db{number}.yaml"),
            format!(
                "address: db{number}.example:3306\nasset: db{number}\nenvironment: prod\n\
                 owners: [person0]\naccount-host: 10.8.0.%\n"
            ),
        );
    }
    put(
        "inventory/servers.yaml".into(),
        "servers:\n  - { environment: prod, owners: [person0], logins: [app], nodes: [/Default/prod], \
         assets: ['web-*'] }\n"
            .into(),
    );
    for number in 0..REQUESTS {
        put(
            format!("requests/{}/REQ-{number}.yaml", 2020 + number % 8),
            format!(
                "for: person{}\nreason: \"REQ-{number}: reconcile refunds\"\nfrom: 2026-01-01\n\
                 until: 2089-12-31\nservers:\n  - login: app\n    nodes: [/Default/prod/team{}]\n    \
                 assets: [web-{number}]\ndatabases:\n  - instance: db{}\n    level: r\n    tables:\n      \
                 - orders.*\n      - billing.invoices\n      - billing.cards(id, last4)\n",
                number % PEOPLE,
                number % 50,
                number % 200,
            ),
        );
    }
}
