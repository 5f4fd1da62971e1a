//! Layer 3: chat platforms: verify, parse, send. They know no lead and no table.

pub mod whatsapp;
