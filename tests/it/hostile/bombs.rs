//! Files that want to take all memory or all time: each is an error at its place, with little
//! memory. The limit of memory is the kernel's; no test looks at a clock.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::company::Done;
use crate::support::pages::copy;

/// So much memory may a check take, in KiB: the address space, of which a part is used.
const MEMORY: u32 = 3 * 1024 * 1024;

fn example() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/access-repo"), folder.path());
    folder
}

/// Checks a folder with bounded memory.
fn check(folder: &Path) -> Done {
    let output = Command::new("bash")
        .args(["-c", "ulimit -v \"$1\"; ulimit -t 300; exec \"$2\" check \"$3\"", "check"])
        .arg(MEMORY.to_string())
        .arg(env!("CARGO_BIN_EXE_jumpgate"))
        .arg(folder)
        .output();
    Done::of(output.expect("bash runs"))
}

const HEAD: &str = "for: fanlichun\nreason: x\nuntil: 2089-01-01\n";
const SERVERS: &str = "servers: [{login: app, assets: [pay-web-01]}]\n";

fn many(number: usize, one: impl Fn(usize) -> String) -> String {
    (0..number).map(one).collect::<Vec<_>>().join(",")
}

#[test]
fn a_file_that_grows_without_end_is_an_error_at_its_place() {
    let nested = |open: &str| format!("{HEAD}servers: {}", open.repeat(100_000));
    let aliases = {
        let mut text = "for: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for level in 1..9 {
            let inner = many(10, |_| format!("*a{}", level - 1));
            text.push_str(&format!("k{level}: &a{level} [{inner}]\n"));
        }
        text + "reason: *a8\n"
    };
    let in_place = format!(
        "for: [&p fanlichun]\nreason: x\nuntil: 2089-01-01\ndatabases:\n  - instance: orders-prod\n    level: r\n    tables: &t [{}]\n  - instance: orders-prod\n    level: r\n    tables: [{}]\n",
        many(200, |n| format!("orders.t{n}")),
        many(40_000, |_| "*p".to_owned()),
    );
    let request = |text: String| ("requests/bomb.yaml", text.into_bytes());
    for (what, (path, text), said) in [
        ("flow lists", request(nested("[")), "JG0"),
        ("flow blocks", request(nested("{a: ")), "JG0"),
        ("block lists", request(format!("{HEAD}servers:\n{}", "- ".repeat(400_000))), "JG0"),
        ("aliases of aliases", request(aliases), "JG0"),
        ("aliases in place", request(in_place), "JG0"),
        (
            "a huge text",
            request(format!("for: fanlichun\nreason: {}\n{SERVERS}", "x".repeat(1_000_000))),
            "JG024",
        ),
        (
            "a huge name",
            request(format!("for: {}\nreason: x\n{SERVERS}", "z".repeat(1_000_000))),
            "JG011",
        ),
        ("a huge key", request(format!("{}: x\n", "k".repeat(1_000_000))), "JG0"),
        (
            "a huge scope",
            request(format!(
                "{HEAD}databases: [{{instance: orders-prod, level: r, tables: ['orders.{}']}}]\n",
                "x".repeat(1_000_000)
            )),
            "JG012",
        ),
        (
            "many unknown names",
            request(format!("for: [{}]\nreason: x\n{SERVERS}", many(100_000, |n| format!("z{n}")))),
            "more errors are not listed",
        ),
        (
            "many wrong tables",
            request(format!(
                "{HEAD}databases: [{{instance: orders-prod, level: r, tables: [{}]}}]\n",
                many(100_000, |n| format!("z{n}"))
            )),
            "more errors are not listed",
        ),
        (
            "many open brackets",
            request(format!(
                "{HEAD}databases:\n  - instance: orders-prod\n    level: r\n    tables: [{}]\n",
                many(80_000, |n| format!("'z{n}('"))
            )),
            "more errors are not listed",
        ),
        ("many keys", request((0..90_000).map(|n| format!("k{n}: y\n")).collect()), "JG003"),
        ("many documents", request("---\n".repeat(200_000)), "JG0"),
        (
            "things times instances",
            request(format!(
                "{HEAD}databases: [{{instance: [{}], level: r, tables: [{}]}}]\n",
                many(30_000, |n| format!("i{n}")),
                many(30_000, |n| format!("orders.t{n}"))
            )),
            "JG025",
        ),
        ("a hundred megabytes", request("x".repeat(100 << 20)), "JG001"),
        (
            "many limits",
            (
                "policy.yaml",
                format!(
                    "environments: [prod, test]\nlimits: [{}]\n",
                    many(9_000, |n| format!("{{when: {{}}, longest: {}d}}", n + 1))
                )
                .into_bytes(),
            ),
            "JG025",
        ),
        (
            "many patterns",
            (
                "inventory/servers.yaml",
                format!(
                    "servers: [{{environment: prod, logins: [app], assets: [{}]}}]\n",
                    many(50_000, |n| format!("a*b*c*d*{n}"))
                )
                .into_bytes(),
            ),
            "JG025",
        ),
    ] {
        let folder = example();
        fs::write(folder.path().join(path), text).expect("a file");
        let done = check(folder.path());
        assert_eq!(done.code, 3, "{what}: {}", done.stderr);
        assert!(done.stderr.contains(said), "{what}: {}", done.stderr);
        assert!(done.stderr.contains(&format!("--> {path}:")), "{what}: {}", done.stderr);
        assert!(done.stderr.len() < 200_000, "{what}: {} bytes", done.stderr.len());
    }
}

/// What is wrong thousands of times, where thousands of things would be right: no error names
/// all of them.
#[test]
fn wrong_names_times_right_names_end_soon() {
    let instance = |more: &str| {
        format!(
            "address: orders-prod.db.acme.example:3306\nasset: orders-prod\nenvironment: prod\n\
             account-host: 10.8.0.%\n{more}\n"
        )
    };
    let request = |entry: &str| format!("{HEAD}{entry}\n");
    let tables = |number| many(number, |n| format!("z{n}.*"));
    let levels = |privileges: &str| many(30_000, |n| format!("l{n}: [{privileges}]"));
    let settings = |more: String| {
        let folder = example();
        let settings = fs::read_to_string(folder.path().join("jumpgate.yaml")).expect("a file");
        format!("{settings}\n{more}\n")
    };
    let orders = "inventory/databases/orders-prod.yaml";
    for (what, inventory, asked, said) in [
        (
            "databases",
            vec![(
                orders,
                instance(&format!("databases: [{}]", many(70_000, |n| format!("d{n}")))),
            )],
            request(&format!(
                "databases: [{{instance: orders-prod, level: r, tables: [{}]}}]",
                tables(50_000)
            )),
            "expected one of d0, d1, d10, d100, d1000, d10000, d10001, d10002 and 69992 more",
        ),
        (
            "levels of an instance",
            vec![
                (
                    "jumpgate.yaml",
                    settings(format!(
                        "levels: {{r: [SELECT], rw: [INSERT], {}}}",
                        levels("SELECT")
                    )),
                ),
                (orders, instance(&format!("levels: [{}]", many(30_000, |n| format!("l{n}"))))),
            ],
            request(&format!(
                "databases: [{}]",
                many(15_000, |n| format!("{{instance: orders-prod, level: r, tables: [a{n}.*]}}"))
            )),
            "expected one of l0, l1, l10, l100, l1000, l10000, l10001, l10002 and 29992 more",
        ),
        (
            "levels that fit",
            vec![(
                "jumpgate.yaml",
                settings(format!("levels: {{r: [EXECUTE], rw: [INSERT], {}}}", levels("SELECT"))),
            )],
            request(&format!(
                "databases: [{{instance: orders-prod, level: r, tables: [{}]}}]",
                many(20_000, |n| format!("orders.t{n}"))
            )),
            "expected a level that fits: l0, l1, l10, l100, l1000, l10000, l10001, l10002 and 29993 more",
        ),
        (
            "logins",
            vec![
                (
                    "jumpgate.yaml",
                    settings(format!(
                        "logins: {{app: {{accounts: [app]}}, {}}}",
                        many(20_000, |n| format!("l{n}: {{accounts: [app]}}"))
                    )),
                ),
                (
                    "inventory/servers.yaml",
                    format!(
                        "servers: [{{environment: prod, logins: [{}], assets: [pay-*]}}]\n",
                        many(20_000, |n| format!("l{n}"))
                    ),
                ),
            ],
            request(&format!(
                "servers: [{{login: app, assets: [{}]}}]",
                many(20_000, |n| format!("pay-{n}"))
            )),
            "expected one of l0, l1, l10, l100, l1000, l10000, l10001, l10002 and 19992 more",
        ),
        (
            "people",
            vec![],
            format!("for: [{}]\nreason: x\n{SERVERS}", many(50_000, |n| format!("z{n}"))),
            "there is no person of this name",
        ),
    ] {
        let folder = example();
        let requests = folder.path().join("requests");
        fs::remove_dir_all(&requests).expect("requests");
        fs::create_dir(&requests).expect("a folder");
        for (path, text) in inventory {
            fs::write(folder.path().join(path), text).expect("a file");
        }
        if what == "people" {
            for number in 0..3_000 {
                let path = folder.path().join(format!("people/many-people-{number}.yaml"));
                fs::write(path, "name: x\n").expect("a file");
            }
        }
        fs::write(requests.join("bomb.yaml"), asked).expect("a file");
        let done = check(folder.path());
        let start = &done.stderr[..done.stderr.len().min(3_000)];
        assert_eq!(done.code, 3, "{what}: {start}");
        assert!(done.stderr.contains(said), "{what}: {start}");
        assert!(done.stderr.contains("more errors are not listed"), "{what}: {start}");
        assert!(done.stderr.len() < 1_000_000, "{what}: {} bytes", done.stderr.len());
    }
}

#[test]
fn instances_times_levels_take_no_memory() {
    let folder = example();
    let settings = folder.path().join("jumpgate.yaml");
    let text = fs::read_to_string(&settings).expect("a file");
    let levels = many(30_000, |n| format!("l{n}: [SELECT]"));
    fs::write(settings, format!("{text}levels: {{r: [SELECT], rw: [INSERT], {levels}}}\n"))
        .expect("a file");
    for number in 0..4_000 {
        let path = folder.path().join(format!("inventory/databases/d{number}.yaml"));
        let text = format!(
            "{{address: d{number}, asset: d{number}, environment: prod, account-host: 10.8.0.%}}"
        );
        fs::write(path, text).expect("a file");
    }
    let done = check(folder.path());
    assert_eq!(done.code, 0, "{}", &done.stderr[..done.stderr.len().min(3_000)]);
}

/// A team of all times everything there is.
#[test]
fn a_request_that_gives_too_much_is_an_error_at_its_place() {
    let folder = example();
    for number in 0..400 {
        let path = folder.path().join(format!("people/p{number}.yaml"));
        fs::write(path, format!("name: p{number}\n")).expect("a file");
    }
    let team = format!("members: [{}]\n", many(400, |n| format!("p{n}")));
    fs::write(folder.path().join("teams/all.yaml"), team).expect("a file");
    let tables = many(300, |n| format!("orders.t{n}"));
    let request = format!(
        "for: team/all\nreason: x\nuntil: 2089-01-01\ndatabases: [{{instance: orders-prod, level: r, tables: [{tables}]}}]\n"
    );
    fs::write(folder.path().join("requests/all.yaml"), request).expect("a file");
    let done = check(folder.path());
    assert_eq!(done.code, 3, "{}", done.stderr);
    assert!(done.stderr.contains("error[JG025]: this gives 120000 things"), "{}", done.stderr);
    assert!(done.stderr.contains("--> requests/all.yaml:1:6"), "{}", done.stderr);
}

#[test]
fn more_bytes_than_any_repo_has_are_an_error() {
    let folder = example();
    let big = format!("name: x\n#{}\n", "x".repeat(1_000_000));
    for number in 0..300 {
        fs::write(folder.path().join(format!("people/p{number}.yaml")), &big).expect("a file");
    }
    let done = check(folder.path());
    assert_eq!(done.code, 1, "{}", done.stderr);
    assert!(done.stderr.contains("with this file there are more than 256 MiB"), "{}", done.stderr);
    assert!(done.stderr.contains("people/p"), "{}", done.stderr);
}

/// Files are read in a time that grows with their number alone, and not all errors are listed.
#[test]
fn very_many_files_are_read_and_not_all_errors_are_told() {
    let folder = example();
    let requests = folder.path().join("requests/many");
    fs::create_dir(&requests).expect("a folder");
    let first = requests.join("0.yaml");
    fs::write(&first, "for: nobody\nreason: x\n").expect("a file");
    for number in 1..20_000 {
        // Links to one file: quicker to make, and as many to read.
        fs::hard_link(&first, requests.join(format!("{number}.yaml")))
            .or_else(|_| fs::copy(&first, requests.join(format!("{number}.yaml"))).map(|_| ()))
            .expect("a file");
    }
    let done = check(folder.path());
    assert_eq!(done.code, 3, "{}", done.stderr);
    assert!(
        done.stderr.contains("more errors are not listed"),
        "{}",
        &done.stderr[done.stderr.len().saturating_sub(300)..]
    );
}
