//! The client against JumpServer.

mod target;

mod reading;
