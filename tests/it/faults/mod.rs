//! Any stop is harmless, and nobody ever holds more than was asked for: tried by force.
//!
//! Two proxies stand between the command and the servers, and count what goes over the
//! wire in one order. A run is cut at a place: the process is killed, the connection is
//! cut, or an error comes in place of an answer, before or after the request was carried
//! out. Then what everybody can do is tried out, the command runs again, and what it leaves
//! behind must be what a run leaves behind that was not cut.

mod http;
mod matrix;
mod powers;
mod scenarios;
mod sql;
mod wire;
mod world;

use jumpgate_sandbox::Version;

use self::matrix::{Depth, Row, go_through, judge, tell};
use self::powers::powers;
use self::scenarios::{ADOPTED, IN_TIME, ONE_SERVER, ROTATED, Scenario, THREE_SERVERS};
use self::wire::{Cut, Fault};
use self::world::World;
use crate::support::servers::Kind;

/// How many scenarios `make test` goes through; the first ones.
const REDUCED: usize = 3;

async fn all(
    version: Version,
    kind: Kind,
    further: &[Kind],
    scenarios: &'static [Scenario],
    depth: Depth,
) -> Vec<Row> {
    let mut world = World::new(version, kind, further).await;
    let mut rows = Vec::new();
    for scenario in scenarios {
        if only().is_some_and(|only| !scenario.name.contains(&only)) {
            continue;
        }
        let row = go_through(&mut world, scenario, depth).await;
        tell(&row.line());
        rows.push(row);
    }
    rows
}

/// The words of the scenarios that are wanted, when not all are.
fn only() -> Option<String> {
    std::env::var("JUMPGATE_FAULTS_ONLY").ok()
}

/// The scenarios of `make test`, or all that are wanted.
fn reduced() -> &'static [Scenario] {
    if only().is_some() { ONE_SERVER } else { &ONE_SERVER[..REDUCED] }
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_are_cut_on_mysql() {
    let scenarios = reduced();
    judge(&all(Version::V4, Kind::Mysql9, &[], scenarios, Depth::Reduced).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_are_cut_on_mariadb() {
    let scenarios = reduced();
    judge(&all(Version::V3, Kind::Mariadb1011, &[], scenarios, Depth::Reduced).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn renewals_that_are_cut_on_mysql_never_shut_anybody_out() {
    let scenarios = std::slice::from_ref(&ROTATED);
    judge(&all(Version::V4, Kind::Mysql9, &[], scenarios, Depth::Reduced).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn renewals_that_are_cut_on_mariadb() {
    let scenarios = std::slice::from_ref(&ROTATED);
    judge(&all(Version::V3, Kind::Mariadb118, &[], scenarios, Depth::Reduced).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn adoptions_that_are_cut_on_mysql() {
    let scenarios = std::slice::from_ref(&ADOPTED);
    judge(&all(Version::V4, Kind::Mysql9, &[], scenarios, Depth::Reduced).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn adoptions_that_are_cut_on_mariadb() {
    let scenarios = std::slice::from_ref(&ADOPTED);
    judge(&all(Version::V3, Kind::Mariadb118, &[], scenarios, Depth::Reduced).await);
}

/// The whole matrix: `make faults`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a quarter of an hour: make faults"]
async fn whole_matrix() {
    let one = |version, kind| async move {
        let mut rows = all(version, kind, &[], IN_TIME, Depth::Whole).await;
        rows.extend(all(version, kind, &[], ONE_SERVER, Depth::Whole).await);
        rows
    };
    let mysql = tokio::spawn(one(Version::V4, Kind::Mysql9));
    let mariadb = tokio::spawn(one(Version::V3, Kind::Mariadb118));
    let mut rows = mysql.await.expect("it ends");
    rows.extend(mariadb.await.expect("it ends"));
    let further = [Kind::Mariadb1011, Kind::Mariadb118];
    rows.extend(all(Version::V4, Kind::Mysql9, &further, THREE_SERVERS, Depth::Reduced).await);
    judge(&rows);
}

/// A server that takes a request and never answers: the run ends, and the next one leads on.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "waits for time-outs: make faults"]
async fn servers_that_hang() {
    for kind in [Kind::Mysql9, Kind::Mariadb1011] {
        let mut world = World::new(Version::V4, kind, &[]).await;
        judge(&[go_through(&mut world, &ONE_SERVER[0], Depth::Hang).await]);
    }
}

/// The lease of a run that died ends by itself, and a run that waits takes it then.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "waits for the end of a lease: make faults"]
async fn a_lease_without_a_holder_ends() {
    let world = World::new(Version::V4, Kind::Mariadb118, &[]).await;
    world.company.write("requests/PAY-1.yaml", scenarios::WIDE);
    world.company.merge("refunds");
    let cut = Cut { at: 4, writes: true, fault: Fault::KillAfter };
    let killed = world.apply(&[], Some(cut)).await;
    assert!(killed.code.is_none() && killed.met.is_some(), "{}", killed.output);
    let held = world.apply(&[], None).await;
    assert_eq!(held.code, Some(6), "{}", held.output);
    let waited = world.apply(&["--lock-timeout", "150"], None).await;
    assert_eq!(waited.code, Some(0), "{}", waited.output);
    world.company.run(&["plan", "--detailed-exitcode"]).await.expect(0);
}

/// Nothing is written when nothing changes, and nobody who keeps his access notices that
/// something is added to it.
#[tokio::test(flavor = "multi_thread")]
async fn o13_access_that_stays_never_fails() {
    let world = World::new(Version::V4, Kind::Mysql9, &[]).await;
    world.company.write("requests/PAY-1.yaml", scenarios::NARROW);
    world.company.merge("refunds");
    assert_eq!(world.apply(&[], None).await.code, Some(0));
    let held = powers(&world, &[]).await;
    assert!(
        held.contains("fanlichun by jump_db_fanlichun_r@orders-prod: read billing.cards(last4)")
    );
    for round in 0..6 {
        if round == 5 {
            world.company.write("requests/PAY-1.yaml", scenarios::WIDE);
            world.company.merge("more");
        }
        let run = world.apply(&[], None);
        tokio::pin!(run);
        let ran = loop {
            tokio::select! {
                biased;
                ran = &mut run => break ran,
                now = powers(&world, &[]) => assert!(now.is_superset(&held), "{now:?}"),
            }
        };
        assert_eq!(ran.code, Some(0), "{}", ran.output);
        let changes: Vec<&str> = ran
            .events
            .iter()
            .filter(|event| event.writes)
            .map(|event| event.what.as_str())
            .collect();
        match round {
            5 => assert!(!changes.iter().any(|what| what.starts_with("REVOKE")), "{changes:?}"),
            _ => assert_eq!(changes, [""; 0]),
        }
    }
}
