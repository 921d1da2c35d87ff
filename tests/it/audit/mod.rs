//! `jumpgate audit` on a planted mess: it finds every fault, and invents none; and
//! `who --live`, which counts every way in.

mod doors;
mod narrowed;
mod roles;
mod who;
