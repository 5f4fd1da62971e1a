//! Floor 1: the words of the product as types. Pure: no clock, no randomness, no network, no database.

pub mod ids;
pub mod random;
pub mod seal;
pub mod time;
