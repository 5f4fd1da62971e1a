//! Inbound webhooks of the chat platforms, one file each: authenticates the request, parses it, and calls the one use case.

mod slices;
pub mod whatsapp;
