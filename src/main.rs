//! The `jumpgate` command.
fn main() {}
