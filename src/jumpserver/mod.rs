//! JumpServer: the objects that matter here, and the client that reads and writes them.

pub mod spec;
