//! Labels: `name:value` texts on version 3, objects on version 4.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::Version;
use crate::dates;
use crate::errors::{self, Invalid, Outcome, Problems};
use crate::http::{Call, Request};
use crate::model::Label;
use crate::paging::{self, ID_AND_NAME};
use crate::state::{State, visible};

const MOST: usize = 64;

/// The labels of a request's object, checked; none when the field is left out.
pub(crate) fn read(state: &State, body: &Value) -> Result<Option<Vec<String>>, Invalid> {
    let items = match body.get("labels") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(items)) => items,
        Some(other) => {
            let mut problems = Problems::default();
            problems.add("labels", crate::fields::not_a_list(other));
            problems.finish()?;
            return Ok(None);
        }
    };
    let mut texts = Vec::with_capacity(items.len());
    for item in items {
        let text = read_one(state, item)?;
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    Ok(Some(texts))
}

fn read_one(state: &State, item: &Value) -> Result<String, Invalid> {
    let text = match item {
        Value::String(text) => text.clone(),
        Value::Object(object) => match (object.get("name"), object.get("value")) {
            (Some(Value::String(name)), Some(Value::String(value))) => format!("{name}:{value}"),
            _ => known(state, &crate::fields::id_text(item))?,
        },
        _ => return Err(errors::internal().into()),
    };
    let Some((name, value)) = text.split_once(':') else {
        // Version 3 fails; version 4 takes it for the id of a label.
        return match state.version {
            Version::V3 => Err(errors::internal().into()),
            Version::V4 => known(state, &text),
        };
    };
    let too_long = |part: &str| part.chars().count() > MOST;
    match state.version {
        Version::V3 if too_long(name) || too_long(value) => Err(errors::internal().into()),
        Version::V4 => {
            let mut inner = Problems::default();
            for (field, part) in [("name", name), ("value", value)] {
                if too_long(part) {
                    inner.add(
                        field,
                        format!("Ensure this field has no more than {MOST} characters."),
                    );
                } else if part.contains([':', ',']) {
                    inner.add(field, "Cannot contain \":,\"");
                }
            }
            match inner.finish() {
                Err(Invalid::Fields(fields)) => {
                    let mut problems = Problems::default();
                    problems.set("labels", Value::Object(fields));
                    problems.finish()?;
                    Ok(text)
                }
                _ => Ok(text),
            }
        }
        Version::V3 => Ok(text),
    }
}

fn known(state: &State, id: &str) -> Result<String, Invalid> {
    let label = id.parse::<Uuid>().ok().and_then(|id| state.labels.get(id));
    match label {
        Some(label) => Ok(label.text.clone()),
        None => {
            let mut problems = Problems::default();
            problems.add("labels", errors::invalid_pk(id));
            problems.finish()?;
            Ok(String::new())
        }
    }
}

/// The ids of labels, made where they are new.
pub(crate) fn ids(state: &mut State, org: Uuid, texts: &[String]) -> Vec<Uuid> {
    texts
        .iter()
        .map(|text| {
            if let Some(label) = state.labels.find(org, text) {
                return label.id;
            }
            let (name, value) = text.split_once(':').unwrap_or((text, ""));
            let label = Label {
                id: Uuid::new_v4(),
                org,
                name: name.to_owned(),
                value: value.to_owned(),
                text: text.clone(),
                date_created: state.stamp(),
            };
            let id = label.id;
            state.labels.insert(label);
            id
        })
        .collect()
}

/// Labels as an answer shows them.
pub(crate) fn write(state: &State, ids: &[Uuid]) -> Value {
    ids.iter()
        .filter_map(|id| state.labels.get(*id))
        .map(|label| match state.version {
            Version::V3 => json!(label.text),
            Version::V4 => json!({
                "id": label.id, "name": label.name, "value": label.value, "color": "",
            }),
        })
        .collect()
}

/// The filter `labels=name:value,...`: an object must have each.
#[derive(Debug)]
pub(crate) struct Filter(Option<Vec<Option<Uuid>>>);

impl Filter {
    pub(crate) fn of(state: &State, call: &Call, org: Uuid) -> Filter {
        Filter(call.param("labels").map(|texts| {
            texts
                .split(',')
                .map(|text| {
                    let text = text.trim();
                    state
                        .labels
                        .find(org, text)
                        .or_else(|| text.parse().ok().and_then(|id| state.labels.get(id)))
                        .or_else(|| state.labels.iter().find(|label| label.text == text))
                        .map(|label| label.id)
                })
                .collect()
        }))
    }

    pub(crate) fn keeps(&self, labels: &[Uuid]) -> bool {
        self.0.as_ref().is_none_or(|wanted| {
            wanted.iter().all(|wanted| wanted.is_some_and(|wanted| labels.contains(&wanted)))
        })
    }
}

/// `labels/labels/`.
pub(crate) fn list(state: &State, request: &Request) -> Outcome {
    request.caller.must("labels.view_label")?;
    if request.call.method != "GET" {
        return Err(errors::method_not_allowed(&request.call.method));
    }
    let mut rows: Vec<&Label> =
        state.labels.iter().filter(|label| visible(label.org, request.org)).collect();
    rows.sort_by(|a, b| a.text.cmp(&b.text));
    Ok(paging::list(request.call, &rows, ID_AND_NAME, |label| {
        let date = dates::write(label.date_created, &request.call.zone);
        json!({
            "id": label.id,
            "name": label.name,
            "value": label.value,
            "color": "",
            "res_count": uses(state, label.id),
            "org_id": label.org,
            "org_name": state.org_name(label.org),
            "date_created": date,
            "date_updated": date,
            "comment": "",
        })
    }))
}

fn uses(state: &State, id: Uuid) -> usize {
    let count = |mut labels: Box<dyn Iterator<Item = &Vec<Uuid>> + '_>| {
        let mut uses = 0;
        for labels in labels.by_ref() {
            uses += usize::from(labels.contains(&id));
        }
        uses
    };
    count(Box::new(state.users.iter().map(|row| &row.labels)))
        + count(Box::new(state.groups.iter().map(|row| &row.labels)))
        + count(Box::new(state.assets.iter().map(|row| &row.labels)))
        + count(Box::new(state.accounts.iter().map(|row| &row.labels)))
        + count(Box::new(state.permissions.iter().map(|row| &row.labels)))
}
