//! `jumpgate audit` on a planted mess: it finds every fault, and invents none.

mod doors;
mod mess;
