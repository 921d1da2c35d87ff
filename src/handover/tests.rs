//! Every state and every cut of the handover, on a model of both sides.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::*;
use crate::mark::Mark;
use crate::mysql::spec::{AccountName, Evidence, Held};

const USER: &str = "jump_db_fanlichun_r";

fn owner() -> Owner {
    "acme".parse().expect("an owner")
}

/// Both sides, as far as a handover can see and change them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct World {
    /// Whether the server keeps evidence in the account (MySQL) or not (MariaDB).
    evidence: bool,
    server: Option<Server>,
    /// By asset.
    assets: BTreeMap<String, AssetAccount>,
    /// Counts up with each password: secrets, generations and times come from it.
    clock: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Server {
    secret: i64,
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
}

impl World {
    fn new(evidence: bool) -> Self {
        Self { evidence, server: None, assets: BTreeMap::new(), clock: 100 }
    }

    fn seen_server(&self) -> Option<SeenAccount> {
        self.server.as_ref().map(|server| SeenAccount {
            name: AccountName { user: USER.to_owned(), host: "%".to_owned() },
            locked: server.locked,
            is_role: false,
            plugin: "caching_sha2_password".to_owned(),
            no_password: false,
            old_password: false,
            password_changed: Timestamp::from_second(server.changed).ok(),
            evidence: server.generation.map(|generation| Evidence {
                owner: "acme".to_owned(),
                generation: generation.to_string(),
            }),
            held: Held::default(),
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
                    ended: None,
                }),
                left: None,
            }),
            comment: String::new(),
        })
    }

    fn with_seen<T>(&self, assets: &[&str], f: impl FnOnce(&Seen<'_>) -> T) -> T {
        let server = self.seen_server();
        let accounts: Vec<_> = assets.iter().map(|asset| self.seen_asset(asset)).collect();
        f(&Seen {
            server: server.as_ref(),
            assets: assets.iter().copied().zip(accounts.iter().map(Option::as_ref)).collect(),
            former: Vec::new(),
        })
    }

    /// Carries out one step with this run's secret, which is also its generation.
    fn carry_out(&mut self, step: &Step, secret: i64) {
        match step {
            Step::StoreSecret { asset, account } => {
                let id = account.unwrap_or_else(|| Uuid::from_u128(self.assets.len() as u128 + 1));
                let state = HandoverState::Pending;
                let account = AssetAccount {
                    id,
                    secret,
                    ours: true,
                    state,
                    generation: secret,
                    changed: None,
                };
                self.assets.insert(asset.clone(), account);
            }
            Step::CreateAccount | Step::SetPassword => {
                let (locked, granted) =
                    self.server.as_ref().map_or((false, false), |s| (s.locked, s.granted));
                let generation = self.evidence.then_some(secret);
                let changed = 1_000 + secret;
                self.server = Some(Server { secret, changed, generation, locked, granted });
            }
            Step::Grants => self.server.as_mut().expect("an account").granted = true,
            Step::RevokeAll => self.server.as_mut().expect("an account").granted = false,
            Step::Lock => self.server.as_mut().expect("an account").locked = true,
            Step::Unlock => self.server.as_mut().expect("an account").locked = false,
            Step::DiscardOldPassword
            | Step::KillSessions
            | Step::LeaveSessions
            | Step::AwaitSessions => {}
            Step::Drop => self.server = None,
            Step::MarkDone { asset } => {
                let changed = self.server.as_ref().map(|server| server.changed);
                let account = self.assets.get_mut(asset).expect("an account");
                (account.state, account.changed) = (HandoverState::Done, changed);
            }
            Step::MarkNarrowing { asset, .. } => {
                self.assets.get_mut(asset).expect("an account").state = HandoverState::Narrowing;
            }
            Step::MarkEnding { asset, .. } => {
                self.assets.get_mut(asset).expect("an account").state = HandoverState::Ending;
            }
            Step::DeleteAssetAccount { asset, .. } => {
                self.assets.remove(asset);
            }
        }
    }

    /// One run toward (or away from) the account, cut after `cut` steps.
    fn run(&mut self, assets: &[&str], wanted: bool, cut: usize) -> usize {
        let way = self.with_seen(assets, |seen| {
            if wanted { toward(&owner(), seen).expect("no conflict") } else { away(&owner(), seen) }
        });
        self.clock += 1;
        let secret = self.clock;
        for step in way.steps.iter().take(cut) {
            let before = self.clone();
            self.carry_out(step, secret);
            self.check_step(&before, step);
        }
        way.steps.len()
    }

    /// What must hold after every single step.
    fn check_step(&self, before: &Self, step: &Step) {
        if let Some(server) = &self.server
            && before.server.as_ref().is_none_or(|old| old.secret != server.secret)
        {
            assert!(
                self.assets.values().all(|account| account.secret == server.secret),
                "{step:?}: the server has a password that JumpServer does not know"
            );
        }
        if self.server.is_some() {
            assert!(
                self.assets.values().any(|account| account.ours) || self.evidence,
                "{step:?}: an account without an owner"
            );
        }
    }

    fn check_there(&self, assets: &[&str]) {
        let server = self.server.as_ref().expect("the account on the server");
        assert!(server.granted && !server.locked);
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

/// From `start`, every run that is cut anywhere, twice, is made good by the next one.
fn survives_every_cut(start: &World, assets: &[&str], wanted: bool) {
    let steps = start.clone().run(assets, wanted, usize::MAX);
    for first in 0..=steps {
        let mut cut = start.clone();
        cut.run(assets, wanted, first);
        let again = cut.clone().run(assets, wanted, usize::MAX);
        for second in 0..=again {
            // What was cut can also be turned around by the next merge.
            for last in [wanted, !wanted] {
                let mut world = cut.clone();
                world.run(assets, wanted, second);
                world.run(assets, last, usize::MAX);
                if last {
                    world.check_there(assets);
                } else {
                    assert_eq!((&world.server, world.assets.len()), (&None, 0));
                }
                let settled = world.clone();
                world.run(assets, last, usize::MAX);
                world.clock = settled.clock;
                assert_eq!(world, settled, "a second run changes nothing");
            }
        }
    }
}

/// A world in which the account is there and complete.
fn complete(evidence: bool, assets: &[&str]) -> World {
    let mut world = World::new(evidence);
    world.run(assets, true, usize::MAX);
    world.check_there(assets);
    world
}

#[test]
fn o30_every_cut_of_a_first_grant_converges() {
    for evidence in [true, false] {
        for assets in [&["orders-prod"][..], &["orders-prod", "orders-replica"]] {
            survives_every_cut(&World::new(evidence), assets, true);
        }
    }
}

#[test]
fn o30_every_cut_of_an_end_converges() {
    for evidence in [true, false] {
        for assets in [&["orders-prod"][..], &["orders-prod", "orders-replica"]] {
            survives_every_cut(&complete(evidence, assets), assets, false);
        }
    }
}

#[test]
fn o17_a_complete_account_is_left_alone() {
    for evidence in [true, false] {
        let world = complete(evidence, &["orders-prod"]);
        let way = world.with_seen(&["orders-prod"], |seen| toward(&owner(), seen));
        assert_eq!(way, Ok(Way { steps: vec![Step::Grants], ..Way::default() }));
    }
}

#[test]
fn o17_a_password_changed_by_hand_is_replaced() {
    for evidence in [true, false] {
        let mut world = complete(evidence, &["orders-prod"]);
        let server = world.server.as_mut().expect("an account");
        (server.secret, server.changed) = (7, 7);
        let way = world.with_seen(&["orders-prod"], |seen| toward(&owner(), seen));
        assert_eq!(way.expect("no conflict").notes, [Note::PasswordChanged]);
        survives_every_cut(&world, &["orders-prod"], true);
    }
}

#[test]
fn an_account_dropped_by_hand_is_made_again() {
    let mut world = complete(false, &["orders-prod"]);
    world.server = None;
    let way = world.with_seen(&["orders-prod"], |seen| toward(&owner(), seen));
    assert_eq!(way.expect("no conflict").notes, [Note::GoneFromServer]);
    survives_every_cut(&world, &["orders-prod"], true);
}

#[test]
fn a_new_replica_gets_the_account_with_a_new_password() {
    let mut world = complete(true, &["orders-prod"]);
    let both = ["orders-prod", "orders-replica"];
    world.run(&both, true, usize::MAX);
    world.check_there(&both);
}

#[test]
fn an_account_of_another_hand_is_a_conflict_and_is_never_ended() {
    let foreign = Server { secret: 1, changed: 1, generation: None, locked: false, granted: true };
    let mut world = World::new(true);
    world.server = Some(foreign);
    let assets = ["orders-prod"];
    assert_eq!(world.with_seen(&assets, |seen| toward(&owner(), seen)), Err(Conflict::OnServer));
    assert_eq!(world.with_seen(&assets, |seen| away(&owner(), seen)), Way::default());

    let mut world = World::new(true);
    let by_hand = AssetAccount {
        id: Uuid::from_u128(9),
        secret: 1,
        ours: false,
        state: HandoverState::Done,
        generation: 1,
        changed: None,
    };
    world.assets.insert("orders-prod".to_owned(), by_hand);
    let conflict = Conflict::OnAsset { asset: "orders-prod".to_owned() };
    assert_eq!(world.with_seen(&assets, |seen| toward(&owner(), seen)), Err(conflict));
    assert_eq!(world.with_seen(&assets, |seen| away(&owner(), seen)), Way::default());
}

#[test]
fn a_lock_of_another_hand_stays() {
    let mut world = complete(true, &["orders-prod"]);
    world.server.as_mut().expect("an account").locked = true;
    let way =
        world.with_seen(&["orders-prod"], |seen| toward(&owner(), seen)).expect("no conflict");
    assert_eq!(way, Way { steps: vec![Step::Grants], notes: vec![Note::Locked], ..Way::default() });
}

#[test]
fn sessions_of_before_a_cut_are_ended() {
    let assets = ["orders-prod"];
    let ends = |state: HandoverState| {
        let mut world = complete(true, &assets);
        world.assets.get_mut("orders-prod").expect("an account").state = state;
        let way = world.with_seen(&assets, |seen| toward(&owner(), seen)).expect("no conflict");
        (way.ends_sessions, way.steps.contains(&Step::SetPassword))
    };
    assert_eq!(ends(HandoverState::Done), (false, false));
    assert_eq!(ends(HandoverState::Narrowing), (true, false));
    assert_eq!(ends(HandoverState::Pending), (true, true));
    assert_eq!(ends(HandoverState::Ending), (true, true));
}
