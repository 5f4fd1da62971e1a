//! What the tests of a seed look at it with.

pub mod console;
/// Rows that name others, as the scenarios of the program look for them.
#[path = "../../../tests/it/support/references.rs"]
mod references;

use aurix::core::Core;

/// A database.
pub struct TestApp(pub Core);

impl TestApp {
    pub async fn count(&self, sql: &'static str) -> i64 {
        self.0.db.read(async move |conn| Ok(conn.get(sql, &[], |row| row.get(0)).await?)).await.expect("a count")
    }
}
