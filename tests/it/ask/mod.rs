//! What people ask before they ask for access: what there is, what they have, what a shell
//! offers at Tab.

mod catalog;
mod completions;
mod mine;
mod packaged;
