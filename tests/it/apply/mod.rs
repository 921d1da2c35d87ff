//! `jumpgate plan` and `jumpgate apply` on real database servers and the sandbox.

mod databases;
mod hosts;
mod made_users;
mod moved;
mod refused;
mod together;
mod unread;
