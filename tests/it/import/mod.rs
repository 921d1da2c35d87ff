//! `jumpgate import` on a mess that grew for years.

mod adopted;
mod branch;
mod inventory;
mod mess;
