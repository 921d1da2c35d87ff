//! Which pull request of which forge a command is about.

use crate::forge::{Kind, Known};

/// The flags that name a pull request; in CI none is needed.
#[derive(Debug, clap::Args)]
pub(super) struct ForgeArgs {
    /// The kind of forge; in CI it is found by itself.
    #[arg(long, value_enum)]
    forge: Option<Kind>,
    /// The address of the forge's API, such as https://api.github.com.
    #[arg(long, value_name = "URL")]
    api: Option<String>,
    /// The repository, as owner/name.
    #[arg(long, value_name = "REPOSITORY")]
    repository: Option<String>,
    /// The number of the pull request.
    #[arg(long, value_name = "NUMBER")]
    number: Option<u64>,
}

impl ForgeArgs {
    /// What the flags say.
    pub(super) fn known(&self) -> Known {
        Known {
            kind: self.forge,
            api: self.api.clone(),
            repository: self.repository.clone(),
            number: self.number,
        }
    }
}
