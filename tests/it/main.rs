//! The integration tests.

mod jumpserver;
