//! Tests of the whole: commands, and real servers.

mod action;
mod apply;
mod check;
mod comment;
mod jumpserver;
mod mysql;
mod pull_request;
#[path = "../support/mod.rs"]
mod support;
