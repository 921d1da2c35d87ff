//! `jumpgate comment`.

use std::io::Read;
use std::path::PathBuf;

use super::forge::ForgeArgs;
use super::{Outcome, block_on, could_not_run};
use crate::credentials;
use crate::forge::{self, Client, Marker, Place, Posted};

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
        None => super::forge::me(&client, forge.as_ref(), place.kind).await?,
    };
    let posted = forge::post(&client, forge.as_ref(), &me, &marker, &text).await?;
    let what = match posted {
        Posted::Created => "written",
        Posted::Updated => "updated",
        Posted::Unchanged => "as it was",
    };
    Ok(format!("The comment on {} #{} is {what}.", place.repository, place.number))
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
