//! Which forge a command talks to.

use std::path::Path;

use crate::credentials;
use crate::forge::{self, Client, Error, Kind, Known};
use crate::repo;

/// Who a job's own token at GitHub writes as: the API does not tell it.
const GITHUB_ACTIONS: &str = "github-actions[bot]";

/// Where the forge is; most of it is found by itself.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct At {
    /// The kind of forge; in CI it is found by itself.
    #[arg(long, value_enum)]
    pub(super) forge: Option<Kind>,
    /// The address of the forge's API, such as https://api.github.com.
    #[arg(long, value_name = "URL")]
    pub(super) api: Option<String>,
    /// The repository, as owner/name.
    #[arg(long, value_name = "REPOSITORY")]
    pub(super) repository: Option<String>,
}

impl At {
    /// Whether a flag says where it is.
    pub(super) fn is_given(&self) -> bool {
        self.forge.is_some() || self.api.is_some() || self.repository.is_some()
    }

    /// What the flags say about a pull request.
    pub(super) fn known(&self, number: Option<u64>) -> Known {
        Known {
            kind: self.forge,
            api: self.api.clone(),
            repository: self.repository.clone(),
            number,
        }
    }

    /// The repository by the flags, the variables of a CI job, or the address of the remote;
    /// with a client for it.
    ///
    /// # Errors
    /// When something is missing, with the flag that says it, or no token is set.
    pub(super) fn repository(
        &self,
        dir: &Path,
        remote: &str,
    ) -> Result<(forge::Place, Client), Error> {
        let environment = &credentials::environment;
        let known = self.known(None);
        let place = forge::Place::repository(known.clone(), environment).or_else(|error| {
            let address = repo::command::remote_address(dir, remote).ok_or(error)?;
            let told = forge::of_remote(&address, known.kind);
            let known = Known {
                kind: known.kind.or(told.kind),
                api: known.api.or(told.api),
                repository: known.repository.or(told.repository),
                number: None,
            };
            forge::Place::repository(known, environment)
        })?;
        let client = Client::new(&place.api, place.token(environment)?)?;
        Ok((place, client))
    }
}

/// The flags that name a pull request; in CI none is needed.
#[derive(Debug, clap::Args)]
pub(super) struct ForgeArgs {
    #[command(flatten)]
    at: At,
    /// The number of the pull request.
    #[arg(long, value_name = "NUMBER")]
    number: Option<u64>,
}

impl ForgeArgs {
    /// What the flags say.
    pub(super) fn known(&self) -> Known {
        self.at.known(self.number)
    }
}

/// The login that the token writes as.
///
/// # Errors
/// When the forge does not tell, or does not answer.
pub(super) async fn me(
    client: &Client,
    forge: &dyn forge::Forge,
    kind: Kind,
) -> anyhow::Result<String> {
    let answer = client.send(forge, &forge.me()).await;
    match answer {
        Ok(answer) => match forge.login(&answer) {
            Some(login) => Ok(login),
            None => anyhow::bail!("the forge does not tell whose token this is: add --as LOGIN"),
        },
        // A job's token is no user's: GitHub answers 403, "Resource not accessible by
        // integration".
        Err(error) if kind == Kind::Github && error.status == Some(403) && !error.is_limit() => {
            Ok(GITHUB_ACTIONS.to_owned())
        }
        Err(error) => Err(error.into()),
    }
}
