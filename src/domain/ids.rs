//! Keys that are easily mixed up, as types of their own.

/// The row key of a project: the first argument of every function in `store` that touches a tenant's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProjectId(pub i64);
