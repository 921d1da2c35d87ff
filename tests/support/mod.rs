//! What several tests need.

#![allow(dead_code, reason = "a tool box: each area of the tests takes what it needs")]

pub(crate) mod browser;
pub(crate) mod company;
pub(crate) mod crowd;
pub(crate) mod mess;
pub(crate) mod pages;
pub(crate) mod servers;
pub(crate) mod statements;
