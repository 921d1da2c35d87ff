//! What was read of all targets for one plan.

use std::collections::BTreeMap;

use crate::jumpserver::spec::Live;
use crate::mysql;
use crate::names::InstanceName;

/// The live state of every target. Each is complete, or says why it could not be read:
/// half an answer cannot be compared.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    /// JumpServer. Without it there is no plan at all.
    pub jumpserver: Live,
    /// By instance that holds accounts (aliases hold none).
    pub instances: BTreeMap<InstanceName, Instance>,
}

/// One database server.
#[derive(Debug, Clone)]
pub enum Instance {
    /// It was read.
    Read(Box<mysql::live::Live>),
    /// It could not be read, with the reason in words.
    Unreadable(String),
    /// Another run holds its lock; who, in words.
    Held(String),
    /// It was left out on purpose: the plan is about other targets.
    NotAsked,
}

impl Instance {
    /// What was read, if it was.
    pub fn live(&self) -> Option<&mysql::live::Live> {
        match self {
            Self::Read(live) => Some(live),
            Self::Unreadable(_) | Self::Held(_) | Self::NotAsked => None,
        }
    }
}
