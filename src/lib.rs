//! Access to servers and databases through git.

pub mod access;
pub mod answers;
pub mod apply;
pub mod cli;
pub mod credentials;
pub mod desired;
pub mod diagnostic;
pub mod effect;
pub mod forge;
pub mod grants;
pub mod handover;
pub mod jumpserver;
pub mod mark;
pub mod mysql;
pub mod names;
pub mod naming;
pub mod observe;
pub mod observed;
pub mod on_end;
pub mod period;
pub mod plan;
pub mod policy;
pub mod repo;
pub mod report;
pub mod yaml;
