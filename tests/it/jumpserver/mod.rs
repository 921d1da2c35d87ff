//! The client against JumpServer.

mod target;

mod anchor;
mod answers;
mod connecting;
mod faults;
mod finding;
mod lease;
mod lost;
mod reading;
mod secrets;
mod sessions;
mod tls;
mod writing;
