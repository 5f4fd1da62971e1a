//! Layer 3: all SQL of the product, a file per noun. Functions only; the project comes first wherever rows belong to one.

pub mod attribution;
pub mod audit;
pub mod channels;
pub mod clicks;
pub mod conversations;
pub mod counters;
pub mod deliveries;
pub mod delivery_log;
pub mod events;
pub mod expired;
pub mod keys;
pub mod lead_list;
pub mod leads;
mod locks;
pub mod messages;
pub mod partitions;
pub mod playground;
pub mod projects;
pub mod rate_limits;
pub mod replies;
pub mod retention;
pub mod secret_key;
pub mod sessions;
pub mod turns;
pub mod webhooks;
pub mod widgets;
pub mod window;
