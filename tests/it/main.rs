//! Tests of the whole: commands, and real servers.

mod action;
mod apply;
mod canary;
mod check;
mod comment;
mod explain;
mod faults;
mod jumpserver;
mod mysql;
mod pull_request;
mod rotate;
mod schema;
#[path = "../support/mod.rs"]
mod support;
mod who;
