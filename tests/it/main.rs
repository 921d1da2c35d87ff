//! Tests of the whole: commands, and real servers.

mod apply;
mod check;
mod jumpserver;
mod mysql;
#[path = "../support/mod.rs"]
mod support;
