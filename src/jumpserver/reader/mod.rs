//! Reads JumpServer: only GET requests, and complete answers or none.

mod accounts;
mod ask;
mod assets;
mod everything;
mod foreign;
mod members;
mod near;
mod organization;
mod permissions;
mod users;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures_util::future::{try_join, try_join3};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

pub use self::ask::Ask;
pub use self::organization::{Identity, Organization};

use self::members::Members;
use super::anchor;
use super::credentials::Credentials;
use super::error::{Error, ErrorKind};
use super::lease;
use super::page;
use super::row::{Named, NodeRow};
use super::spec::{Anchor, Live, Near, SeenNode, SeenPermission};
use super::transport::{Read, Settings};
use crate::names::Owner;

/// How often everything is read again because something changed in the middle.
const TRIES: usize = 3;

/// A connection that can read and nothing else.
#[derive(Clone)]
pub struct Reader {
    http: Read,
    organization: Organization,
    /// The other ones that the user may enter, without the view over all.
    others: Vec<Organization>,
    identity: Identity,
}

impl Reader {
    /// Connects: asks who the credentials are, finds the organization by its name or id,
    /// and makes sure that this one answers.
    ///
    /// # Errors
    /// When the server or the credentials do not work, or another organization answers
    /// (an unknown one is silently the default one for JumpServer).
    pub async fn connect(settings: &Settings, credentials: Credentials) -> Result<Self, Error> {
        let http = Read::new(settings, credentials)?;
        let (identity, known) = organization::identify(&http).await?;
        let (organization, others) =
            organization::resolve(&http, &settings.organization, &identity, known).await?;
        let http = http.within(organization.id);
        Ok(Self { http, organization, others, identity })
    }

    /// The organization that answers.
    pub fn organization(&self) -> &Organization {
        &self.organization
    }

    /// Whose credentials these are.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The server's time now, by the `Date` of its last answer; to about a second.
    pub fn clock(&self) -> Option<Timestamp> {
        Timestamp::now().checked_add(self.http.skew()?).ok()
    }

    /// The server's clock minus this machine's.
    pub fn skew(&self) -> Option<SignedDuration> {
        self.http.skew()
    }

    /// How many requests were sent, repeated ones too.
    pub fn requests(&self) -> u64 {
        self.http.requests()
    }

    /// Reads everything that was asked for. Sends only GET requests.
    ///
    /// # Errors
    /// When a request fails, or an answer stays incomplete or inconsistent: what comes is
    /// complete. The anchor proves the label: when it exists and the list by the label
    /// leaves it out, when it lost the label, or when it was written in another
    /// organization, nothing comes. So do permissions of the owner that name an asset or a
    /// node that no list has.
    pub async fn observe(&self, ask: &Ask) -> Result<Live, Error> {
        let mut last = None;
        for _ in 0..TRIES {
            match self.observe_once(ask).await {
                // Objects that came, moved or went away between two requests.
                Err(error)
                    if error.kind == ErrorKind::Incomplete
                        || (error.kind == ErrorKind::NotFound && error.code.is_some()) =>
                {
                    last = Some(error);
                }
                other => return other,
            }
        }
        Err(last.unwrap_or_else(|| {
            Error::new(ErrorKind::Incomplete, "JumpServer changed while it was read")
        }))
    }

    async fn observe_once(&self, ask: &Ask) -> Result<Live, Error> {
        // The anchor first: one that comes about later is no hole in the list.
        let anchor = self.anchor(&ask.owner).await?;
        let (nodes, rows, labelled) =
            try_join3(self.nodes(), self.permission_rows(ask), self.labelled_accounts(&ask.owner))
                .await?;
        let anchor_id = anchor::id(&ask.owner, self.organization.id);
        if anchor.is_some() && !rows.iter().any(|row| row.id == anchor_id) {
            return Err(anchor::not_listed(&ask.owner));
        }
        let (members, mut assets) =
            try_join(self.members(&rows), self.assets_asked(ask, &nodes)).await?;
        let ids = |pick: fn(&Members) -> &BTreeSet<Uuid>| -> BTreeSet<Uuid> {
            members.values().flat_map(|members| pick(members).iter().copied()).collect()
        };
        let (users, more) = try_join(
            self.users_asked(ask, &ids(|members| &members.users)),
            self.assets_by_id(&ids(|members| &members.assets), &assets.rows),
        )
        .await?;
        permissions::whole(&ask.owner, &rows, &members, &more, &nodes)?;
        let permissions = permissions::seen(&ask.owner, rows, &members, &users, &more, &nodes);

        let databases: BTreeMap<String, Uuid> = assets
            .rows
            .iter()
            .filter(|asset| ask.database_assets.contains(&asset.name))
            .map(|asset| (asset.name.clone(), asset.id))
            .collect();
        let (accounts, login_accounts) = try_join(
            self.database_accounts(ask, &databases, labelled),
            self.login_accounts(ask, &assets.homes),
        )
        .await?;
        let foreign = self.foreign(ask, &databases, &accounts).await?;

        let ours: BTreeSet<&String> = permissions
            .iter()
            // One asked for by its name may be adopted, with all that it has.
            .filter(|seen| seen.labelled || ask.permissions.contains(&seen.spec.name))
            .flat_map(|seen| &seen.spec.assets)
            .collect();
        assets.rows.extend(more.into_values().filter(|asset| ours.contains(&asset.name)));
        let permissions = self.without_own(ask, permissions);
        // The first apply makes it before anything else: it came about after it was read.
        let ours = permissions.values().any(|seen| seen.labelled)
            || accounts.iter().any(|account| account.labelled);
        if anchor.is_none() && ours && self.anchor(&ask.owner).await?.is_some() {
            return Err(Error::new(
                ErrorKind::Incomplete,
                "the first apply of this owner began while JumpServer was read",
            )
            .advise("run again when it has ended"));
        }
        let near = Near { users: users.near, assets: assets.near };
        Ok(Live {
            organization: (self.organization.id.to_string(), self.organization.name.clone()),
            users: users.seen,
            assets: assets.rows.into_iter().map(|asset| (asset.name.clone(), asset)).collect(),
            nodes: by_path(nodes),
            permissions,
            accounts: accounts.into_iter().map(|account| (account.id, account)).collect(),
            login_accounts,
            foreign,
            excludes: assets.excludes,
            anchor,
            near,
        })
    }

    /// The permissions without the anchor and the leases.
    fn without_own(
        &self,
        ask: &Ask,
        permissions: Vec<SeenPermission>,
    ) -> BTreeMap<Uuid, SeenPermission> {
        let anchor = anchor::id(&ask.owner, self.organization.id);
        permissions
            .into_iter()
            .filter(|seen| seen.id != anchor)
            .filter(|seen| !lease::is_lease(seen, &ask.owner, &self.organization))
            .map(|seen| (seen.id, seen))
            .collect()
    }

    /// All nodes: id and path.
    async fn nodes(&self) -> Result<HashMap<Uuid, String>, Error> {
        let rows: Vec<NodeRow> = page::NODES.all(&self.http, &[]).await?;
        Ok(rows.into_iter().map(|row| (row.id, row.full_value)).collect())
    }

    /// Reads the anchor of an owner; none before the first apply.
    ///
    /// # Errors
    /// When the request fails, or the anchor is not as apply left it.
    pub async fn anchor(&self, owner: &Owner) -> Result<Option<Anchor>, Error> {
        anchor::read(self, owner).await
    }

    /// The client, for what else lives in this module's parents.
    pub(in crate::jumpserver) fn http(&self) -> &Read {
        &self.http
    }

    /// The other organizations that the user may enter.
    pub(in crate::jumpserver) fn others(&self) -> &[Organization] {
        &self.others
    }
}

/// The nodes by their paths.
fn by_path(nodes: HashMap<Uuid, String>) -> BTreeMap<String, SeenNode> {
    let mut found: BTreeMap<String, SeenNode> = BTreeMap::new();
    for (id, path) in nodes {
        let seen = || SeenNode { ids: BTreeSet::new(), path: path.clone() };
        found.entry(path.clone()).or_insert_with(seen).ids.insert(id);
    }
    found
}

/// Ids in the form of the parameter `ids`, in bunches that fit into an address.
fn bunches(ids: &BTreeSet<Uuid>) -> Vec<String> {
    let ids: Vec<String> = ids.iter().map(Uuid::to_string).collect();
    ids.chunks(80).map(|bunch| bunch.join(",")).collect()
}

/// Whether one request for each of `names` costs more than the whole list of `rows`.
fn whole_is_cheaper(names: usize, rows: usize, row_cost: u64) -> bool {
    let each = u64::try_from(names).unwrap_or(u64::MAX).saturating_mul(page::REQUEST_COST);
    let whole = u64::try_from(rows).unwrap_or(u64::MAX).saturating_mul(row_cost);
    whole < each
}
