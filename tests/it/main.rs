//! Tests of the whole: commands, and real servers.

mod action;
mod apply;
mod approvals;
mod audit;
mod canary;
mod check;
mod comment;
mod dead_targets;
mod docs;
mod edit;
mod explain;
mod faults;
mod half_answers;
mod hostile;
mod html;
mod init;
mod jumpserver;
mod mysql;
mod open_sessions;
mod pull_request;
mod request;
mod rotate;
mod schema;
#[path = "../support/mod.rs"]
mod support;
mod who;
mod workflows;
