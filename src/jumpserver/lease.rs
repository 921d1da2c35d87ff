//! The lease: who may write to JumpServer now.
//!
//! JumpServer has no locks. But making an object with an id that exists is refused, so of
//! two runs that make the lease with the next number one fails. A lease is an inactive,
//! empty permission whose end says how long it holds, by the server's clock. Its number
//! only grows: a lease that ended stays until a later one replaces it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::date;
use super::error::{Error, ErrorKind};
use super::page;
use super::placeholder;
use super::reader::{Organization, Reader};
use super::row::PermissionRow;
use super::spec::SeenPermission;
use super::writer::{PermissionPatch, Writer};
use crate::names::{Owner, Prefix};
use crate::naming;

/// How the lease's own line of the comment begins.
const LINE: &str = "jumpgate-lease/1 ";

/// The pause between two looks at a lease that someone else holds.
const LOOK: Duration = Duration::from_secs(2);

/// By how much the end on the server is later than the end that the holder goes by: the
/// server's clock is known to a second, and its dates have no parts of one.
const SLACK: Duration = Duration::from_secs(3);

/// For how long a lease holds, and how long to wait for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// A holder that dies is replaced after this long. It must be longer than a write may
    /// take.
    pub duration: Duration,
    /// How long to wait for another holder.
    pub wait: Duration,
}

impl Default for Terms {
    fn default() -> Self {
        Self { duration: Duration::from_secs(120), wait: Duration::ZERO }
    }
}

/// Who holds a lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The host name.
    pub host: String,
    /// The process id.
    pub process: u32,
    /// Since when.
    pub since: Timestamp,
    /// Tells two attempts of one process apart.
    nonce: Uuid,
}

/// A moment by both clocks of this machine: one stands still while the machine sleeps, and
/// the other may be set back.
#[derive(Debug, Clone, Copy)]
struct Moment {
    steady: Instant,
    wall: Timestamp,
}

impl Moment {
    fn now() -> Self {
        Self { steady: Instant::now(), wall: Timestamp::now() }
    }

    fn after(self, span: Duration) -> Self {
        let wall = self.wall.checked_add(span).unwrap_or(self.wall);
        Self { steady: self.steady + span, wall }
    }

    /// Whether by each clock there is more than `needed` until this moment.
    fn is_beyond(self, now: Self, needed: Duration) -> bool {
        let needed_at = now.after(needed);
        self.steady > needed_at.steady && self.wall > needed_at.wall
    }
}

/// Whether writing is still allowed, asked before every write.
#[derive(Debug)]
pub(crate) struct Guard {
    until: Mutex<Result<Moment, &'static str>>,
}

impl Guard {
    /// Whether the lease lasts longer than a request that may take `needed`.
    pub(super) fn check(&self, needed: Duration) -> Result<(), Error> {
        let why = match *self.until.lock().unwrap_or_else(PoisonError::into_inner) {
            Ok(until) if until.is_beyond(Moment::now(), needed) => return Ok(()),
            Ok(_) => "it could not be renewed in time",
            Err(why) => why,
        };
        Err(Error::new(
            ErrorKind::LeaseLost,
            format!("this run may no longer write to JumpServer: its lease is over, {why}"),
        )
        .advise("run again; what was done so far is taken up from there"))
    }

    fn extend(&self, until: Moment) {
        let mut state = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        if state.is_ok() {
            *state = Ok(until);
        }
    }

    fn end(&self, why: &'static str) {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = Err(why);
    }
}

/// The right to write, renewed in the background until it is released or dropped.
pub struct Lease {
    id: Uuid,
    number: u64,
    reader: Reader,
    /// Writes the lease itself, and nothing else.
    writer: Writer,
    guard: Arc<Guard>,
    renewer: JoinHandle<()>,
}

/// A lease found on the server.
struct Found {
    id: Uuid,
    number: u64,
    end: Timestamp,
    holder: Option<Holder>,
}

impl Lease {
    /// Takes the lease of an owner, waiting for another holder as long as the terms say.
    ///
    /// # Errors
    /// `Held` with the holder's host, process and start, when another run keeps it;
    /// `Settings` when the terms are too short, or the server does not tell its time.
    pub async fn take(
        reader: &Reader,
        owner: &Owner,
        prefix: &Prefix,
        terms: Terms,
    ) -> Result<Self, Error> {
        if terms.duration <= reader.http().limits().write {
            return Err(Error::new(
                ErrorKind::Settings,
                "a lease must last longer than one write may take",
            ));
        }
        let writer = Writer::unguarded(reader, owner, prefix);
        let patience = Instant::now() + terms.wait;
        loop {
            let found = find(reader, owner).await?;
            let now = server_now(reader)?;
            if let Some(live) = found.iter().find(|lease| lease.end > now) {
                if Instant::now() >= patience {
                    return Err(held(live));
                }
                let left = patience.saturating_duration_since(Instant::now());
                tokio::time::sleep(LOOK.min(left).max(Duration::from_millis(50))).await;
                continue;
            }
            let number = found.iter().map(|lease| lease.number).max().unwrap_or(0) + 1;
            let started = Moment::now();
            match make(&writer, reader, number, terms.duration).await {
                Ok(()) => {}
                // Another run made this number first: look again.
                Err(error) if matches!(error.kind, ErrorKind::Conflict | ErrorKind::Refused) => {
                    lost_race(reader, owner, number, error).await?;
                    continue;
                }
                Err(error) => return Err(error),
            }
            let id = lease_id(owner, reader.organization().id, number);
            let now = server_now(reader)?;
            let all = find(reader, owner).await?;
            let rival = all
                .iter()
                .any(|lease| lease.number > number || (lease.id != id && lease.end > now));
            if rival || !all.iter().any(|lease| lease.id == id) {
                writer.delete_permission(id).await?;
                continue;
            }
            for older in all.iter().filter(|lease| lease.number < number) {
                if let Err(error) = writer.delete_permission(older.id).await {
                    tracing::debug!(%error, "an old lease stays until the next run");
                }
            }
            let until = Mutex::new(Ok(started.after(terms.duration)));
            let guard = Arc::new(Guard { until });
            let renewer = tokio::spawn(renew(
                writer.guarded(Arc::clone(&guard)),
                reader.clone(),
                id,
                Arc::clone(&guard),
                terms.duration,
            ));
            return Ok(Self { id, number, reader: reader.clone(), writer, guard, renewer });
        }
    }

    /// A writer that works while this lease holds.
    pub fn writer(&self) -> Writer {
        self.writer.guarded(Arc::clone(&self.guard))
    }

    /// The number of this lease; it grows from one to the next.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Ends the lease, so that the next run need not wait.
    ///
    /// # Errors
    /// When the request fails; the lease then ends by itself.
    pub async fn release(self) -> Result<(), Error> {
        self.renewer.abort();
        self.guard.end("it was given back");
        let now = server_now(&self.reader)?;
        let end = now.checked_sub(SignedDuration::from_secs(60)).unwrap_or(now);
        let patch = PermissionPatch { end: Some(end), ..Default::default() };
        match self.writer.patch_permission(self.id, &patch).await {
            // A later run has taken it away already.
            Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.renewer.abort();
        self.guard.end("it was dropped");
    }
}

/// Whether a permission is a lease of this owner that gives nothing to anybody.
pub(super) fn is_lease(seen: &SeenPermission, owner: &Owner, organization: &Organization) -> bool {
    placeholder::gives_nothing(&seen.spec)
        && naming::lease_number(owner, &seen.spec.name)
            .is_some_and(|number| seen.id == lease_id(owner, organization.id, number))
}

fn lease_id(owner: &Owner, organization: Uuid, number: u64) -> Uuid {
    naming::lease_id(owner, &organization.to_string(), number)
}

/// The owner's leases, whatever their prefix was.
async fn find(reader: &Reader, owner: &Owner) -> Result<Vec<Found>, Error> {
    let rows: Vec<PermissionRow> =
        page::PERMISSIONS.all(reader.http(), &[("search", &naming::lease_infix(owner))]).await?;
    let organization = reader.organization().id;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            let number = naming::lease_number(owner, &row.name)?;
            (row.id == lease_id(owner, organization, number)).then(|| Found {
                id: row.id,
                number,
                end: row.date_expired,
                holder: parse(&row.comment),
            })
        })
        .collect())
}

async fn make(
    writer: &Writer,
    reader: &Reader,
    number: u64,
    duration: Duration,
) -> Result<(), Error> {
    let owner = writer.owner();
    let id = lease_id(owner, writer.organization().id, number);
    let now = server_now(reader)?;
    let holder = Holder {
        host: host_name(),
        process: std::process::id(),
        since: date::whole_seconds(now),
        nonce: Uuid::new_v4(),
    };
    // Plain data with string keys always has a JSON form.
    let json = serde_json::to_string(&holder).unwrap_or_default();
    let words = format!(
        "jumpgate is working: host {}, process {}, since {}. Nobody gets anything by this.",
        holder.host, holder.process, holder.since
    );
    let name = naming::lease(writer.prefix(), owner, number);
    let comment = placeholder::comment(owner, id, &words, &format!("{LINE}{json}"));
    let mut new = placeholder::permission(name, comment);
    new.spec.end = end(now, duration);
    writer.create_permission(id, &new).await
}

/// After a refused create: an error when no other lease explains it.
async fn lost_race(reader: &Reader, owner: &Owner, number: u64, error: Error) -> Result<(), Error> {
    if find(reader, owner).await?.iter().any(|lease| lease.number >= number) {
        Ok(())
    } else {
        Err(error)
    }
}

/// Renews the lease three times in its duration. The writer asks the guard before every
/// attempt: a renewal that arrives after the end could revive a lease that was replaced.
async fn renew(writer: Writer, reader: Reader, id: Uuid, guard: Arc<Guard>, duration: Duration) {
    let request = reader.http().limits().write;
    loop {
        tokio::time::sleep(duration / 3).await;
        loop {
            if guard.check(request).is_err() {
                guard.end("it could not be renewed in time");
                return;
            }
            let started = Moment::now();
            let end = server_now(&reader).map(|now| end(now, duration)).ok();
            let patch = PermissionPatch { end, ..Default::default() };
            match writer.patch_permission(id, &patch).await {
                Ok(()) => {
                    guard.extend(started.after(duration));
                    break;
                }
                Err(error) if error.kind == ErrorKind::NotFound => {
                    guard.end("another run replaced it");
                    return;
                }
                Err(error) => {
                    tracing::debug!(%error, "the lease was not renewed; trying again");
                    tokio::time::sleep(duration / 30).await;
                }
            }
        }
    }
}

/// The server's time: all holders and those who wait go by it.
fn server_now(reader: &Reader) -> Result<Timestamp, Error> {
    reader.clock().ok_or_else(|| {
        Error::new(
            ErrorKind::Settings,
            "JumpServer's answers have no Date header, so it is not known when a lease ends",
        )
        .advise("let the proxy before JumpServer pass the header")
    })
}

/// When a lease that begins now ends, for the server.
fn end(now: Timestamp, duration: Duration) -> Timestamp {
    now.checked_add(duration + SLACK).unwrap_or(now)
}

fn parse(comment: &str) -> Option<Holder> {
    let line = comment.lines().find_map(|line| line.trim().strip_prefix(LINE))?;
    serde_json::from_str(line).ok()
}

fn held(lease: &Found) -> Error {
    let who = match &lease.holder {
        Some(holder) => format!(
            "host {}, process {}, since {}",
            super::error::clip(&holder.host),
            holder.process,
            holder.since
        ),
        None => "its comment does not say who".to_owned(),
    };
    Error::new(
        ErrorKind::Held,
        format!("another run works on this JumpServer: {who}; its lease holds until {}", lease.end),
    )
    .advise("wait for it to end; when it died, its lease ends by itself")
}

fn host_name() -> String {
    let from_kernel = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    from_kernel
        .or_else(|| std::env::var("HOSTNAME").ok())
        .or_else(|| std::env::var("COMPUTERNAME").ok())
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "unknown".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guard_wants_time_for_the_request() {
        let in_a_minute = Moment::now().after(Duration::from_secs(60));
        let guard = Guard { until: Mutex::new(Ok(in_a_minute)) };
        assert!(guard.check(Duration::from_secs(30)).is_ok());
        let error = guard.check(Duration::from_secs(61)).expect_err("too short");
        assert_eq!(error.kind, ErrorKind::LeaseLost);
        guard.end("it was given back");
        guard.extend(Moment::now().after(Duration::from_secs(600)));
        assert!(guard.check(Duration::from_secs(1)).is_err());
    }

    #[test]
    fn a_machine_that_slept_may_not_go_on() {
        let secs = Duration::from_secs;
        let taken = Moment::now();
        let until = taken.after(secs(120));
        assert!(until.is_beyond(taken.after(secs(60)), secs(30)));
        // It slept: the steady clock stood still.
        let woken = Moment { wall: taken.wall + secs(3_600), ..taken.after(secs(1)) };
        assert!(!until.is_beyond(woken, secs(30)));
        // And a clock that is set back prolongs nothing.
        let back = Moment { wall: taken.wall - secs(3_600), ..taken.after(secs(100)) };
        assert!(!until.is_beyond(back, secs(30)));
    }
}
