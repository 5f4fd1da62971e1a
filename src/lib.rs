//! Aurix joins a paid click with the chat that follows it. The floors, from the ground up: `domain`; `db` and `net`;
//! `store`, `channels`, `agent` and `outbound`; `flows`; `http` and `worker`. Imports point down only.

pub mod agent;
pub mod app;
pub mod bench;
pub mod channels;
pub mod cli;
pub mod config;
pub mod db;
pub mod demo;
pub mod domain;
pub mod flows;
pub mod http;
pub mod net;
pub mod outbound;
pub mod serve;
pub mod store;
pub mod wake;
pub mod worker;
