//! A JumpServer-compatible server for the demo and the tests.
