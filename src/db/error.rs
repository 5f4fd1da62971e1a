//! What can go wrong with a statement, by what a caller can do about it.

use tokio_postgres::error::SqlState;

/// The result of a statement.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a statement or a transaction failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database is unavailable, full or locked: nothing was written, trying again later can help.
    #[error("the database cannot be reached or written")]
    Unavailable(#[source] anyhow::Error),
    /// Another transaction changed the same rows at the same time: nothing was written, trying again at once helps.
    #[error("another transaction changed the same rows")]
    Conflict(#[source] anyhow::Error),
    /// A row with the same key exists.
    #[error("a row with the same key exists")]
    Constraint(#[source] anyhow::Error),
    /// A row that was asked for by key is not there.
    #[error("no such row")]
    NoRow,
    /// A column is not of the type that the code expects: a defect of ours.
    #[error("column {0} is not of the expected type")]
    Column(usize),
    /// The engine refused the statement: a defect of ours.
    #[error("the statement was refused")]
    Refused(#[source] anyhow::Error),
}

impl Error {
    /// Whether the same work can be done later: `error` came from an unavailable database, or from a conflict.
    pub fn is_unavailable(error: &anyhow::Error) -> bool {
        error
            .chain()
            .any(|cause| matches!(cause.downcast_ref::<Self>(), Some(Self::Unavailable(_) | Self::Conflict(_))))
    }

    /// Whether the same work can be done at once.
    pub fn is_conflict(error: &anyhow::Error) -> bool {
        error.chain().any(|cause| matches!(cause.downcast_ref::<Self>(), Some(Self::Conflict(_))))
    }

    /// Whether the statement was not even tried, since one before it in the transaction had failed.
    pub(super) fn is_behind_a_failed_one(&self) -> bool {
        let Self::Refused(cause) = self else { return false };
        let cause: Option<&tokio_postgres::Error> = cause.downcast_ref();
        cause.and_then(|cause| cause.code()) == Some(&SqlState::IN_FAILED_SQL_TRANSACTION)
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        match error.sqlite_error_code() {
            Some(Code::ConstraintViolation) => Self::Constraint(error.into()),
            Some(
                Code::DatabaseBusy
                | Code::DatabaseLocked
                | Code::DiskFull
                | Code::SystemIoFailure
                | Code::CannotOpen
                | Code::ReadOnly
                | Code::OutOfMemory,
            ) => Self::Unavailable(error.into()),
            _ => Self::Refused(error.into()),
        }
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(state) = error.code() else {
            return Self::Unavailable(error.into());
        };
        // Classes by SQLSTATE: 23 constraint, 08 connection, 53 resources, 57 operator, 58 system, 40 rolled back, 25 state of the
        // transaction: read-only, ended for being idle, or failed by an earlier statement, which is no matter of the database.
        match state.code().get(..2) {
            Some("23") => Self::Constraint(error.into()),
            Some("40") => Self::Conflict(error.into()),
            Some("25") if *state == SqlState::IN_FAILED_SQL_TRANSACTION => Self::Refused(error.into()),
            Some("08" | "53" | "57" | "58" | "25") => Self::Unavailable(error.into()),
            _ => Self::Refused(error.into()),
        }
    }
}

impl From<deadpool_postgres::PoolError> for Error {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        match error {
            deadpool_postgres::PoolError::Backend(error) => error.into(),
            other => Self::Unavailable(other.into()),
        }
    }
}
