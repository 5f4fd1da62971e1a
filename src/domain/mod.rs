//! Floor 1: the words of the product as types. Pure: no clock, no randomness, no network, no database.

pub mod time;
