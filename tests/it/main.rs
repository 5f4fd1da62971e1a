//! The integration tests: one binary. `support` has the test application and the scripted peers.

#[macro_use]
mod support;

mod agent;
mod audit;
mod cli;
mod click_spool;
mod clicks;
mod clock_steps;
mod connections;
mod console;
mod conversations;
mod deliveries;
mod entry_limits;
mod error_pages;
mod guards;
mod identity;
mod inbound;
mod large_calls;
mod late_messages;
mod lead_events;
mod limits;
mod local_dispatch;
mod malformed_requests;
mod net;
mod nodes;
mod partitions;
mod partner;
mod plans;
mod playground;
mod races;
mod readiness;
mod reliability;
mod reply_faults;
mod request_ids;
mod retention;
mod secret_key;
mod simulation;
mod speech;
mod sqlite_file;
mod tenancy;
mod tidy;
mod together;
mod turns;
mod user_agents;
mod whatsapp_data;
