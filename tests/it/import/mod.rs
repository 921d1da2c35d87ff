//! `jumpgate import` on a mess that grew for years.

mod inventory;
mod mess;
