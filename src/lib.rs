//! Access to servers and databases through git.
