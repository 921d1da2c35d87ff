//! Another organization than the one that is asked for.

use serde_json::{Value, json};

use super::cases::{PERMISSIONS, rows};
use super::files::configured;
use super::front::Turn;
use super::{Case, WHOLE, both};

/// The cases of organizations.
pub(super) const ORGANIZATIONS: &[Case] = &[
    Case {
        name: "an organization that is not there",
        folder: Some(|place| configured(place, "organization: Default", "organization: Ops")),
        codes: [1, 1],
        says: both(&["there is no organization Ops", "set jumpserver.organization to one of"]),
        ..WHOLE
    },
    Case {
        name: "another organization answers",
        twist: Some(|asked| match asked.place.as_str() {
            "orgs/orgs/current" => Turn::Edit(|answer| {
                answer["id"] = json!("00000000-0000-0000-0000-000000000009");
                answer["name"] = json!("Other");
            }),
            _ => Turn::Pass,
        }),
        codes: [1, 1],
        says: both(&["but Other", "answers", "give the user"]),
        ..WHOLE
    },
    Case {
        name: "a permission of another organization comes along",
        twist: Some(|asked| match asked.list(PERMISSIONS) {
            true => Turn::Edit(|answer| {
                let ours = |row: &&mut Value| !row["name"].to_string().contains("anchor");
                if let Some(row) = rows(answer).iter_mut().find(ours) {
                    row["org_id"] = json!("00000000-0000-0000-0000-000000000009");
                }
            }),
            false => Turn::Pass,
        }),
        codes: [1, 1],
        says: both(&["is of another organization"]),
        ..WHOLE
    },
];
