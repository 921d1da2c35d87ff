//! Tests of the whole: commands, and real servers.

mod action;
mod adopt;
mod apply;
mod approvals;
mod ask;
mod audit;
mod canary;
mod check;
mod comment;
mod dead_targets;
mod docs;
mod drift;
mod edit;
mod explain;
mod faults;
mod half_answers;
mod hostile;
mod html;
mod import;
mod init;
mod jumpserver;
mod mysql;
mod notify;
mod open_sessions;
mod pull_request;
mod request;
mod review;
mod rotate;
mod schema;
#[path = "../support/mod.rs"]
mod support;
mod unused;
mod who;
mod workflows;
