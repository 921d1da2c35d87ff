//! Hostile texts in every field that an author writes, through every command that shows them.

use jumpgate_sandbox::{NewAsset, NewUser, Version};
use serde_json::Value;

use super::shown::{blocks, is_annotations, is_plain};
use super::texts::{HIDDEN, SEEN, escaped, raw};
use crate::support::company::{Company, Done};

/// An asset and a node may have any name but these characters, which mean something in
/// servers.yaml and in paths.
fn name_of(text: &str) -> String {
    let name: String = text.chars().map(|c| if matches!(c, '*' | '/') { '.' } else { c }).collect();
    name.trim().to_owned()
}

/// The files of a request in which every text is the one given; the texts as YAML come from
/// `quote`.
fn files(root: &str, text: &str, quote: fn(&str) -> String) -> Vec<(String, String)> {
    let name = name_of(text);
    let (node, text_, name_) =
        (quote(&format!("{root}/payments/prod/{name}")), quote(text), quote(&name));
    let comment: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    vec![
        (
            "policy.yaml".to_owned(),
            format!(
                "environments: [prod] # {comment}\nlimits:\n  - {{ when: {{ environment: prod, login: root }}, deny: {text_} }}\n"
            ),
        ),
        (
            "people/fanlichun.yaml".to_owned(),
            format!("# {comment}\nname: {text_}\njumpserver: {name_}\nforge: {text_}\n"),
        ),
        (
            "inventory/servers.yaml".to_owned(),
            format!(
                "servers:\n  - environment: prod\n    owners: [liwei] # {comment}\n    logins: [app, root]\n    nodes: [{root}/payments/prod]\n    assets: [pay-web-*, {name_}]\n"
            ),
        ),
        (
            "requests/one.yaml".to_owned(),
            format!(
                "for: fanlichun\nreason: {text_}\nuntil: 2089-02-28\nservers:\n  - login: app\n    nodes: [{node}]\n    assets: [{name_}]\n"
            ),
        ),
        (
            "requests/two.yaml".to_owned(),
            format!(
                "for: liwei\nreason: {text_} # {comment}\nservers:\n  - login: root\n    assets: [{name_}]\n"
            ),
        ),
    ]
}

fn write(company: &Company, files: &[(String, String)]) {
    for (path, text) in files {
        company.write(path, text);
    }
}

/// A company in which the objects that the texts name are there.
async fn company(text: &str) -> Company {
    let company = Company::with_hosts(Version::V4).await;
    let (name, jumpserver) = (name_of(text), &company.jumpserver);
    let node = format!("{}/payments/prod/{name}", company.root);
    jumpserver.add_user(NewUser::named(&name));
    jumpserver.add_node(&node);
    jumpserver.add_asset(NewAsset::host(&name, "10.1.0.9").below(&node));
    jumpserver.add_account(&name, "app", Some("secret of the host"));
    company
}

fn json(done: &Done) -> Value {
    serde_json::from_str(&done.stdout).expect("JSON")
}

/// The strings of a JSON text.
fn strings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        Value::Object(entries) => entries.values().for_each(|value| strings(value, found)),
        _ => {}
    }
}

/// The blocks of the plan's comment, and of the comment on a pull request.
async fn comments(what: &str, text: &str, quote: fn(&str) -> String) -> (Vec<String>, Vec<String>) {
    let company = company(text).await;
    company.git(&["checkout", "--quiet", "-b", "branch"]);
    write(&company, &files(company.root, text, quote));
    company.merge("a request");
    company.run(&["check"]).await.expect(0);
    let link = ["--link-base", "https://forge.example/{commit}"];
    let plan = company.run(&[&["plan", "--format", "markdown"][..], &link].concat()).await;
    let base = ["plan", "--base", "main", "--format", "markdown"];
    let effect = company.run(&[&base[..], &link].concat()).await;
    assert!([4, 5].contains(&plan.code), "{what}: {} {}", plan.code, plan.stderr);
    for done in [&plan, &effect] {
        assert!(!done.stdout.is_empty(), "{what}: {}", done.stderr);
        is_plain(what, &done.stdout);
        is_plain(what, &done.stderr);
    }
    for args in [&["plan"][..], &["plan", "--base", "main"], &["check"], &["who", &name_of(text)]] {
        let done = company.run(args).await;
        is_plain(&format!("{what}: {args:?}"), &done.stdout);
        is_plain(&format!("{what}: {args:?}"), &done.stderr);
    }
    for args in
        [&["plan", "--format", "github"][..], &["plan", "--base", "main", "--format", "github"]]
    {
        is_annotations(&format!("{what}: {args:?}"), &company.run(args).await.stdout);
    }
    let mut kept = false;
    for args in [
        &["plan", "--format", "json"][..],
        &["plan", "--base", "main", "--format", "json"],
        &["plan", "--format", "sarif"],
        &["plan", "--base", "main", "--format", "gitlab"],
        &["check", "--format", "json"],
        &["why", "fanlichun", &name_of(text), "--format", "json"],
    ] {
        let done = company.run(args).await;
        is_plain(&format!("{what}: {args:?}"), &done.stdout);
        let mut found = Vec::new();
        strings(&json(&done), &mut found);
        kept |= found.iter().any(|found| found == text);
    }
    assert!(kept, "{what}: a program reads the text as it is");
    (blocks(what, &plan.stdout), blocks(what, &effect.stdout))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_text_of_an_author_is_more_than_a_text() {
    let harmless = comments("harmless", "a few plain words", raw).await;
    assert!(!harmless.0.is_empty() && !harmless.1.is_empty());
    for (number, hostile) in SEEN.iter().enumerate() {
        // Half of them by escapes.
        let quote = if number % 2 == 0 { raw } else { escaped };
        let found = comments(hostile.name, hostile.text, quote).await;
        assert_eq!(found, harmless, "{}: the same blocks", hostile.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_reviewer_sees_is_an_error_wherever_it_stands() {
    let company = Company::with_hosts(Version::V4).await;
    for hostile in &HIDDEN {
        for quote in [raw as fn(&str) -> String, escaped] {
            for (path, text) in files(company.root, hostile.text, quote) {
                let before = std::fs::read_to_string(company.dir().join(&path)).ok();
                company.write(&path, &text);
                let done = company.run(&["check"]).await;
                let what = format!("{} in {path}", hostile.name);
                assert_eq!(done.code, 3, "{what}: {}", done.stderr);
                assert!(done.stderr.contains("error[JG023]"), "{what}: {}", done.stderr);
                is_plain(&what, &done.stderr);
                match before {
                    Some(before) => company.write(&path, &before),
                    None => company.remove(&path),
                }
            }
        }
    }
}

/// Errors repeat what is wrong: here nothing of it can do anything either.
#[tokio::test(flavor = "multi_thread")]
async fn errors_show_hostile_texts_as_texts() {
    let company = Company::with_hosts(Version::V4).await;
    for hostile in SEEN.iter().chain(&HIDDEN) {
        let text = raw(hostile.text);
        // A name that nobody has, an unknown key, no period, no table; then a comment.
        company.write(
            "requests/wrong.yaml",
            &format!(
                "for: {text}\nreason: x\nuntil: {text}\nservers:\n  - login: {text}\n    nodes: [{text}]\ndatabases:\n  - instance: {text}\n    level: {text}\n    tables: [{text}]\n"
            ),
        );
        company.write("people/liwei.yaml", &format!("name: x\n{text}: y # {}\n", hostile.name));
        for format in ["text", "github", "json", "sarif", "gitlab"] {
            let done = company.run(&["check", "--format", format]).await.expect(3);
            let what = format!("{} as {format}", hostile.name);
            is_plain(&what, &done.stderr);
            match format {
                "github" => is_annotations(&what, &done.stdout),
                "text" => assert_eq!(done.stdout, ""),
                _ => {
                    is_plain(&what, &done.stdout);
                    json(&done);
                }
            }
        }
        let comment =
            company.run(&["plan", "--base", "HEAD", "--format", "markdown"]).await.expect(3);
        is_plain(hostile.name, &comment.stdout);
        blocks(hostile.name, &comment.stdout);
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn hostile_file_names_are_shown_as_names() {
    use std::os::unix::ffi::OsStrExt;
    let company = Company::with_hosts(Version::V4).await;
    let names: Vec<Vec<u8>> = SEEN
        .iter()
        .chain(&HIDDEN)
        .map(|hostile| hostile.text.replace(['/', '\0'], "_").into_bytes())
        .chain([b"\xff\xfe".to_vec(), b"a\n::set-output name=x::y".to_vec(), b"\x1b[2J".to_vec()])
        .collect();
    for name in names {
        // What begins with a dot is left alone.
        let file = [b"x", &name[..], b".yaml"].concat();
        let path = company.dir().join("requests").join(std::ffi::OsStr::from_bytes(&file));
        std::fs::write(&path, "for: fanlichun\nreason: x\n").expect("a file");
        for format in ["text", "github", "json", "sarif"] {
            let done = company.run(&["check", "--format", format]).await.expect(3);
            let what = format!("{:?} as {format}", String::from_utf8_lossy(&name));
            is_plain(&what, &done.stderr);
            match format {
                "github" => is_annotations(&what, &done.stdout),
                "text" => assert!(done.stderr.contains("error[JG0"), "{what}: {}", done.stderr),
                _ => drop(json(&done)),
            }
        }
        std::fs::remove_file(path).expect("it was there");
    }
}

/// Names go to JumpServer as they are, in queries and in bodies, and come back the same.
#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_reach_jumpserver_as_they_are() {
    for hostile in &SEEN {
        let company = company(hostile.text).await;
        let mut files = files(company.root, hostile.text, raw);
        // The second request breaks policy.
        files.retain(|(path, _)| path != "requests/two.yaml");
        write(&company, &files);
        company.merge("a request");
        let applied = company.run(&["apply", "--yes"]).await.expect(0);
        is_plain(hostile.name, &applied.stdout);
        let name = name_of(hostile.text);
        assert_eq!(company.jumpserver.usable_accounts(&name, &name), ["app"], "{}", hostile.name);
        assert_eq!(company.jumpserver.usable_accounts("liwei", &name), [""; 0], "{}", hostile.name);
        let again = company.run(&["apply", "--yes"]).await.expect(0);
        assert_eq!(
            again.stdout.trim(),
            "Nothing to do: everything is as git says.",
            "{}",
            hostile.name
        );
    }
}
