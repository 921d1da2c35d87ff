//! Use, judged on the model of both systems.

use super::*;
use crate::entries;
use crate::grants;
use crate::plan::tests::world::{World, at, repo};
use crate::report::{Look, Unused, UnusedContext, unused_text};

const REQUEST: &str = "for: [fanlichun, liwei]
reason: \"PAY-1234: reconcile refunds\"
from: 2026-06-01
until: 2027-02-28
servers:
  - login: app
    nodes: [/Default/payments/prod]
    assets: [pay-web-01]
databases:
  - { instance: orders-prod, level: r, tables: ['orders.*'] }
";

const NOW: &str = "2026-12-01T02:00:00Z";

struct Case {
    world: World,
    records: Records,
    connections: BTreeMap<InstanceName, Connections>,
}

impl Case {
    fn new() -> Self {
        let records = Records { sessions: Vec::new(), oldest: Some(at("2026-05-20T00:00:00Z")) };
        Self { world: World::new(), records, connections: BTreeMap::new() }
    }

    fn session(&mut self, user: &str, asset: &str, account: &str, begun: &str) {
        let live = self.world.live();
        let (user, asset) = (live.users[user].id, live.assets[asset].id);
        let account = account.to_owned();
        self.records.sessions.push(PastSession { user, asset, account, begun: at(begun) });
    }

    fn counted(&mut self, since: &str, by_user: &[(&str, u64)]) {
        let by_user = by_user.iter().map(|(user, count)| ((*user).to_owned(), *count)).collect();
        let connections = Connections { since: at(since), by_user, complete: true };
        self.connections.insert("orders-prod".parse().expect("an instance"), connections);
    }

    /// Person and target, with what is known; each access is as old as said.
    fn judged(&self, old: &str) -> Vec<(String, State)> {
        let access = repo(&[("r", REQUEST)], &[]);
        let judged = self.judge(&access, old);
        judged
            .into_iter()
            .map(|one| (format!("{} {}", one.entry.person, one.entry.opens), one.state))
            .collect()
    }

    fn judge<'a>(&self, access: &'a Access, old: &str) -> Vec<Judged<'a>> {
        let grants = grants::of(access);
        let inputs = Inputs {
            access,
            live: &self.world.observed.jumpserver,
            records: &self.records,
            connections: &self.connections,
            term: SignedDuration::from_hours(24 * 90),
            moment: at(NOW),
        };
        judge(&inputs, entries::of(&grants, at(NOW)), |_| Some(at(old)))
    }
}

const OLD: &str = "2026-06-01T02:00:00Z";

fn state(judged: &[(String, State)], name: &str) -> State {
    judged.iter().find(|(known, _)| known == name).expect("the access").1.clone()
}

#[test]
fn a_session_counts_for_its_person_target_and_account_alone() {
    let mut case = Case::new();
    case.session("fanlichun", "pay-web-01", "app(app)", "2026-11-30T02:00:00Z");
    case.session("fanlichun", "pay-web-02", "root(root)", "2026-11-30T02:00:00Z");
    case.session("liwei", "orders-prod", "jump_db_fanlichun_r", "2026-11-30T02:00:00Z");
    case.session("liwei", "orders-prod", "x(jump_db_liwei_r)", "2026-07-01T02:00:00Z");
    let judged = case.judged(OLD);
    let used = State::Used(at("2026-11-30T02:00:00Z"));
    assert_eq!(state(&judged, "fanlichun app on pay-web-01"), used);
    // The asset stands below the node.
    assert_eq!(state(&judged, "fanlichun app on /Default/payments/prod"), used);
    assert_eq!(state(&judged, "fanlichun r on orders-prod"), State::Unused(None));
    let long_ago = State::Unused(Some(at("2026-07-01T02:00:00Z")));
    assert_eq!(state(&judged, "liwei r on orders-prod"), long_ago);
    assert_eq!(state(&judged, "liwei app on pay-web-01"), State::Unused(None));
}

#[test]
fn what_is_younger_is_not_judged() {
    let case = Case::new();
    let young = "2026-11-01T00:00:00Z";
    assert!(case.judged(young).iter().all(|(_, state)| *state == State::Young(at(young))));
}

#[test]
fn records_that_do_not_reach_back_prove_nothing() {
    let mut case = Case::new();
    let begin = at("2026-10-01T00:00:00Z");
    case.records.oldest = Some(begin);
    let unknown = State::Unknown(Unknown::RecordsBegin(begin));
    assert!(case.judged(OLD).iter().all(|(_, state)| *state == unknown));
    case.records.oldest = None;
    let unknown = State::Unknown(Unknown::NoRecords);
    assert!(case.judged(OLD).iter().all(|(_, state)| *state == unknown));
    let mut case = Case::new();
    case.world.live().users.remove("liwei");
    let judged = case.judged(OLD);
    let unknown = State::Unknown(Unknown::NotThere);
    assert_eq!(state(&judged, "liwei app on pay-web-01"), unknown);
}

#[test]
fn a_server_that_counted_connections_within_the_term_shows_use() {
    let mut case = Case::new();
    case.counted("2026-11-20T00:00:00Z", &[("jump_db_fanlichun_r", 3)]);
    let judged = case.judged(OLD);
    let connected = State::Connected(at("2026-11-20T00:00:00Z"));
    assert_eq!(state(&judged, "fanlichun r on orders-prod"), connected);
    assert_eq!(state(&judged, "liwei r on orders-prod"), State::Unused(None));
    // Counted since longer ago: nobody knows when, and JumpServer would have a session.
    case.counted("2026-05-01T00:00:00Z", &[("jump_db_fanlichun_r", 3)]);
    assert_eq!(state(&case.judged(OLD), "fanlichun r on orders-prod"), State::Unused(None));
}

#[test]
fn an_adopted_account_is_used_under_the_name_that_it_keeps() {
    let request = "for: fanlichun
reason: as it is today
databases:
  - { instance: orders-prod, level: r, tables: ['orders.*'], adopts: { account: fan_ro } }
";
    let access = repo(&[("r", request)], &[]);
    let state = |case: &Case| case.judge(&access, OLD).remove(0).state;
    let mut case = Case::new();
    case.session("fanlichun", "orders-prod", "fan_ro(fan_ro)", "2026-11-30T02:00:00Z");
    assert_eq!(state(&case), State::Used(at("2026-11-30T02:00:00Z")));
    let mut case = Case::new();
    case.counted("2026-11-20T00:00:00Z", &[("fan_ro", 3)]);
    assert_eq!(state(&case), State::Connected(at("2026-11-20T00:00:00Z")));
    let mut case = Case::new();
    case.session("fanlichun", "orders-prod", "jump_db_fanlichun_r", "2026-11-30T02:00:00Z");
    assert_eq!(state(&case), State::Unused(None));
}

#[test]
fn unused_access_reads_well() {
    let mut case = Case::new();
    case.session("fanlichun", "pay-web-01", "app(app)", "2026-11-30T02:00:00Z");
    case.session("liwei", "orders-prod", "x(jump_db_liwei_r)", "2026-07-01T02:00:00Z");
    case.counted("2026-05-01T00:00:00Z", &[("jump_db_liwei_r", 3)]);
    let access = repo(&[("2026/PAY-1234-refunds", REQUEST)], &[]);
    let judged = case.judge(&access, OLD);
    let context = UnusedContext {
        access: &access,
        commit: Some("8c8f9f0e4b7a1d2c3b4a59687f6e5d4c3b2a1908"),
        moment: at(NOW),
        days: 90,
        oldest: case.records.oldest,
        notes: Vec::new(),
    };
    let report = Unused::of(&judged, context);
    insta::assert_snapshot!(unused_text(&report, Look::default()));
    insta::assert_snapshot!(report.csv().replace("\r\n", "\n"));
}
