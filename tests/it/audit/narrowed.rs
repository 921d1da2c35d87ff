//! One target alone: an alias is the instance whose accounts it shows, and a server that does
//! not let itself be read is told as such, whatever it says.

use std::io::Write;
use std::net::TcpListener;
use std::process::Command;

use jumpgate_sandbox::{NewAsset, NewPermission, Version};
use serde_json::Value;

use super::doors::door;
use crate::schema::{keeps, validator};
use crate::support::company::{Company, Done};
use crate::support::servers::Kind;

const ALIAS: &str = "address: replica.db.acme.example:3306
asset: orders-replica
environment: prod
owners: [liwei]
account-host: 127.0.0.1
same-accounts-as: orders-prod
";

/// The JSON that a command prints, without its moment.
async fn json(company: &Company, args: &[&str], code: i32) -> Value {
    let args: Vec<&str> = args.iter().copied().chain(["--format", "json"]).collect();
    let done = company.run(&args).await.expect(code);
    let mut answer: Value = serde_json::from_str(&done.stdout).expect("JSON");
    answer.as_object_mut().expect("an object").remove("moment");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_is_audited_and_planned_as_the_one_whose_accounts_it_shows() {
    let company = Company::with_database(Version::V4, Kind::Mariadb118).await;
    let server = company.server.as_ref().expect("a server");
    server.run("CREATE USER legacy@'%';\nGRANT ALL ON *.* TO legacy@'%'").await;
    company.jumpserver.add_asset(NewAsset::mariadb("orders-replica", "127.0.0.2", 3306));
    company.write("inventory/databases/orders-replica.yaml", ALIAS);
    company.write(
        "requests/PAY-1.yaml",
        "for: fanlichun\nreason: refunds\nuntil: 2099-01-01\ndatabases:\n  - instance: \
         orders-prod\n    level: r\n    tables: [orders.*]\n",
    );
    company.merge("a replica");

    let main = json(&company, &["audit", "--target", "orders-prod", "--fail-on", "high"], 4).await;
    let alias =
        json(&company, &["audit", "--target", "orders-replica", "--fail-on", "high"], 4).await;
    assert_eq!(main["targets"][0]["name"], "orders-prod");
    assert_eq!(alias, main);

    let main = json(&company, &["plan", "--target", "orders-prod"], 0).await;
    let alias = json(&company, &["plan", "--target", "orders-replica"], 0).await;
    assert!(main.to_string().contains("jump_db_fanlichun_r"), "{main}");
    assert_eq!(alias, main);
}

/// A server that greets with an error, in words of its own.
fn rude(words: &str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let mut packet = vec![0xff, 0x69, 0x04];
    packet.extend(words.as_bytes());
    let length = u8::try_from(packet.len()).expect("a short packet");
    packet.splice(0..0, [length, 0, 0, 0]);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.write_all(&packet);
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_be_read_is_no_server_without_ways_and_gives_no_orders() {
    let company = Company::with_database(Version::V4, Kind::Mariadb118).await;
    let port = rude("Host \u{1b}[2J\n##vso[task.complete result=Succeeded]is blocked");
    company.write("inventory/databases/orders-prod.yaml", &company.instance(port));
    company.write("inventory/databases/orders-replica.yaml", ALIAS);
    company.merge("a rude server");

    for target in ["orders-prod", "orders-replica"] {
        let args = ["who", target, "--live"];
        let said = company.run(&args).await.expect(5);
        let told = format!("The ways to {target} are not known: orders-prod could not be read:");
        assert!(said.stdout.replace('\n', " ").contains(&told), "{}", said.stdout);
        let answer = json(&company, &args, 5).await;
        keeps(&validator("who"), &answer, "an answer");
        assert_eq!(answer.get("ways"), None, "{answer}");
        let why = answer["unreadable"].as_str().expect("why");
        assert!(why.starts_with("orders-prod could not be read: "), "{why}");
    }
    let page = company.dir().join("report.html");
    let page = page.to_str().expect("UTF-8");
    for (args, code) in [
        (&["who", "orders-prod", "--live"][..], 5),
        (&["audit"], 5),
        (&["report", "--live", "--output", page], 5),
        (&["plan"], 5),
        (&["apply", "--yes"], 5),
    ] {
        let done = company.run(args).await.expect(code);
        let said = format!("{}{}", done.stdout, done.stderr);
        assert!(said.contains("is blocked"), "{args:?}: {said}");
        assert!(!said.contains("##") && !said.contains('\u{1b}'), "{args:?}: {said}");
    }
}

/// The command to copy works as it stands, and its arguments, which everybody on the machine
/// can list, hold no token.
#[tokio::test(flavor = "multi_thread")]
async fn the_command_of_a_permission_switches_it_off_and_shows_nobody_the_token() {
    let company = Company::with_hosts(Version::V4).await;
    company.jumpserver.add_permission(NewPermission {
        name: "old".to_owned(),
        users: vec!["liwei".to_owned()],
        assets: vec!["pay-web-01".to_owned()],
        accounts: vec!["app".to_owned()],
        ..NewPermission::default()
    });
    let audit = json(&company, &["audit"], 0).await;
    let next = &door(&audit, "old")["next"];
    let words = next["text"].as_str().expect("a text");
    assert!(
        words.ends_with("JUMPGATE_JUMPSERVER_TOKEN holds the token of somebody who may do this")
    );
    let command = next["command"].as_str().expect("a command");
    let wrapped =
        format!("curl() {{ printf '%s\\n' \"$@\" >arguments; command curl \"$@\"; }}\n{command}");
    // The environment of the command, run by a shell in its place.
    let jumpgate = company.command(&[]);
    let mut shell = Command::new("sh");
    shell.current_dir(company.dir()).args(["-c", &wrapped]);
    shell.envs(jumpgate.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let done = tokio::task::spawn_blocking(move || shell.output()).await.expect("it ends");
    let done = Done::of(done.expect("sh and curl")).expect(0);
    assert!(done.stdout.contains("\"is_active\":false"), "{done:?}");
    assert!(!company.jumpserver.permission("old").expect("the permission").is_active);
    let arguments = std::fs::read_to_string(company.dir().join("arguments")).expect("a file");
    assert!(arguments.contains("is_active") && !arguments.contains("Token"), "{arguments}");
}
