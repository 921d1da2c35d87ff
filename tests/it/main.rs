//! Tests of the whole: commands, and real servers.

mod action;
mod apply;
mod audit;
mod check;
mod comment;
mod edit;
mod explain;
mod faults;
mod init;
mod jumpserver;
mod mysql;
mod pull_request;
mod schema;
#[path = "../support/mod.rs"]
mod support;
mod who;
