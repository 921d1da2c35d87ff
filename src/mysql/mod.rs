//! MySQL and MariaDB: accounts, their grants, and the servers that hold them.

pub mod difference;
pub mod naming;
pub mod privilege;
pub mod spec;
