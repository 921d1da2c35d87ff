//! Tests of the whole: commands, and real servers.

mod action;
mod apply;
mod check;
mod comment;
mod docs;
mod explain;
mod faults;
mod hostile;
mod jumpserver;
mod mysql;
mod pull_request;
mod schema;
#[path = "../support/mod.rs"]
mod support;
mod who;
