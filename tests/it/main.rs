//! Tests of the whole: commands, and real servers.

mod action;
mod apply;
mod check;
mod comment;
mod dead_targets;
mod explain;
mod faults;
mod half_answers;
mod jumpserver;
mod mysql;
mod pull_request;
mod schema;
#[path = "../support/mod.rs"]
mod support;
mod who;
