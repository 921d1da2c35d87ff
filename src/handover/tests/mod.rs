//! Every state and every cut of the handover, on a model of both sides.

mod changed;
mod renewal;
mod whose;

use std::collections::BTreeMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::*;
use crate::mark::Mark;
use crate::mysql::spec::{AccountName, Evidence, Held};

const USER: &str = "jump_db_fanlichun_r";

fn owner() -> Owner {
    "acme".parse().expect("an owner")
}

/// What a server can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Flavor {
    /// It keeps evidence in the account.
    evidence: bool,
    /// It keeps an old password beside a new one.
    keeps_old: bool,
    /// All changes come within one second, so times tell nothing.
    at_once: bool,
}

/// MySQL 8.0.21 and later, MySQL 8.0.14 to 8.0.20, MariaDB and older MySQL.
const MYSQL: Flavor = Flavor { evidence: true, keeps_old: true, at_once: false };
const MYSQL_8_0_14: Flavor = Flavor { evidence: false, ..MYSQL };
const MARIADB: Flavor = Flavor { evidence: false, keeps_old: false, at_once: false };
const FLAVORS: [Flavor; 3] = [MYSQL, MYSQL_8_0_14, MARIADB];

/// What a run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    /// An apply of what asks for the account.
    There,
    /// A renewal of its password.
    Renewed,
    /// An apply when nobody asks for it any more.
    Gone,
}

/// Both sides, as far as a handover can see and change them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct World {
    flavor: Flavor,
    server: Option<Server>,
    /// By asset.
    assets: BTreeMap<String, AssetAccount>,
    /// Counts up with each password: secrets, generations and times come from it.
    clock: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Server {
    secret: i64,
    old: Option<i64>,
    changed: i64,
    generation: Option<i64>,
    locked: bool,
    granted: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct AssetAccount {
    id: Uuid,
    secret: i64,
    ours: bool,
    state: HandoverState,
    generation: i64,
    changed: Option<i64>,
    locked_before: bool,
}

impl World {
    fn new(flavor: Flavor) -> Self {
        Self { flavor, server: None, assets: BTreeMap::new(), clock: 100 }
    }

    fn seen_server(&self) -> Option<SeenAccount> {
        self.server.as_ref().map(|server| SeenAccount {
            name: AccountName { user: USER.to_owned(), host: "%".to_owned() },
            locked: server.locked,
            is_role: false,
            plugin: "caching_sha2_password".to_owned(),
            no_password: false,
            old_password: server.old.is_some(),
            password_changed: Timestamp::from_second(server.changed).ok(),
            evidence: server.generation.map(|generation| Evidence {
                owner: "acme".to_owned(),
                generation: generation.to_string(),
            }),
            held: Held {
                global: server.granted.then(|| "PROCESS".to_owned()).into_iter().collect(),
                ..Held::default()
            },
        })
    }

    fn seen_asset(&self, asset: &str) -> Option<SeenAssetAccount> {
        self.assets.get(asset).map(|account| SeenAssetAccount {
            id: account.id,
            asset: asset.to_owned(),
            asset_id: Uuid::from_u128(1),
            name: USER.to_owned(),
            username: USER.to_owned(),
            secret_type: "password".to_owned(),
            has_secret: Some(true),
            active: true,
            labelled: account.ours,
            mark: account.ours.then(|| Mark {
                owner: owner(),
                id: account.id,
                user: None,
                requests: Default::default(),
                end: None,
                handover: Some(Handover {
                    state: account.state,
                    generation: account.generation.to_string(),
                    changed: account.changed.and_then(|at| Timestamp::from_second(at).ok()),
                    host: None,
                    ended: None,
                    locked_before: account.locked_before,
                }),
                left: None,
            }),
            comment: String::new(),
        })
    }

    fn with_seen<T>(&self, assets: &[&str], f: impl FnOnce(&Seen<'_>) -> T) -> T {
        self.with_wish(assets, false, f)
    }

    fn with_wish<T>(&self, assets: &[&str], renew: bool, f: impl FnOnce(&Seen<'_>) -> T) -> T {
        let server = self.seen_server();
        let accounts: Vec<_> = assets.iter().map(|asset| self.seen_asset(asset)).collect();
        f(&Seen {
            server: server.as_ref(),
            assets: assets.iter().copied().zip(accounts.iter().map(Option::as_ref)).collect(),
            former: Vec::new(),
            closed: Vec::new(),
            keeps_old: self.flavor.keeps_old,
            renew,
            moved_from: None,
        })
    }

    /// The server's time of a change.
    fn time(&self, secret: i64) -> i64 {
        if self.flavor.at_once { 1_000 } else { 1_000 + secret }
    }

    /// Whether a password works.
    fn lets_in(&self, secret: i64) -> bool {
        self.server
            .as_ref()
            .is_some_and(|server| server.secret == secret || server.old == Some(secret))
    }

    /// Carries out one step with this run's secret, which is also its generation.
    fn carry_out(&mut self, step: &Step, secret: i64) {
        match step {
            Step::StoreSecret { asset, account } | Step::HandOver { asset, account } => {
                let id = account.unwrap_or_else(|| Uuid::from_u128(self.assets.len() as u128 + 1));
                let before = self.assets.get(asset).map(|account| account.state);
                let (state, changed) = match (step, before) {
                    (Step::StoreSecret { .. }, Some(HandoverState::Ending)) => {
                        (HandoverState::Ending, None)
                    }
                    (Step::StoreSecret { .. }, _) => (HandoverState::Pending, None),
                    _ => (HandoverState::Done, self.server.as_ref().map(|s| s.changed)),
                };
                let generation = secret;
                let ending = self.assets.get(asset).filter(|_| state == HandoverState::Ending);
                let locked_before = ending.is_some_and(|account| account.locked_before);
                let account = AssetAccount {
                    id,
                    secret,
                    ours: true,
                    state,
                    generation,
                    changed,
                    locked_before,
                };
                self.assets.insert(asset.clone(), account);
            }
            Step::CreateAccount | Step::SetPassword | Step::AddPassword => {
                let before = self.server.as_ref();
                let (locked, granted) = before.map_or((false, false), |s| (s.locked, s.granted));
                let old = match step {
                    Step::AddPassword => before.map(|server| server.secret),
                    _ => before.and_then(|server| server.old),
                };
                let generation = self.flavor.evidence.then_some(secret);
                let changed = self.time(secret);
                self.server = Some(Server { secret, old, changed, generation, locked, granted });
            }
            Step::DiscardOldPassword => self.server.as_mut().expect("an account").old = None,
            Step::Grants => self.server.as_mut().expect("an account").granted = true,
            Step::RevokeAll => self.server.as_mut().expect("an account").granted = false,
            Step::Lock => self.server.as_mut().expect("an account").locked = true,
            Step::Unlock => self.server.as_mut().expect("an account").locked = false,
            Step::KillSessions | Step::LeaveSessions | Step::AwaitSessions => {}
            Step::Drop => self.server = None,
            Step::MarkDone { asset } => {
                let changed = self.server.as_ref().map(|server| server.changed);
                let account = self.assets.get_mut(asset).expect("an account");
                (account.state, account.changed) = (HandoverState::Done, changed);
            }
            Step::MarkNarrowing { asset, .. } => {
                self.assets.get_mut(asset).expect("an account").state = HandoverState::Narrowing;
            }
            Step::Adopt { asset, .. } => {
                let changed = self.server.as_ref().map(|server| server.changed);
                let account = self.assets.get_mut(asset).expect("an account");
                (account.ours, account.state) = (true, HandoverState::Done);
                (account.generation, account.changed) = (secret, changed);
            }
            Step::WriteEvidence { .. } => {
                let generation = self.assets.values().next().map(|account| account.generation);
                self.server.as_mut().expect("an account").generation = generation;
            }
            Step::RemoveEvidence => {
                self.server.as_mut().expect("an account").generation = None;
            }
            Step::Release { asset, .. } => {
                self.assets.get_mut(asset).expect("an account").ours = false;
            }
            Step::MarkRotating { asset, .. } => {
                self.assets.get_mut(asset).expect("an account").state = HandoverState::Rotating;
            }
            Step::MarkEnding { asset, .. } => {
                let locked = self.server.as_ref().is_some_and(|server| server.locked);
                let account = self.assets.get_mut(asset).expect("an account");
                (account.state, account.locked_before) = (HandoverState::Ending, locked);
            }
            Step::DeleteAssetAccount { asset, .. } => {
                self.assets.remove(asset);
            }
        }
    }

    /// One run, cut after `cut` steps.
    fn run(&mut self, assets: &[&str], wish: Wish, cut: usize) -> usize {
        let way = self.with_wish(assets, wish == Wish::Renewed, |seen| match wish {
            Wish::Gone => away(&owner(), seen),
            Wish::There | Wish::Renewed => toward(&owner(), seen).expect("no conflict"),
        });
        self.clock += 1;
        let secret = self.clock;
        for step in way.steps.iter().take(cut) {
            let before = self.clone();
            self.carry_out(step, secret);
            self.check_step(&before, step, assets[0]);
        }
        way.steps.len()
    }

    /// What must hold after every single step.
    fn check_step(&self, before: &Self, step: &Step, own: &str) {
        let Some(server) = &self.server else { return };
        let works = |world: &Self| {
            world.assets.get(own).is_some_and(|account| world.lets_in(account.secret))
        };
        if before.server.as_ref().is_none_or(|old| old.secret != server.secret) {
            assert!(
                works(self) || self.assets.values().all(|a| a.secret == server.secret),
                "{step:?}: the server has a password that JumpServer does not know"
            );
        }
        // What JumpServer may hold a moment ahead is told by a mark.
        let ahead = self.assets.get(own).is_none_or(|account| {
            matches!(account.state, HandoverState::Pending | HandoverState::Ending)
        });
        assert!(works(self) || ahead || !works(before), "{step:?}: it does not work any more");
        assert!(
            self.assets.values().any(|account| account.ours) || self.flavor.evidence,
            "{step:?}: an account without an owner"
        );
    }

    fn check_there(&self, assets: &[&str]) {
        let server = self.server.as_ref().expect("the account on the server");
        assert!(server.granted && !server.locked && server.old.is_none());
        assert_eq!(self.assets.keys().collect::<Vec<_>>(), assets);
        for account in self.assets.values() {
            assert_eq!(account.secret, server.secret, "the same password on both sides");
            assert_eq!(
                (account.state, account.changed),
                (HandoverState::Done, Some(server.changed))
            );
        }
    }
}

/// From `start`, every run that is cut anywhere, twice, is made good by the next one,
/// whatever each was for.
fn survives_every_cut(start: &World, assets: &[&str], wish: Wish) {
    let steps = start.clone().run(assets, wish, usize::MAX);
    for first in 0..=steps {
        let mut cut = start.clone();
        cut.run(assets, wish, first);
        for again in [wish, Wish::There] {
            let steps = cut.clone().run(assets, again, usize::MAX);
            for second in 0..=steps {
                // What was cut can also be turned around by the next merge.
                for last in [Wish::There, Wish::Renewed, Wish::Gone] {
                    let mut world = cut.clone();
                    world.run(assets, again, second);
                    world.run(assets, last, usize::MAX);
                    let settled = match last {
                        Wish::Gone => {
                            assert_eq!((&world.server, world.assets.len()), (&None, 0));
                            Wish::Gone
                        }
                        Wish::There | Wish::Renewed => {
                            world.check_there(assets);
                            Wish::There
                        }
                    };
                    let before = world.clone();
                    world.run(assets, settled, usize::MAX);
                    world.clock = before.clock;
                    assert_eq!(world, before, "a second run changes nothing");
                }
            }
        }
    }
}

/// A world in which the account is there and complete.
fn complete(flavor: Flavor, assets: &[&str]) -> World {
    let mut world = World::new(flavor);
    world.run(assets, Wish::There, usize::MAX);
    world.check_there(assets);
    world
}

const ONE: &[&str] = &["orders-prod"];
const TWO: &[&str] = &["orders-prod", "orders-replica"];

#[test]
fn o30_every_cut_of_a_first_grant_converges() {
    for flavor in FLAVORS {
        for assets in [ONE, TWO] {
            survives_every_cut(&World::new(flavor), assets, Wish::There);
        }
    }
}

#[test]
fn o30_every_cut_of_an_end_converges() {
    for flavor in FLAVORS {
        for assets in [ONE, TWO] {
            survives_every_cut(&complete(flavor, assets), assets, Wish::Gone);
        }
    }
}

#[test]
fn o17_a_complete_account_is_left_alone() {
    for flavor in FLAVORS {
        let world = complete(flavor, ONE);
        let way = world.with_seen(ONE, |seen| toward(&owner(), seen));
        assert_eq!(way, Ok(Way { steps: vec![Step::Grants], ..Way::default() }));
    }
}

#[test]
fn o17_a_password_changed_by_hand_is_replaced() {
    for flavor in FLAVORS {
        let mut world = complete(flavor, ONE);
        let server = world.server.as_mut().expect("an account");
        (server.secret, server.changed) = (7, 7);
        let way = world.with_seen(ONE, |seen| toward(&owner(), seen)).expect("no conflict");
        assert_eq!((way.notes, way.ends_sessions), (vec![Note::PasswordChanged], true));
        survives_every_cut(&world, ONE, Wish::There);
        // Whoever changed it must not be let in by an old password either.
        world.server.as_mut().expect("an account").old = flavor.keeps_old.then_some(8);
        world.run(ONE, Wish::There, usize::MAX);
        world.check_there(ONE);
        assert!(!world.lets_in(7) && !world.lets_in(8));
    }
}

#[test]
fn an_account_dropped_by_hand_is_made_again() {
    let mut world = complete(MARIADB, ONE);
    world.server = None;
    let way = world.with_seen(ONE, |seen| toward(&owner(), seen));
    assert_eq!(way.expect("no conflict").notes, [Note::GoneFromServer]);
    survives_every_cut(&world, ONE, Wish::There);
}

#[test]
fn a_new_replica_gets_the_account_with_a_new_password() {
    for flavor in FLAVORS {
        survives_every_cut(&complete(flavor, ONE), TWO, Wish::There);
    }
}

#[test]
fn an_account_of_another_hand_is_a_conflict_and_is_never_ended() {
    let foreign =
        Server { secret: 1, old: None, changed: 1, generation: None, locked: false, granted: true };
    let mut world = World::new(MYSQL);
    world.server = Some(foreign);
    let assets = ["orders-prod"];
    assert_eq!(world.with_seen(&assets, |seen| toward(&owner(), seen)), Err(Conflict::OnServer));
    assert_eq!(world.with_seen(&assets, |seen| away(&owner(), seen)), Way::default());

    let mut world = World::new(MYSQL);
    let by_hand = AssetAccount {
        id: Uuid::from_u128(9),
        secret: 1,
        ours: false,
        state: HandoverState::Done,
        generation: 1,
        changed: None,
        locked_before: false,
    };
    world.assets.insert("orders-prod".to_owned(), by_hand);
    let conflict = Conflict::OnAsset { asset: "orders-prod".to_owned() };
    assert_eq!(world.with_seen(&assets, |seen| toward(&owner(), seen)), Err(conflict));
    assert_eq!(world.with_seen(&assets, |seen| away(&owner(), seen)), Way::default());
}

#[test]
fn a_lock_of_another_hand_stays() {
    let mut world = complete(MYSQL, &["orders-prod"]);
    world.server.as_mut().expect("an account").locked = true;
    let way =
        world.with_seen(&["orders-prod"], |seen| toward(&owner(), seen)).expect("no conflict");
    assert_eq!(way, Way { steps: vec![Step::Grants], notes: vec![Note::Locked], ..Way::default() });
}

#[test]
fn a_lock_of_another_hand_stays_through_an_ending_that_is_turned_around() {
    for flavor in FLAVORS {
        let mut start = complete(flavor, TWO);
        start.server.as_mut().expect("an account").locked = true;
        let steps = start.clone().run(TWO, Wish::Gone, usize::MAX);
        for cut in 0..=steps {
            let mut world = start.clone();
            world.run(TWO, Wish::Gone, cut);
            let dropped = world.server.is_none();
            for _ in 0..2 {
                let way = world.with_seen(TWO, |seen| toward(&owner(), seen)).expect("no conflict");
                assert_eq!(way.notes.contains(&Note::Locked), !dropped, "{cut}: {way:?}");
                world.run(TWO, Wish::There, usize::MAX);
                let server = world.server.as_ref().expect("an account");
                assert_eq!(server.locked, !dropped, "{cut}");
            }
        }
    }
}

#[test]
fn of_an_account_that_is_kept_as_a_definer_no_more_is_revoked() {
    let assets = ["orders-prod"];
    let mut world = complete(MYSQL, &assets);
    let steps = |world: &World| world.with_seen(&assets, |seen| away(&owner(), seen)).steps;
    assert!(steps(&world).contains(&Step::RevokeAll));
    let sent = steps(&world).iter().position(|step| *step == Step::Drop).expect("a drop");
    world.run(&assets, Wish::Gone, sent);
    assert_eq!(steps(&world)[..2], [Step::KillSessions, Step::Drop]);
}

#[test]
fn sessions_of_before_a_cut_are_ended() {
    let assets = ["orders-prod"];
    let ends = |state: HandoverState| {
        let mut world = complete(MYSQL, &assets);
        world.assets.get_mut("orders-prod").expect("an account").state = state;
        let way = world.with_seen(&assets, |seen| toward(&owner(), seen)).expect("no conflict");
        (way.ends_sessions, way.steps.contains(&Step::SetPassword))
    };
    assert_eq!(ends(HandoverState::Done), (false, false));
    assert_eq!(ends(HandoverState::Narrowing), (true, false));
    assert_eq!(ends(HandoverState::Pending), (true, true));
    assert_eq!(ends(HandoverState::Rotating), (true, false));
    assert_eq!(ends(HandoverState::Ending), (true, true));
}
