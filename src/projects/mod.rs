//! Layer 4: creates and changes projects, and their keys, channels, widgets, forms and webhooks. Each change is recorded in the
//! audit log, in its own transaction, with the [`crate::domain::actor::Actor`] who asked for it.

pub mod add_channel;
pub mod add_telegram;
pub mod add_web;
pub mod add_webhook;
pub mod check_channel;
pub mod configure_webhook;
pub mod connect_whatsapp;
pub mod create_key;
pub mod create_project;
pub mod create_token;
pub mod create_widget;
pub mod limit_webhook;
pub mod links;
pub mod members;
pub mod pause_webhook;
pub mod preview_template;
pub mod remove_webhook;
pub mod revoke_key;
pub mod revoke_token;
pub mod rotate_secret;
pub mod saved_views;
pub mod secret_key;
pub mod set_agent;
pub mod set_channel;
pub mod set_form;
pub mod set_retention;
pub mod set_template;
pub mod set_webhook_active;
pub mod skip_step;
pub mod update_project;
pub mod update_webhook;
pub mod update_widget;
pub mod watch_channels;
