//! Finds what every click needs: in the cache, and past its TTL while the database is unavailable, so that a visitor reaches the chat
//! all the same.

use std::sync::Arc;
use std::time::Duration;

use super::Clicks;
use crate::cache::{Cache, is_fresh};
use crate::db::Error;

/// How long a visitor waits for the database.
const READ_TIMEOUT: Duration = Duration::from_secs(2);

/// What `cache` has by that id, or else `read` gives; `None` where there is none. An error where the database is unavailable and the
/// cache does not have it.
pub(super) async fn find_cached<T>(
    clicks: &Clicks,
    cache: &Cache<T>,
    id: &str,
    read: impl Future<Output = anyhow::Result<Option<T>>>,
) -> anyhow::Result<Option<Arc<T>>> {
    let now = clicks.core.clock.now();
    let cached = cache.get(id);
    if let Some((value, read_at)) = &cached
        && (is_fresh(*read_at, now) || clicks.breaker.is_open(now))
    {
        return Ok(Some(value.clone()));
    }
    match (tokio::time::timeout(READ_TIMEOUT, read).await, cached) {
        (Ok(Ok(Some(value))), _) => {
            let value = Arc::new(value);
            cache.insert(id, value.clone(), now);
            Ok(Some(value))
        }
        (Ok(Ok(None)), _) => {
            cache.remove(id);
            Ok(None)
        }
        (read @ (Ok(Err(_)) | Err(_)), Some((value, _))) => {
            // The next visitor need not wait again.
            cache.insert(id, value.clone(), now);
            let is_unavailable = match &read {
                Ok(Err(error)) => Error::is_unavailable(error),
                _ => true,
            };
            if is_unavailable {
                // Nor need this one, for the click.
                clicks.breaker.record_failure(clicks.core.clock.now());
            }
            Ok(Some(value))
        }
        (Ok(Err(error)), None) => Err(error),
        (Err(_), None) => Err(Error::Unavailable(anyhow::anyhow!("no response within {READ_TIMEOUT:?}")).into()),
    }
}
