//! Tests of the whole: commands, and real servers.

mod action;
mod apply;
mod check;
mod comment;
mod explain;
mod faults;
mod jumpserver;
mod mysql;
mod open_sessions;
mod pull_request;
mod schema;
#[path = "../support/mod.rs"]
mod support;
mod who;
