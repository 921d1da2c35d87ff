//! The sandbox as a process of its own.
fn main() {}
