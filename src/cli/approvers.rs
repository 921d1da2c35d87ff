//! Asks the forge who approved and merged what `who` and `why` found.

use std::collections::BTreeMap;
use std::path::Path;

use super::forge::At;
use super::{Outcome, could_not_run};
use crate::access::model::Access;
use crate::answers::{ByForge, Found, Merged};
use crate::forge::{self, Client, Place};
use crate::repo::Origin;
use crate::visible::clean;

/// Whether, and which forge is asked.
#[derive(Debug, clap::Args)]
pub(super) struct Approvers {
    /// Ask the forge too: the pull request, who approved it and who merged it.
    #[arg(long)]
    approvals: bool,
    #[command(flatten)]
    at: At,
    /// The remote whose address tells which forge it is.
    #[arg(long, value_name = "NAME", default_value = "origin")]
    remote: String,
}

impl Approvers {
    /// Whether the forge is asked: by the flag, or by one that says where it is.
    pub(super) fn wanted(&self) -> bool {
        self.approvals || self.at.is_given()
    }

    /// Adds to each grant what the forge tells of the pull request that brought it. What cannot
    /// be told stands in its place, and makes the outcome a part.
    pub(super) async fn ask(
        &self,
        access: &Access,
        dir: &Path,
        found: &mut [Found],
    ) -> Result<Outcome, Outcome> {
        let (place, client) =
            self.at.repository(dir, &self.remote).map_err(|error| could_not_run(&error))?;
        let mut known: BTreeMap<String, ByForge> = BTreeMap::new();
        let mut outcome = Outcome::Done;
        for grant in found {
            let Some(origin) = &grant.origin else { continue };
            if !known.contains_key(&origin.merge) {
                let told = told(access, &place, &client, origin).await;
                if let Err(error) = &told {
                    let commit = origin.merge.get(..12).unwrap_or(&origin.merge);
                    let why = clean(&error.to_string());
                    anstream::eprintln!("error: who approved commit {commit} is not known: {why}");
                    outcome = Outcome::InPart;
                }
                let told = match told {
                    Ok(pull_request) => ByForge { pull_request, unknown: None },
                    Err(error) => ByForge { pull_request: None, unknown: Some(error.to_string()) },
                };
                known.insert(origin.merge.clone(), told);
            }
            grant.forge = known.get(&origin.merge).cloned();
        }
        Ok(outcome)
    }
}

/// The merged pull request that brought a request, as the forge tells it.
async fn told(
    access: &Access,
    place: &Place,
    client: &Client,
    origin: &Origin,
) -> Result<Option<Merged>, forge::Error> {
    let named = origin.pull_request.as_deref();
    let Some(summary) = forge::brought(client, place, &origin.merge, named, None).await? else {
        return Ok(None);
    };
    let place = Place { number: summary.number, ..place.clone() };
    let found = forge::read_reviews(client, place.forge()?.as_ref()).await?;
    Ok(Some(Merged::of(access, &found)))
}
