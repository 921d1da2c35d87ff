//! `people/` and `teams/` as people write them.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{List, Text, value};
use crate::access::schema;

/// `people/NAME.yaml`: a person. The name of the file is the person's name in this repo:
/// lower-case letters, digits, `.`, `_` and `-`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::access) struct PersonFile {
    /// The name for people.
    #[schemars(with = "String", length(min = 1))]
    pub(in crate::access) name: Text,
    /// The e-mail address. Needed when `people.source` is `repo`.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>")]
    pub(in crate::access) email: Option<Text>,
    /// The user name in JumpServer. Default: the name of the file.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>")]
    pub(in crate::access) jumpserver: Option<Text>,
    /// The user's id in JumpServer. Written after a user was made anew there, when it is
    /// the same human, or beside a `jumpserver` that is corrected.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>", extend("format" = "uuid"))]
    pub(in crate::access) jumpserver_id: Option<Text>,
    /// The user name at the git forge.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<String>")]
    pub(in crate::access) forge: Option<Text>,
    /// The last day of the person: all access ends with it.
    #[serde(default, deserialize_with = "value")]
    #[schemars(with = "Option<schema::Edge>")]
    pub(in crate::access) left: Option<Text>,
}

/// `teams/NAME.yaml`: a team. Requests name it `team/NAME`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::access) struct TeamFile {
    /// The people, by the names of their files. A team has no teams in it.
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(in crate::access) members: List,
}
