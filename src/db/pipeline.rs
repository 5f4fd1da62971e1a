//! Statements that go to the database one behind the other, without waiting for each other's results: one round trip on
//! PostgreSQL, which runs them in the order in which they are written here. Locks are taken in that order.
//!
//! A statement is sent when its future is polled first, and a handle sends one at a time (`postgres::Handle::send`), so polling in
//! the written order is all that is done here.

/// Runs `first` and `second` in this order. Where both fail, the error of `first` is given.
pub async fn pipelined<A, B, E>(
    first: impl Future<Output = Result<A, E>>,
    second: impl Future<Output = Result<B, E>>,
) -> Result<(A, B), E> {
    let (first, second) = tokio::join!(biased; first, second);
    Ok((first?, second?))
}

/// [`pipelined`] for three.
pub async fn pipelined_three<A, B, C, E>(
    first: impl Future<Output = Result<A, E>>,
    second: impl Future<Output = Result<B, E>>,
    third: impl Future<Output = Result<C, E>>,
) -> Result<(A, B, C), E> {
    let (first, second, third) = tokio::join!(biased; first, second, third);
    Ok((first?, second?, third?))
}
