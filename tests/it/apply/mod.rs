//! `jumpgate plan` and `jumpgate apply` on real database servers and the sandbox.

mod databases;
mod hosts;
mod moved;
mod together;
mod unread;
