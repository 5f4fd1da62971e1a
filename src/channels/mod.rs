//! Layer 3: chat platforms behind neutral types: what comes in ([`Inbound`]), what goes out ([`Outbound`]) and what became of
//! it ([`SendOutcome`]). A platform is a module of its own that parses into these types and sends from them; which one a
//! channel needs is decided here and nowhere above. It knows no lead and no table.

mod finding;
mod gesture;
mod inbound;
mod json;
mod media;
mod medium;
mod outbound;
mod past;
pub mod telegram;
mod templates;
mod told;
pub mod web;
pub mod whatsapp;

pub use finding::{Finding, FindingState, Sight, check, look, site_of};
pub use gesture::{Gesture, make};
pub use inbound::{
    AccountUpdate, Content, Crowd, Deleted, Echo, IdChange, Inbound, InboundMessage, Price, Referral, SharedContact,
    SharedPhone, StatusUpdate,
};
pub use json::Malformed;
pub use media::fetch;
pub use medium::{FetchOutcome, Wanted};
pub use outbound::{Account, Limit, Outbound, SendOutcome, send, shows};
pub use past::{BookEntry, PastMessage};
pub use templates::{ApprovedTemplate, approved};
pub use told::{Preference, Reach, Told, Trouble};
