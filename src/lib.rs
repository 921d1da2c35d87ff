//! Access to servers and databases through git.
//!
//! The way of the data, and where to look:
//!
//! ```text
//! repo ─► access ─► grants ─► desired ─┐
//!                     │                ├─► plan ─► report
//!        observe ─► observed ──────────┘     └───► apply ─► what happened
//! ```
//!
//! - [`repo`]: files of a folder or a git revision; who wrote and merged them.
//! - [`access`]: what people write, checked ([`yaml`], [`diagnostic`] for its errors);
//!   [`edit`] changes such files in place, [`request`] makes new ones from answers.
//! - [`adoption`]: what exists already and becomes a request's.
//! - [`grants`], [`policy`], [`desired`]: who may do what because of which request, whether
//!   policy allows it, and what the targets look like then ([`names`], [`naming`],
//!   [`period`], [`mark`]).
//! - [`observe`]: reads the targets with [`jumpserver`] and [`mysql`] into [`observed`].
//! - [`emergency`]: what was merged without the usual approvals and waits for one.
//! - [`plan`]: compares, orders, finds; [`handover`] is the way of a password between a
//!   database and JumpServer. [`effect`]: what a pull request changes over all time.
//! - [`notify`]: messages about what ends, what an apply did, and what waits for somebody.
//! - [`report`]: shows a plan, in every form. [`answers`]: who, and why; [`catalog`]: what
//!   there is. [`audit`]: what opens a door and did not come through git. [`drift`]: what another hand changed since the last
//!   apply. [`entries`]: one access of one person; [`usage`]: which of them nobody uses;
//!   [`review`]: lists of them to be answered.
//! - [`apply`]: carries a plan out. [`forge`]: pull requests. [`cli`]: the commands.
//!
//! Reading and writing happen in `repo`, `observe`, `jumpserver`, `mysql`, `apply`, `forge`
//! and `cli`; everything else takes data and a moment, and gives data.

pub mod access;
pub mod adoption;
pub mod answers;
pub mod apply;
pub mod approval;
pub mod asset_pattern;
pub mod audit;
pub mod catalog;
mod certificate;
pub mod cli;
pub mod credentials;
pub mod desired;
pub mod diagnostic;
pub mod drift;
pub mod edit;
pub mod effect;
pub mod emergency;
pub mod entries;
pub mod forge;
#[cfg(test)]
mod fuzz;
pub mod grants;
pub mod handover;
pub mod import;
pub mod init;
pub mod jumpserver;
mod kinds;
pub mod mark;
pub mod mysql;
pub mod names;
pub mod naming;
mod node_path;
pub mod notify;
pub mod observe;
pub mod observed;
pub mod on_end;
pub mod period;
pub mod plan;
mod plural;
pub mod policy;
pub mod repo;
pub mod report;
pub mod request;
pub mod review;
pub mod usage;
pub mod visible;
pub mod yaml;
