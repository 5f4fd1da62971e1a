//! The console, by what a browser gets.

mod people;
mod route_table;
mod sign_in;
