//! `jumpgate import` on a mess that grew for years.

mod adopted;
mod inventory;
mod mess;
