//! `jumpgate comment`.

use std::io::Read;
use std::path::PathBuf;

use super::forge::ForgeArgs;
use super::{Outcome, block_on, could_not_run};
use crate::credentials;
use crate::forge::{self, Client, Kind, Marker, Place, Posted};

/// Who a job's own token at GitHub writes as: the API does not tell it.
const GITHUB_ACTIONS: &str = "github-actions[bot]";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file with the comment; `-` is standard input.
    #[arg(default_value = "-")]
    file: PathBuf,
    /// Which command's comment this is: each has its own.
    #[arg(long, value_name = "NAME", default_value = "plan")]
    command: String,
    /// Which access repo's comment this is, when a repository holds several.
    #[arg(long, value_name = "NAME", default_value = "default")]
    config: String,
    #[command(flatten)]
    forge: ForgeArgs,
    /// The login that the token writes as, when the forge does not tell it.
    #[arg(long = "as", value_name = "LOGIN")]
    login: Option<String>,
}

pub(super) fn run(args: &Args) -> Outcome {
    block_on(async {
        match comment(args).await {
            Ok(words) => {
                anstream::println!("{words}");
                Outcome::Done
            }
            Err(error) => could_not_run(&error),
        }
    })
}

async fn comment(args: &Args) -> anyhow::Result<String> {
    let environment = &credentials::environment;
    let Some(marker) = Marker::new(&args.command, &args.config) else {
        anyhow::bail!(
            "--command and --config are names of letters, digits, `.`, `_`, `/` and single `-`"
        );
    };
    let text = read(&args.file)?;
    let place = Place::find(args.forge.known(), environment)?;
    let forge = place.forge()?;
    let client = Client::new(&place.api, place.token(environment)?)?;
    let me = match &args.login {
        Some(login) => login.clone(),
        None => me(&client, forge.as_ref(), place.kind).await?,
    };
    let posted = forge::post(&client, forge.as_ref(), &me, &marker, &text).await?;
    let what = match posted {
        Posted::Created => "written",
        Posted::Updated => "updated",
        Posted::Unchanged => "as it was",
    };
    Ok(format!("The comment on {} #{} is {what}.", place.repository, place.number))
}

/// The login that the token writes as.
async fn me(client: &Client, forge: &dyn forge::Forge, kind: Kind) -> anyhow::Result<String> {
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

fn read(file: &std::path::Path) -> anyhow::Result<String> {
    let text = if file.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    let text =
        text.map_err(|error| anyhow::anyhow!("{} cannot be read: {error}", file.display()))?;
    if text.trim().is_empty() {
        anyhow::bail!("the comment is empty: give it as a file or on standard input");
    }
    Ok(text)
}
