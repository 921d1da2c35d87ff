//! Access to servers and databases through git.

pub mod access;
pub mod cli;
pub mod desired;
pub mod diagnostic;
pub mod grants;
pub mod handover;
pub mod jumpserver;
pub mod mark;
pub mod mysql;
pub mod names;
pub mod naming;
pub mod observed;
pub mod period;
pub mod plan;
pub mod policy;
pub mod repo;
pub mod report;
pub mod yaml;
