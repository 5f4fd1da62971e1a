//! The console, by what a browser gets.

mod agent;
mod attention;
mod capture;
mod erase;
mod inbox;
mod lead;
mod leads;
mod leads_selected;
mod links;
mod live;
mod log;
mod log_found;
mod log_search;
mod overview;
mod people;
mod route_table;
mod saved_views;
mod search;
mod settings;
mod setup;
mod sign_in;
mod single_sign_on;
mod telegram;
mod template;
mod web;
mod webhook;
