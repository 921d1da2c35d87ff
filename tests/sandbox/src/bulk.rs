//! What every collection does alike: lists of objects in one request, and DELETE by
//! filter.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::errors::{Invalid, Outcome, Reply};
use crate::http::Request;
use crate::state::State;

/// POST of one object or of a list of them.
///
/// `write` must check before it changes anything. A list is all or nothing: with any bad
/// object the answer is an array with `{}` for the good ones, and nothing is kept.
pub(crate) fn create(
    state: &mut State,
    request: &Request,
    mut write: impl FnMut(&mut State, &Value) -> Result<Value, Invalid>,
) -> Outcome {
    match request.call.json()? {
        Value::Array(items) => {
            let mut made = Vec::with_capacity(items.len());
            for item in &items {
                made.push(write(state, item).map_err(Invalid::reply)?);
            }
            Ok(Reply::json(201, Value::Array(made)))
        }
        one => Ok(Reply::json(201, write(state, &one).map_err(Invalid::reply)?)),
    }
}

/// Checks every object of a list, then lets `write` carry them out.
///
/// `check` sees the state before any of them; it gives what `write` takes.
pub(crate) fn create_checked<D>(
    state: &mut State,
    request: &Request,
    mut check: impl FnMut(&State, &Value) -> Result<D, Invalid>,
    mut write: impl FnMut(&mut State, D) -> Value,
    clash: impl Fn(&[D]) -> bool,
) -> Outcome {
    let body = request.call.json()?;
    let Value::Array(items) = body else {
        let draft = check(state, &body).map_err(Invalid::reply)?;
        return Ok(Reply::json(201, write(state, draft)));
    };
    let drafts = check_all(&items, |item| check(state, item))?;
    if clash(&drafts) {
        return Err(crate::errors::internal());
    }
    let made: Vec<Value> = drafts.into_iter().map(|draft| write(state, draft)).collect();
    Ok(Reply::json(201, Value::Array(made)))
}

/// PATCH or PUT of a list of objects with ids.
pub(crate) fn update_checked<D>(
    state: &mut State,
    request: &Request,
    class: &str,
    mut find: impl FnMut(&State, Uuid) -> bool,
    mut check: impl FnMut(&State, &Value, Uuid) -> Result<D, Invalid>,
    mut write: impl FnMut(&mut State, Uuid, D) -> Value,
) -> Outcome {
    let Value::Array(items) = request.call.json()? else {
        return Err(Reply::json(
            400,
            json!({"non_field_errors": ["Expected a list of items but got type \"dict\"."]}),
        ));
    };
    let mut errors = Vec::with_capacity(items.len());
    let mut drafts = Vec::with_capacity(items.len());
    let mut failed = false;
    for item in &items {
        let id = item.get("id").or_else(|| item.get("pk"));
        let error = match id.and_then(Value::as_str).map(str::parse::<Uuid>) {
            None => Some(json!(["id or pk not in data"])),
            Some(Ok(id)) if find(state, id) => match check(state, item, id) {
                Ok(draft) => {
                    drafts.push((id, draft));
                    None
                }
                Err(Invalid::Fields(fields)) => Some(Value::Object(fields)),
                Err(Invalid::Reply(reply)) => return Err(reply),
            },
            Some(_) => Some(json!(format!("{class} matching query does not exist."))),
        };
        failed |= error.is_some();
        errors.push(error.unwrap_or_else(|| Value::Object(Map::new())));
    }
    if failed {
        return Err(Reply::json(400, Value::Array(errors)));
    }
    let changed: Vec<Value> =
        drafts.into_iter().map(|(id, draft)| write(state, id, draft)).collect();
    Ok(Reply::ok(Value::Array(changed)))
}

fn check_all<D>(
    items: &[Value],
    mut check: impl FnMut(&Value) -> Result<D, Invalid>,
) -> Result<Vec<D>, Reply> {
    let mut errors = Vec::with_capacity(items.len());
    let mut drafts = Vec::with_capacity(items.len());
    let mut failed = false;
    for item in items {
        match check(item) {
            Ok(draft) => {
                drafts.push(draft);
                errors.push(Value::Object(Map::new()));
            }
            Err(Invalid::Fields(fields)) => {
                failed = true;
                errors.push(Value::Object(fields));
            }
            Err(Invalid::Reply(reply)) => return Err(reply),
        }
    }
    if failed {
        return Err(Reply::json(400, Value::Array(errors)));
    }
    Ok(drafts)
}

/// May a DELETE on a collection go on? With `spm` always; else when the filter leaves
/// exactly one row, or fewer rows than there are. The refusal has no body.
pub(crate) fn allow_delete(request: &Request, left: usize, total: usize) -> Result<(), Reply> {
    if request.call.param("spm").is_some() || left == 1 || left < total {
        Ok(())
    } else {
        Err(Reply::empty(400))
    }
}

/// Which ids a list is cut down to: `ids=a,b`, `id=a` and `spm=` together.
#[derive(Debug, Default)]
pub(crate) struct IdFilter {
    lists: Vec<Vec<String>>,
}

impl IdFilter {
    /// Reads the parameters; an unknown `spm` leaves nothing.
    pub(crate) fn of(state: &State, request: &Request) -> IdFilter {
        let call = request.call;
        let mut lists = Vec::new();
        if let Some(ids) = call.param("ids") {
            lists.push(ids.split(',').map(|id| id.trim().to_owned()).collect());
        }
        if let Some(id) = call.param("id") {
            lists.push(vec![id.trim().to_owned()]);
        }
        if let Some(spm) = call.param("spm") {
            lists.push(state.caches.get(spm).cloned().unwrap_or_default());
        }
        for list in &mut lists {
            let list: &mut Vec<String> = list;
            list.sort();
        }
        IdFilter { lists }
    }

    /// Is this id left?
    pub(crate) fn keeps(&self, id: &str) -> bool {
        self.lists.iter().all(|list| list.binary_search_by(|known| known.as_str().cmp(id)).is_ok())
    }

    /// [`IdFilter::keeps`] of a UUID.
    pub(crate) fn keeps_id(&self, id: Uuid) -> bool {
        self.lists.is_empty() || self.keeps(&id.to_string())
    }
}

/// `common/resources/cache/`: stores a list of ids under a short name.
pub(crate) fn cache(state: &mut State, request: &Request) -> Outcome {
    if request.call.method != "POST" {
        return Err(crate::errors::method_not_allowed(&request.call.method));
    }
    let body = request.call.json()?;
    let ids = body
        .get("resources")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(crate::fields::id_text)
        .collect();
    let name = Uuid::new_v4().to_string();
    state.caches.insert(name.clone(), ids);
    Ok(Reply::ok(json!({"spm": name})))
}
