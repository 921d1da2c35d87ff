//! A hole is not a revocation: half answers of every kind, one table for `plan` and for
//! `apply`.
//!
//! People have access on both sides, and everything is as git says. Then something shows
//! only half of what it has: the access repo, JumpServer, a proxy before it, a database
//! server. Both commands must end with the right exit code and say what to do; no step may
//! stand in the plan; JumpServer hears no write; and both sides store what they stored,
//! byte for byte.

mod cases;
mod files;
mod front;
mod kept;
mod organizations;
mod paths;
mod place;

use jumpgate_sandbox::Version;
use serde_json::Value;
use tempfile::TempDir;

use self::cases::{JUMPSERVER, MYSQL, TOKENS, WRITES};
use self::files::FILES;
use self::front::Twist;
use self::organizations::ORGANIZATIONS;
use self::place::{PENDING, Place, Stored};
use crate::support::company::Done;
use crate::support::servers::Kind;

/// Something that shows only half.
struct Case {
    name: &'static str,
    /// The folder that the commands run in, made from the company's; else a whole clone.
    folder: Option<fn(&Place) -> TempDir>,
    /// What becomes of the requests to JumpServer.
    twist: Option<Twist>,
    /// Rights of the token, in place of an administrator's.
    rights: Option<&'static [&'static str]>,
    /// Variables of the environment.
    env: &'static [(&'static str, &'static str)],
    /// Statements of an administrator, before and after: for MySQL, and for MariaDB.
    sql: [Option<(&'static str, &'static str)>; 2],
    /// Whether a request is merged that is not applied yet.
    pending: bool,
    /// Whether `apply` comes to write something before it meets what is missing.
    writes: bool,
    /// The exit codes of `plan` and of `apply`.
    codes: [i32; 2],
    /// What `plan` and `apply` say.
    says: [&'static [&'static str]; 2],
}

/// Nothing is missing.
const WHOLE: Case = Case {
    name: "nothing is missing",
    folder: None,
    twist: None,
    rights: None,
    env: &[],
    sql: [None, None],
    pending: false,
    writes: false,
    codes: [0, 0],
    says: [&[], &[]],
};

/// The same for `plan` and for `apply`.
const fn both<T: Copy>(of: T) -> [T; 2] {
    [of, of]
}

async fn go_through(place: &Place, table: &[Case], wrong: &mut Vec<String>) {
    for case in table {
        let sql = case.sql[usize::from(!place.is_mysql())];
        if sql.is_none() && case.sql.iter().any(Option::is_some) {
            continue;
        }
        if let Some((before, _)) = sql {
            place.server().run(before).await;
        }
        let kept = place.company.jumpserver.keep();
        if let Err(why) = one(place, case).await {
            wrong.push(format!("== {}\n{why}", case.name));
        }
        place.company.jumpserver.put_back(&kept);
        if let Some((_, after)) = sql {
            place.server().run(after).await;
        }
    }
}

/// Goes through one case.
async fn one(place: &Place, case: &Case) -> Result<(), String> {
    let folder = match case.folder {
        Some(make) => make(place),
        None => place.company.clone_repo(),
    };
    if case.pending {
        files::commit(folder.path(), PENDING.0, PENDING.1);
    }
    let token;
    let mut env = case.env.to_vec();
    if let Some(rights) = case.rights {
        let user = format!("user of {}", case.name);
        token = place.company.jumpserver.add_token(&user, rights);
        env.push(("JUMPGATE_JUMPSERVER_TOKEN", &token));
    }
    let before = place.stored().await;
    let commands: [&[&str]; 2] =
        [&["plan", "--format", "json"], &["apply", "--yes", "--format", "json"]];
    for (number, args) in commands.into_iter().enumerate() {
        place.front.begin(case.twist);
        place.company.jumpserver.clear_requests();
        let done = place.run(folder.path(), args, &env).await;
        let after = place.stored().await;
        judge(place, case, number, &done, &before, &after)
            .map_err(|why| format!("{}: {why}\n{}", args[0], short(&done)))?;
    }
    Ok(())
}

/// What a command said, in a few lines.
fn short(done: &Done) -> String {
    let value: Value = serde_json::from_str(&done.stdout).unwrap_or_default();
    let plan = value.get("plan").unwrap_or(&value);
    let findings = plan["findings"].as_array().into_iter().flatten();
    let told: Vec<String> = findings
        .filter(|finding| finding["severity"] != "notice")
        .map(|finding| format!("{} {}", finding["code"], finding["message"]))
        .collect();
    format!("{} {}\n{}{}", plan["summary"], value["steps"], told.join("\n"), done.stderr)
}

fn judge(
    place: &Place,
    case: &Case,
    command: usize,
    done: &Done,
    before: &Stored,
    after: &Stored,
) -> Result<(), String> {
    let sure = |holds: bool, why: String| if holds { Ok(()) } else { Err(why) };
    let code = case.codes[command];
    sure(done.code == code, format!("exit code {}, expected {code}", done.code))?;
    let printed = format!("{}\n{}", done.stdout, done.stderr);
    for words in case.says[command] {
        sure(printed.contains(words), format!("does not say {words:?}"))?;
    }
    if done.stdout.trim().is_empty() {
        sure(matches!(code, 1 | 3), "says nothing".to_owned())?;
    } else {
        let plan: Value = serde_json::from_str(&done.stdout).map_err(|error| error.to_string())?;
        no_removal(plan.get("plan").unwrap_or(&plan), case.pending)?;
    }
    if case.writes && command == 1 {
        return sure(after.holds(before), "something that stood there is gone".to_owned());
    }
    if case.pending {
        return sure(after == before, "what is stored changed".to_owned());
    }
    let requests = place.company.jumpserver.requests();
    let write = requests.iter().find(|request| !request.is_read());
    sure(write.is_none(), format!("a write was sent: {write:?}"))?;
    sure(after == before, "what is stored changed".to_owned())
}

/// Nothing goes; without a pending request nothing comes or changes either.
fn no_removal(plan: &Value, pending: bool) -> Result<(), String> {
    let summary = &plan["summary"];
    let count = |what: &Value| what.as_u64().unwrap_or(u64::MAX);
    let gone = count(&summary["end"])
        + count(&plan["removals"]["counted"])
        + count(&plan["removals"]["ended"]);
    let others = count(&summary["add"]) + count(&summary["change"]);
    match gone == 0 && (pending || others == 0) {
        true => Ok(()),
        false => Err(format!("steps are planned: {summary} {}", plan["removals"])),
    }
}

async fn matrix(version: Version, kind: Kind) {
    let place = Place::new(version, kind).await;
    let mut wrong = Vec::new();
    for table in [FILES, ORGANIZATIONS, JUMPSERVER, TOKENS, MYSQL, WRITES] {
        go_through(&place, table, &mut wrong).await;
    }
    place.nothing_to_do().await;
    assert!(wrong.is_empty(), "{} cases fail:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn half_answers_on_mysql_and_v4() {
    matrix(Version::V4, Kind::Mysql9).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn half_answers_on_mariadb_and_v3() {
    matrix(Version::V3, Kind::Mariadb1011).await;
}

/// A path in the base address works, and without it the error says where to look.
#[tokio::test(flavor = "multi_thread")]
async fn a_jumpserver_below_a_path() {
    for version in [Version::V3, Version::V4] {
        paths::below(version).await;
    }
}
