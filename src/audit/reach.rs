//! Who may open what in JumpServer: every permission with the users and assets that it
//! really means, through groups and nodes.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use jiff::Timestamp;

use crate::access::model::{Access, Site};
use crate::grants::Offers;
use crate::jumpserver::everything::{Everything, User};
use crate::jumpserver::spec::{SeenAsset, SeenPermission};
use crate::names::PersonName;

/// The account text that opens every account that JumpServer holds for an asset.
pub const ALL: &str = "@ALL";

/// Account texts that let people in with what JumpServer does not hold.
pub const VIRTUAL: [&str; 3] = ["@ANON", "@INPUT", "@USER"];

/// Whether an account text lets people in with what JumpServer does not hold.
pub fn is_virtual(text: &str) -> bool {
    VIRTUAL.contains(&text)
}

/// Who may open what.
pub struct Reach<'a> {
    /// The id of the organization.
    pub organization: &'a str,
    /// The permissions that open something now or later: active, not ended, with accounts,
    /// actions, protocols, users and assets.
    pub ways: Vec<Way<'a>>,
    /// All users, by user name.
    pub users: BTreeMap<&'a str, &'a User>,
    people: HashMap<&'a str, &'a PersonName>,
    assets: HashMap<&'a str, &'a SeenAsset>,
    /// The user names of active accounts that JumpServer holds, by asset: a permission opens
    /// nothing else, whatever it names (tried on both versions).
    held: HashMap<&'a str, BTreeSet<&'a str>>,
    /// The assets of the access repo, each with its place there.
    repo: BTreeMap<&'a str, Site>,
    /// How many assets are in and below a node.
    below: HashMap<&'a str, usize>,
    /// Those of the repo among them.
    repo_below: HashMap<&'a str, BTreeSet<&'a str>>,
    /// Which ways name an asset, and which a node.
    by_asset: HashMap<&'a str, Vec<usize>>,
    by_node: HashMap<&'a str, Vec<usize>>,
    /// Whether `!name` takes an account away (4.10) or is a text like any other (3.10).
    excludes: bool,
    moment: Timestamp,
    /// The users that the same ways let in, for all accounts that they open: on an asset
    /// with many accounts these are the same again and again.
    known: RefCell<HashMap<Meeting, Names<'a>>>,
}

/// Names that many share.
pub type Names<'a> = Rc<BTreeSet<&'a str>>;

/// Ways that open an account, and ways that take it away.
type Meeting = (Vec<usize>, Vec<usize>);

/// A permission that opens something.
pub struct Way<'a> {
    /// The permission.
    pub seen: &'a SeenPermission,
    /// The users that it lets in, through groups too; disabled ones are not among them.
    pub users: Names<'a>,
    /// The assets of the access repo that it reaches.
    pub assets: Names<'a>,
}

impl<'a> Reach<'a> {
    /// Works out who may open what. What is over by the moment is left out.
    pub fn new(access: &'a Access, everything: &'a Everything, moment: Timestamp) -> Self {
        let offers = Offers::new(&access.servers);
        let mut repo: BTreeMap<&str, Site> = BTreeMap::new();
        let mut below: HashMap<&str, usize> = HashMap::new();
        let mut repo_below: HashMap<&str, BTreeSet<&str>> = HashMap::new();
        let databases: HashMap<&str, &Site> = access
            .instances
            .values()
            .map(|instance| (instance.asset.as_str(), &instance.site))
            .collect();
        for asset in &everything.assets {
            let name = asset.name.as_str();
            let offered = || {
                let named = offers.matching(name).into_iter().next();
                named.or_else(|| asset.nodes.iter().find_map(|node| offers.node(node)))
            };
            let site = match databases.get(name) {
                Some(site) => Some((*site).clone()),
                None => offered().map(|entry| entry.site.clone()),
            };
            let nodes: BTreeSet<&str> =
                asset.nodes.iter().flat_map(|node| with_parents(node)).collect();
            for node in nodes {
                *below.entry(node).or_default() += 1;
                if site.is_some() {
                    repo_below.entry(node).or_default().insert(name);
                }
            }
            if let Some(site) = site {
                repo.insert(name, site);
            }
        }
        let mut reach = Self {
            organization: &everything.organization.0,
            ways: Vec::new(),
            users: everything
                .users
                .iter()
                .map(|user| (user.seen.username.as_str(), user))
                .collect(),
            people: access
                .people
                .iter()
                .map(|(name, person)| (person.jumpserver.as_str(), name))
                .collect(),
            assets: everything.assets.iter().map(|asset| (asset.name.as_str(), asset)).collect(),
            held: HashMap::new(),
            repo,
            below,
            repo_below,
            by_asset: HashMap::new(),
            by_node: HashMap::new(),
            excludes: everything.excludes,
            moment,
            known: RefCell::default(),
        };
        for account in everything.accounts.iter().filter(|account| account.seen.active) {
            reach.held.entry(&account.seen.asset).or_default().insert(&account.seen.username);
        }
        reach.add_ways(everything);
        reach
    }

    fn add_ways(&mut self, everything: &'a Everything) {
        let mut groups: HashMap<&str, Vec<&str>> = HashMap::new();
        for user in everything.users.iter().filter(|user| user.seen.active) {
            for group in &user.seen.groups {
                groups.entry(group).or_default().push(&user.seen.username);
            }
        }
        // Many permissions mean the same people or the same places: each is worked out once.
        let mut people: HashMap<(&BTreeSet<String>, &BTreeSet<String>), Names<'a>> = HashMap::new();
        let mut places: HashMap<(&BTreeSet<String>, &BTreeSet<String>), Names<'a>> = HashMap::new();
        for seen in &everything.permissions {
            let spec = &seen.spec;
            let gives = spec.accounts.iter().any(|text| !text.starts_with('!') && text != "@SPEC");
            let stands = spec.active && spec.end > self.moment;
            if !gives || !stands || spec.actions.is_empty() || spec.protocols.is_empty() {
                continue;
            }
            let users = people.entry((&spec.users, &spec.groups)).or_insert_with(|| {
                let direct = spec.users.iter().filter_map(|name| {
                    let (name, user) = self.users.get_key_value(name.as_str())?;
                    user.seen.active.then_some(*name)
                });
                let grouped = spec.groups.iter().filter_map(|name| groups.get(name.as_str()));
                Rc::new(direct.chain(grouped.flatten().copied()).collect())
            });
            let any = spec.assets.iter().any(|name| self.assets.contains_key(name.as_str()))
                || spec.nodes.iter().any(|node| self.assets_below(node) > 0);
            if users.is_empty() || !any {
                continue;
            }
            let assets = places.entry((&spec.assets, &spec.nodes)).or_insert_with(|| {
                let named = spec.assets.iter().filter_map(|name| {
                    self.repo.get_key_value(name.as_str()).map(|(name, _)| *name)
                });
                let inside =
                    spec.nodes.iter().filter_map(|node| self.repo_below.get(node.as_str()));
                Rc::new(named.chain(inside.flatten().copied()).collect())
            });
            let (users, assets) = (Rc::clone(users), Rc::clone(assets));
            let place = self.ways.len();
            for asset in &spec.assets {
                self.by_asset.entry(asset).or_default().push(place);
            }
            for node in &spec.nodes {
                self.by_node.entry(node).or_default().push(place);
            }
            self.ways.push(Way { seen, users, assets });
        }
    }

    /// The person whose user this is.
    pub fn person(&self, user: &str) -> Option<&'a PersonName> {
        self.people.get(user).copied()
    }

    /// Where the access repo names an asset; none for others.
    pub fn site(&self, asset: &str) -> Option<&Site> {
        self.repo.get(asset)
    }

    /// An asset by its name.
    pub fn asset(&self, name: &str) -> Option<&'a SeenAsset> {
        self.assets.get(name).copied()
    }

    /// The user names of the active accounts that JumpServer holds for an asset.
    pub fn accounts_on(&self, asset: &str) -> impl Iterator<Item = &'a str> + use<'a, '_> {
        self.held.get(asset).into_iter().flatten().copied()
    }

    /// How many assets are in and below a node.
    pub fn assets_below(&self, node: &str) -> usize {
        self.below.get(node).copied().unwrap_or(0)
    }

    /// The ways that reach an asset, each once, directly or by a node at or above it.
    pub fn to_asset(&self, asset: &str) -> impl Iterator<Item = &Way<'a>> {
        self.places(asset).into_iter().filter_map(|place| self.ways.get(place))
    }

    /// The places in `ways` of those that reach an asset.
    fn places(&self, asset: &str) -> BTreeSet<usize> {
        let nodes = self.assets.get(asset).into_iter().flat_map(|asset| &asset.nodes);
        let nodes: BTreeSet<&str> = nodes.flat_map(|node| with_parents(node)).collect();
        let by_node = nodes.into_iter().filter_map(|node| self.by_node.get(node)).flatten();
        let named = self.by_asset.get(asset).into_iter().flatten();
        named.chain(by_node).copied().collect()
    }

    /// Whether a way opens an account of this user name today, by itself.
    pub fn opens(&self, way: &Way<'_>, account: &str) -> bool {
        let spec = &way.seen.spec;
        spec.start <= self.moment
            && (spec.accounts.contains(ALL) || spec.accounts.contains(account))
            && !self.excludes_account(way, account)
    }

    /// Whether a way takes the account away, from its users and in all permissions.
    fn excludes_account(&self, way: &Way<'_>, account: &str) -> bool {
        self.excludes
            && way.seen.spec.start <= self.moment
            && way.seen.spec.accounts.iter().any(|text| text.strip_prefix('!') == Some(account))
    }

    /// The users who may open an account on an asset today; nobody where JumpServer does not
    /// hold the account.
    pub fn users_of(&self, asset: &str, account: &str) -> Names<'a> {
        if !self.held.get(asset).is_some_and(|held| held.contains(account)) {
            return Names::default();
        }
        let (mut open, mut shut): Meeting = Default::default();
        for place in self.places(asset) {
            let Some(way) = self.ways.get(place) else { continue };
            if self.excludes_account(way, account) {
                shut.push(place);
            } else if self.opens(way, account) {
                open.push(place);
            }
        }
        let mut known = self.known.borrow_mut();
        let users = known.entry((open, shut)).or_insert_with_key(|(open, shut)| {
            let users = |places: &[usize]| -> BTreeSet<&'a str> {
                let ways = places.iter().filter_map(|place| self.ways.get(*place));
                ways.flat_map(|way| way.users.iter().copied()).collect()
            };
            Rc::new(users(open).difference(&users(shut)).copied().collect())
        });
        Rc::clone(users)
    }
}

/// A node and the nodes above it, by their paths.
pub(crate) fn with_parents(node: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(node), |path| match path.rfind('/') {
        Some(0) | None => None,
        Some(at) => Some(&path[..at]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_stands_below_all_its_parents() {
        let found: Vec<&str> = with_parents("/Default/pay/prod").collect();
        assert_eq!(found, ["/Default/pay/prod", "/Default/pay", "/Default"]);
    }
}
