//! Tests of the whole: commands, and real servers.

mod apply;
mod check;
mod explain;
mod faults;
mod jumpserver;
mod mysql;
mod schema;
#[path = "../support/mod.rs"]
mod support;
