//! The files as people write them: their keys, before any meaning.

mod config;
mod inventory;
mod notify;
mod people;
mod policy;
mod requests;

use serde::{Deserialize, Deserializer};

pub(super) use config::{ConfigFile, LoginPart, Source};
pub(super) use inventory::{InstanceFile, Mode, ServersFile, State, TlsPart};
pub(super) use notify::{ChannelPart, NotifyFile};
pub(super) use people::{PersonFile, TeamFile};
pub(super) use policy::{
    EmergencyPart, Exposed, LimitPart, PolicyFile, ProvenanceWord, Required, ScopeWord,
    SessionsPart,
};
pub(super) use requests::{AdoptsPart, DatabaseAsk, OneOrMany, RequestFile, ServerAsk};

use crate::yaml::Spanned;

pub(super) type Text = Spanned<String>;
pub(super) type Texts = Vec<Text>;
/// A list with its own place, for the error that it is empty.
pub(super) type List = Spanned<Texts>;

/// The value of a key that may be left out. A key without a value is an error: `until:`
/// must not mean "no end".
fn value<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}
