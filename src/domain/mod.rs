//! Layer 1: the words of the product as types. Pure: no clock, no randomness, no network, no database.

pub mod account;
pub mod actor;
pub mod attribution;
pub mod audit;
pub mod channel;
pub(crate) mod closed_set;
pub mod correlation;
pub mod delivery;
pub mod event;
pub mod form;
pub mod ids;
pub mod iso_date;
pub mod lead;
pub mod origin;
pub mod phone;
pub mod random;
pub mod rate_limit;
pub mod rates;
pub mod retention;
pub mod retry;
pub mod seal;
pub mod signature;
pub mod text;
pub mod time;
pub mod visitor;
pub mod widget;
