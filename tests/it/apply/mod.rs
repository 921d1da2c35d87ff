//! `jumpgate plan` and `jumpgate apply` on real database servers and the sandbox.

mod aliases;
mod clocks;
mod corrected;
mod databases;
mod definers;
mod files;
mod gates;
mod hosts;
mod made_users;
mod moved;
mod organizations;
mod refused;
mod together;
mod unread;

use crate::support::company::{Company, Done};

/// The login of [`apply_with_few_rights`].
const LOGIN: &str = "applies";
const PASSWORD: &str = "Tool-pass.1";

/// Applies with a login that has the rights that it needs, and no others.
async fn apply_with_few_rights(company: &Company) -> Done {
    let mut command = company.command(&["apply", "--yes", "--allow-removals", "9"]);
    command.env("JUMPGATE_MYSQL_USER", LOGIN).env("JUMPGATE_MYSQL_PASSWORD", PASSWORD);
    let output = tokio::task::spawn_blocking(move || command.output());
    Done::of(output.await.expect("it ends").expect("the command runs"))
}
