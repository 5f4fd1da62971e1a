//! Layer 4: the numbers that marketers read: clicks, conversations and leads by where they came from and when. They are kept in the
//! transaction of what changes them, so that they are always equal to a count of the rows (`recount`).

pub mod answers;
pub mod ask;
pub mod attributed;
pub mod clicks;
pub mod events;
pub mod leads;
pub mod recount;
pub mod report;
pub mod sources;
