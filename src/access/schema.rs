//! The JSON schemas of the files: what an editor offers and checks while people write.
//!
//! A schema knows one file, so it cannot know names of other files or the meaning of a
//! text; `check` does. It never refuses what `check` takes.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::files::{
    ConfigFile, InstanceFile, NotifyFile, PersonFile, PolicyFile, RequestFile, ServersFile,
    TeamFile,
};
use super::settings::ACTIONS;
use crate::mysql::privilege::Privilege;

/// A kind of file, with its schema.
#[derive(Debug, Clone, Copy)]
pub struct FileKind {
    /// The name of the schema.
    pub name: &'static str,
    /// Which files it is for.
    pub files: &'static str,
    generate: fn(SchemaGenerator) -> Schema,
}

/// All kinds of files.
pub const FILES: [FileKind; 8] = [
    FileKind {
        name: "config",
        files: "jumpgate.yaml",
        generate: SchemaGenerator::into_root_schema_for::<ConfigFile>,
    },
    FileKind {
        name: "policy",
        files: "policy.yaml",
        generate: SchemaGenerator::into_root_schema_for::<PolicyFile>,
    },
    FileKind {
        name: "instance",
        files: "inventory/databases/*.yaml",
        generate: SchemaGenerator::into_root_schema_for::<InstanceFile>,
    },
    FileKind {
        name: "servers",
        files: "inventory/servers.yaml",
        generate: SchemaGenerator::into_root_schema_for::<ServersFile>,
    },
    FileKind {
        name: "person",
        files: "people/*.yaml",
        generate: SchemaGenerator::into_root_schema_for::<PersonFile>,
    },
    FileKind {
        name: "team",
        files: "teams/*.yaml",
        generate: SchemaGenerator::into_root_schema_for::<TeamFile>,
    },
    FileKind {
        name: "request",
        files: "requests/**/*.yaml",
        generate: SchemaGenerator::into_root_schema_for::<RequestFile>,
    },
    FileKind {
        name: "notify",
        files: "notify.yaml",
        generate: SchemaGenerator::into_root_schema_for::<NotifyFile>,
    },
];

impl FileKind {
    /// Its schema (draft 2020-12).
    pub fn schema(&self) -> Schema {
        let settings = SchemaSettings::draft2020_12().with_transform(NoNulls);
        let mut schema = (self.generate)(settings.into_generator());
        schema.insert("title".to_owned(), self.files.into());
        schema
    }
}

/// A key may be left out, but never stand without a value.
#[derive(Debug, Clone)]
struct NoNulls;

impl Transform for NoNulls {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        if schema.get("default") == Some(&Value::Null) {
            schema.remove("default");
        }
        if let Some(Value::Array(kinds)) = schema.get_mut("type") {
            kinds.retain(|kind| kind != "null");
            if let [kind] = kinds.as_slice() {
                let kind = kind.clone();
                schema.insert("type".to_owned(), kind);
            }
        }
        let null = serde_json::json!({ "type": "null" });
        if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
            choices.retain(|choice| *choice != null);
            if let [Value::Object(choice)] = choices.as_slice() {
                let choice = choice.clone();
                schema.remove("anyOf");
                for (key, value) in choice {
                    // What the key says of itself stands before what its kind says.
                    if schema.get(&key).is_none() {
                        schema.insert(key, value);
                    }
                }
            }
        }
    }
}

/// One text, or a list of texts.
pub(super) struct OneOrMany;

/// One end of a period.
pub(super) struct Edge;

/// The whole path of a node.
pub(super) struct NodePath;

/// An action of JumpServer.
pub(super) struct ActionWord;

/// The privileges of a level.
pub(super) struct Privileges;

/// What becomes of open sessions.
pub(super) struct OnEnd;

macro_rules! inline {
    ($($type:ident => $schema:expr;)*) => {$(
        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    )*};
}

inline! {
    OneOrMany => json_schema!({
        "anyOf": [
            { "type": "string" },
            { "type": "array", "items": { "type": "string" }, "minItems": 1, "uniqueItems": true },
        ],
    });
    Edge => json_schema!({
        "type": "string",
        "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2}|T[0-9]{2}:[0-9]{2}(:00)?(Z|[+-][0-9]{2}:[0-9]{2}))?$",
    });
    NodePath => json_schema!({ "type": "string", "pattern": "^/[^/]" });
    ActionWord => json_schema!({ "type": "string", "enum": ACTIONS });
    OnEnd => json_schema!({
        "type": "string",
        "pattern": "^ *(report|disconnect( +after +[0-9]{1,4}[mh])?) *$",
    });
    // Any case is read; the list is what an editor offers.
    Privileges => {
        let all: Vec<_> = Privilege::ALL.iter().map(|privilege| privilege.sql()).collect();
        json_schema!({
            "type": "array",
            "items": { "anyOf": [{ "enum": all }, { "type": "string" }] },
            "minItems": 1,
            "uniqueItems": true,
        })
    };
}
