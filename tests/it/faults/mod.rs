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
use self::scenarios::{ONE_SERVER, Scenario, THREE_SERVERS};
use self::world::World;
use crate::support::servers::Kind;

/// How many scenarios `make test` goes through; the first ones.
const REDUCED: usize = 4;

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

/// The whole matrix: `make faults`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes many minutes: make faults"]
async fn whole_matrix() {
    let mysql = all(Version::V4, Kind::Mysql9, &[], ONE_SERVER, Depth::Whole);
    let mariadb = all(Version::V3, Kind::Mariadb118, &[], ONE_SERVER, Depth::Whole);
    let (mysql, mariadb) = tokio::join!(tokio::spawn(mysql), tokio::spawn(mariadb));
    let mut rows = mysql.expect("it ends");
    rows.extend(mariadb.expect("it ends"));
    let further = [Kind::Mariadb1011, Kind::Mariadb118];
    rows.extend(all(Version::V4, Kind::Mysql9, &further, THREE_SERVERS, Depth::Whole).await);
    judge(&rows);
}
