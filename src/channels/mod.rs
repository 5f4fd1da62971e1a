//! Layer 3: chat platforms behind neutral types: what comes in ([`Inbound`]), what goes out ([`Outbound`]) and what became of
//! it ([`SendOutcome`]). A platform is a module of its own that parses into these types and sends from them; which one a
//! channel needs is decided here and nowhere above. It knows no lead and no table.

mod finding;
mod inbound;
mod outbound;
pub mod whatsapp;

pub use finding::{Finding, FindingState, check};
pub use inbound::{
    Content, Echo, IdChange, Inbound, InboundMessage, Referral, SharedContact, SharedPhone, StatusUpdate,
};
pub use outbound::{Account, Outbound, SendOutcome, send};
