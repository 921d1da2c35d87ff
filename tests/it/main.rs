//! Tests of the whole: commands, and real servers.

mod apply;
mod check;
mod faults;
mod jumpserver;
mod mysql;
#[path = "../support/mod.rs"]
mod support;
