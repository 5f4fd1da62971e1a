//! Aurix joins a paid click with the chat that follows it. Five layers, imports point down only: `http`, `worker`, `cli`; `admission`, `clicks`,
//! `conversations`, `chats`, `deliveries`, `projects`, `maintenance`, `moves`; `store`, `channels`, `agent`, `outbound`; `db`, `net`; `domain`.

pub mod accounts;
pub mod admission;
pub mod agent;
pub mod attention;
pub mod cache;
pub mod certificates;
pub mod channels;
pub mod chats;
pub mod cli;
pub mod clicks;
pub mod config;
pub mod conversations;
pub mod core;
pub mod counts;
pub mod db;
pub mod deliveries;
pub mod demo;
pub mod doctor;
pub mod domain;
pub mod engines;
pub mod http;
pub mod llm;
pub mod mails;
pub mod maintenance;
pub mod metrics;
pub mod moves;
pub mod net;
pub mod notifier;
pub mod outbound;
pub mod projects;
pub mod readiness;
pub mod serve;
pub mod smtp;
pub mod store;
pub mod traces;

pub mod worker;
