//! Layer 4: what needs a person. A loop of the worker opens an item for each thing that is wrong, and closes it once it is mended;
//! whoever chose to be told gets a letter, and operational webhooks an event, in the transaction of the item.
//!
//! Every node looks. The unique index of open items decides who opens one, and a condition on the row who closes it: only that node
//! tells people.

mod addresses;
mod choose;
mod disks;
mod look;
mod remove_old;
mod tell;
mod tokens;
mod wording;

pub use choose::{NotAMember, set_alerts, set_told_of_instance};
pub use disks::{DISKS_KNOWN_FOR, disks_here, report_disks};
pub use look::{Looked, look};
pub use remove_old::remove_old_attention;
