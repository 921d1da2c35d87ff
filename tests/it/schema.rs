//! The JSON schemas: they are as the code says, and what they describe keeps them.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use jsonschema::Validator;
use jumpgate::diagnostic::{Code, pages};
use jumpgate_sandbox::Version;
use serde_json::Value;

use crate::support::company::Company;
use crate::support::pages::{blocks, copy};
use crate::support::servers::Kind;

const NAMES: [&str; 23] = [
    "config",
    "policy",
    "instance",
    "servers",
    "person",
    "team",
    "request",
    "notify",
    "check",
    "plan",
    "apply",
    "who",
    "list",
    "mine",
    "audit",
    "drift",
    "unused",
    "import",
    "effect",
    "approvals",
    "answer",
    "status",
    "ask",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn run(args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jumpgate"));
    let output = command.current_dir(root()).args(args).output().expect("the command runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

pub(crate) fn validator(name: &str) -> Validator {
    let (code, schema, stderr) = run(&["schema", name]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let schema = json(&schema);
    assert!(jsonschema::draft202012::meta::is_valid(&schema), "{name} is no schema");
    jsonschema::draft202012::new(&schema).expect("a schema")
}

#[track_caller]
pub(crate) fn keeps(validator: &Validator, value: &Value, what: &str) {
    let errors: Vec<String> = validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(errors, [""; 0], "{what}");
}

/// The schema of a file of an access repo.
fn name_of(path: &str) -> &'static str {
    match path.split('/').collect::<Vec<_>>().as_slice() {
        ["jumpgate.yaml"] => "config",
        ["policy.yaml"] => "policy",
        ["notify.yaml"] => "notify",
        ["inventory", "servers.yaml"] => "servers",
        ["inventory", "databases", _] => "instance",
        ["people", _] => "person",
        ["teams", _] => "team",
        ["requests", ..] => "request",
        _ => panic!("what is {path}?"),
    }
}

fn yaml(text: &str) -> Option<Value> {
    serde_yaml::from_str(text).ok()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found
}

#[test]
fn the_stored_schemas_are_those_of_the_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let all = folder.path().join("new/schema");
    let (code, stdout, stderr) = run(&["schema", "--all", all.to_str().expect("UTF-8")]);
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (Some(0), "", ""));
    let mut made: Vec<String> = files(&all)
        .iter()
        .map(|path| path.file_name().expect("a name").to_string_lossy().into_owned())
        .collect();
    made.sort();
    let mut expected = NAMES.map(|name| format!("{name}.schema.json"));
    expected.sort();
    assert_eq!(made, expected);
    assert_eq!(files(&root().join("schema")).len(), NAMES.len());
    for file in made {
        let stored = fs::read_to_string(root().join("schema").join(&file)).unwrap_or_default();
        let new = fs::read_to_string(all.join(&file)).expect("it was written");
        assert!(stored == new, "schema/{file} is old: run `cargo run -- schema --all schema`");
    }
}

#[test]
fn a_list_names_every_schema_and_a_wrong_name_the_nearest() {
    let (code, listed, _) = run(&["schema", "--list"]);
    assert_eq!(code, Some(0));
    let listed: Vec<&str> = listed.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(listed, NAMES);
    let (code, stdout, stderr) = run(&["schema", "requests"]);
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.contains("did you mean request?"), "{stderr}");
}

#[test]
fn every_file_of_the_example_keeps_its_schema() {
    let example = root().join("examples/access-repo");
    let mut seen = std::collections::BTreeSet::new();
    for file in files(&example) {
        let path = file.strip_prefix(&example).expect("below").to_string_lossy().into_owned();
        if !path.ends_with(".yaml") {
            continue;
        }
        let text = fs::read_to_string(&file).expect("a file");
        keeps(&validator(name_of(&path)), &yaml(&text).expect("YAML"), &path);
        seen.insert(name_of(&path));
    }
    assert_eq!(seen.len(), 7, "a file of each kind: {seen:?}");
}

#[test]
fn a_schema_refuses_wrong_shapes() {
    for code in [
        Code::UnknownKey,
        Code::MissingKey,
        Code::WrongKind,
        Code::NoValue,
        Code::InvalidPeriod,
        Code::Empty,
        Code::InvalidValue,
        Code::SwallowedComment,
    ] {
        let page = pages::page(code.as_str()).expect("a page");
        for (info, body) in blocks(page) {
            let ["yaml", path] = info.as_slice() else { continue };
            let valid = validator(name_of(path)).is_valid(&yaml(&body).expect("YAML"));
            // What a comment swallowed is no matter of shape.
            assert_eq!(valid, code == Code::SwallowedComment, "{code}");
        }
    }
}

#[test]
fn a_schema_describes_every_key() {
    fn look(schema: &Value, at: &str) {
        for (key, value) in schema["properties"].as_object().into_iter().flatten() {
            let text = value["description"].as_str().unwrap_or_default();
            assert!(text.ends_with('.'), "{at}{key}: {text:?}");
        }
        if schema["type"] == "object" && schema["properties"].is_object() {
            assert_eq!(schema["additionalProperties"], false, "{at}");
        }
        for (name, value) in schema["$defs"].as_object().into_iter().flatten() {
            look(value, &format!("{at}{name}."));
        }
    }
    for name in &NAMES[..7] {
        look(&json(&run(&["schema", name]).1), &format!("{name}: "));
    }
}

#[test]
fn check_prints_json_that_keeps_its_schema() {
    let check = validator("check");
    let (code, stdout, stderr) = run(&["check", "--format", "json", "examples/access-repo"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let report = json(&stdout);
    keeps(&check, &report, "a good repo");
    assert_eq!(report["schema"], "jumpgate.check/1");
    assert_eq!((&report["ok"], &report["errors"]), (&true.into(), &0.into()));
    assert_eq!(report["summary"]["people"], 2);

    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("jumpgate.yaml"), "version: 1\nowners: acme\n").expect("a file");
    let folder = folder.path().to_str().expect("UTF-8");
    let (code, stdout, stderr) = run(&["check", "--format=json", folder]);
    assert_eq!((code, stderr.as_str()), (Some(3), ""));
    let report = json(&stdout);
    keeps(&check, &report, "a bad repo");
    assert_eq!((&report["ok"], &report["errors"]), (&false.into(), &3.into()));
    assert_eq!(report["summary"], Value::Null);
    let first = &report["diagnostics"][0];
    assert_eq!(first["code"], "JG003");
    assert_eq!((&first["file"], &first["line"]), (&"jumpgate.yaml".into(), &2.into()));
    assert_eq!(first["help"], "did you mean `owner`?");
}

#[tokio::test(flavor = "multi_thread")]
async fn plan_and_apply_print_json_that_keeps_its_schema() {
    let company = Company::with_hosts(Version::V4).await;
    let (plan, apply) = (validator("plan"), validator("apply"));
    let request = format!(
        "for: [fanlichun, liwei]\nreason: \"PAY-1234: read the logs\"\nservers:\n  - login: app\n    \
         nodes: [{}/payments/prod]\n  - login: app\n    assets: [pay-web-09]\n",
        company.root
    );
    company.write("requests/PAY-1234.yaml", &request);
    company.merge("logs");
    let planned = json(&company.run(&["plan", "--format", "json"]).await.expect(5).stdout);
    keeps(&plan, &planned, "a plan");
    assert_eq!(
        (&planned["schema"], &planned["summary"]["add"]),
        (&"jumpgate.plan/1".into(), &2.into())
    );
    assert_eq!(planned["summary"]["errors"], 1);
    let applied = company.run(&["apply", "--yes", "--format", "json"]).await.expect(5);
    let applied = json(&applied.stdout);
    keeps(&apply, &applied, "an apply");
    assert_eq!((&applied["schema"], &applied["done"]), (&"jumpgate.apply/1".into(), &2.into()));

    company.remove("requests/PAY-1234.yaml");
    company.merge("over");
    let planned = json(&company.run(&["plan", "--format", "json"]).await.expect(4).stdout);
    keeps(&plan, &planned, "a plan that takes away");
    assert_eq!(planned["summary"]["end"], 2);
    // A schema that takes everything would say nothing.
    let mut wrong = planned;
    wrong["people"][0]["steps"][0]["what"]["kind"] = "parade".into();
    assert!(!plan.is_valid(&wrong));
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_about_database_accounts_keep_the_schema_too() {
    let company = Company::with_database(Version::V3, Kind::Mariadb1011).await;
    let (plan, apply) = (validator("plan"), validator("apply"));
    let request = "for: fanlichun\nreason: \"PAY-1234: refunds\"\ndatabases:\n  - instance: \
                   orders-prod\n    level: rw\n    tables: [orders.*, billing.invoices]\n";
    company.write("requests/PAY-1234.yaml", request);
    company.merge("refunds");
    let planned = json(&company.run(&["plan", "--format", "json"]).await.expect(0).stdout);
    keeps(&plan, &planned, "a new account");
    assert!(planned["people"][0]["steps"].to_string().contains("\"kind\":\"account\""));
    let applied = company.run(&["apply", "--yes", "--format", "json"]).await.expect(0);
    keeps(&apply, &json(&applied.stdout), "an account that was made");

    let narrower = request.replace("level: rw", "level: r").replace("orders.*, ", "");
    company.write("requests/PAY-1234.yaml", &narrower);
    company.merge("less");
    let planned = company.run(&["plan", "--format", "json"]).await;
    keeps(&plan, &json(&planned.stdout), "another account in its place");
}

#[test]
fn the_guide_shows_files_that_are_right_and_names_every_key() {
    for guide in ["docs/format.md", "docs/zh/format.md"] {
        let text = fs::read_to_string(root().join(guide)).expect("the guide");
        let folder = tempfile::tempdir().expect("a folder");
        copy(&root().join("examples/access-repo"), folder.path());
        let mut shown = std::collections::BTreeSet::new();
        for (info, body) in blocks(&text) {
            let ["yaml", path] = info.as_slice() else { continue };
            keeps(&validator(name_of(path)), &yaml(&body).expect("YAML"), path);
            fs::write(folder.path().join(path), body).expect("a file of the example");
            shown.insert(name_of(path));
        }
        assert_eq!(shown.len(), 7, "{guide} shows {shown:?}");
        let (code, _, stderr) = run(&["check", folder.path().to_str().expect("UTF-8")]);
        assert_eq!(code, Some(0), "{guide}: {stderr}");

        let sections: Vec<&str> = text.split("\n## ").collect();
        for name in &NAMES[..7] {
            let schema = json(&run(&["schema", name]).1);
            let title = schema["title"].as_str().expect("a title").replace("/*.yaml", "/NAME.yaml");
            let section = sections.iter().find(|section| section.starts_with(&title));
            let section = section.unwrap_or_else(|| panic!("{guide} has no section {title}"));
            let blocks = schema["$defs"].as_object().into_iter().flat_map(|defs| defs.values());
            for key in blocks.chain([&schema]).flat_map(|block| {
                block["properties"].as_object().into_iter().flat_map(|keys| keys.keys())
            }) {
                let (alone, below) = (format!("| `{key}` |"), format!(".{key}` |"));
                // A block whose keys are listed need not be listed itself.
                let above = format!("| `{key}.");
                let told = [alone, below, above].iter().any(|text| section.contains(text.as_str()));
                assert!(told, "{guide}: {title}: {key}");
            }
        }
    }
}
