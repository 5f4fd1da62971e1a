//! A list as it is sent: page after page, so that memory does not grow with its length.

use std::marker::PhantomData;

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use serde::Serialize;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::cursor;
use super::list_query::ListQuery;
use crate::core::Core;
use crate::db::{Conn, Db};
use crate::domain::ids::ProjectId;
use crate::http::auth::Partner;
use crate::http::error::Result;
use crate::store::window::{Position, Window};
use anyhow::Context as _;

/// Rows that are read at once, at most.
const PAGE_ROWS_MAX: usize = 500;
/// From how many rows on two connections read a page, half of it each.
const HALVES_ROWS_MIN: i64 = 80;
/// Bytes of a page, after which it ends with the row that reached them. Held for a client that does not read are a page, what is left
/// of the one before in the connection's buffer, and the next one: 256 KiB.
const PAGE_BYTES_MAX: usize = 96 * 1024;
/// Bytes of a row, before any has been read.
const ROW_BYTES_USUAL: usize = 512;

/// A row of a list.
pub trait Listed: Sized + Send + 'static {
    /// The response that the rows stand in.
    type Response: ListResponse;

    /// Reads a part of the list.
    fn read(conn: &Conn, project: ProjectId, window: &Window) -> impl Future<Output = crate::db::Result<Vec<Self>>>;
    /// Where the last row of a part of the list stands; `None` where the list has fewer rows left. Costs little beside reading.
    fn end(
        conn: &Conn,
        project: ProjectId,
        window: &Window,
    ) -> impl Future<Output = crate::db::Result<Option<Position>>>;
    /// Where the row stands.
    fn position(&self) -> Position;
    /// Appends the row as JSON.
    fn write(&self, out: &mut Vec<u8>) -> serde_json::Result<()>;
}

/// The response around the rows. They are written into its empty `data` one by one, so that none are collected.
pub trait ListResponse: Serialize {
    /// A response without rows.
    fn empty(next_cursor: Option<String>) -> Self;
}

/// The JSON before the rows and behind them.
fn around_rows<T: Listed>(next_cursor: Option<String>) -> anyhow::Result<(String, String)> {
    let text = serde_json::to_string(&T::Response::empty(next_cursor))?;
    let (before, behind) = text.split_once("[]").context("a list response has an empty list of rows")?;
    Ok((format!("{before}["), format!("]{behind}")))
}

/// Responds with a list. Its first page is read before the response begins, so that an error until then has a status code of
/// its own; a later one cuts the transfer off, so that nobody takes a part for the whole.
pub async fn respond<T: Listed>(core: &Core, partner: &Partner, query: ListQuery) -> Result<Response> {
    let mut pages = Pages::<T> {
        db: core.db.clone(),
        project: partner.holder.project,
        window: query.window(),
        left: query.limit(&partner.family),
        row_bytes: ROW_BYTES_USUAL,
        next: None,
        ended: false,
        rows: PhantomData,
    };
    let mut first = around_rows::<T>(None)?.0.into_bytes();
    first.append(&mut pages.next_page().await?);
    let body = if pages.ended { Body::from(first) } else { Body::from_stream(rest(first, pages)) };
    Ok(([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")], body).into_response())
}

fn rest<T: Listed>(first: Vec<u8>, pages: Pages<T>) -> impl stream::Stream<Item = anyhow::Result<Bytes>> {
    stream::try_unfold((Some(first), pages), async move |(first, mut pages)| {
        if let Some(first) = first {
            return Ok(Some((Bytes::from(first), (None, pages))));
        }
        if pages.ended {
            return Ok(None);
        }
        match pages.next_page().await {
            Ok(page) => Ok(Some((Bytes::from(page), (None, pages)))),
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "list response cut off");
                Err(error)
            }
        }
    })
}

/// What of a list is still to be sent.
struct Pages<T> {
    db: Db,
    project: ProjectId,
    window: Window,
    /// Rows that may still be sent; `None` for all.
    left: Option<u64>,
    /// Bytes of a row of the page before.
    row_bytes: usize,
    /// The next page, where its reading has begun.
    next: Option<JoinHandle<anyhow::Result<WrittenPage>>>,
    ended: bool,
    rows: PhantomData<fn() -> T>,
}

/// The rows of a page as JSON, with commas between them.
struct WrittenPage {
    json: Vec<u8>,
    rows: usize,
    /// Where its last row stands.
    last: Option<Position>,
    has_more: bool,
}

impl WrittenPage {
    /// Writes rows until there are enough bytes. Those that are left are read again with the next page.
    fn of<T: Listed>(page: Page<T>) -> anyhow::Result<Self> {
        let mut written = Self { json: Vec::new(), rows: 0, last: None, has_more: page.has_more };
        for row in page.rows {
            if written.json.len() >= PAGE_BYTES_MAX {
                written.has_more = true;
                break;
            }
            if written.rows > 0 {
                written.json.push(b',');
            }
            row.write(&mut written.json)?;
            written.rows += 1;
            written.last = Some(row.position());
        }
        written.json.shrink_to_fit();
        Ok(written)
    }
}

/// Rows, and whether there are more behind them.
struct Page<T> {
    rows: Vec<T>,
    has_more: bool,
}

impl<T: Listed> Pages<T> {
    /// The next page with what follows it: a comma, or the end of the response.
    async fn next_page(&mut self) -> anyhow::Result<Vec<u8>> {
        if self.left == Some(0) {
            return self.end(None);
        }
        let WrittenPage { mut json, rows, last, has_more } = match self.next.take() {
            Some(reading) => reading.await??,
            None => self.read()?.await?,
        };
        self.left = self.left.map(|left| left.saturating_sub(rows as u64));
        self.row_bytes = json.len().checked_div(rows).unwrap_or(self.row_bytes).max(1);
        let last = last.filter(|_| has_more);
        match last.filter(|_| self.left != Some(0)) {
            Some(position) => {
                self.window.before = position;
                self.window.skip = 0;
                self.next = Some(tokio::spawn(self.read()?));
                json.push(b',');
            }
            None => json.append(&mut self.end(last)?),
        }
        Ok(json)
    }

    /// Rows of the next page: those that fit if they are like the ones before.
    fn wanted(&self) -> u64 {
        let rows = (PAGE_BYTES_MAX / self.row_bytes).clamp(1, PAGE_ROWS_MAX) as u64;
        self.left.map_or(rows, |left| left.min(rows))
    }

    fn read(&self) -> anyhow::Result<impl Future<Output = anyhow::Result<WrittenPage>> + Send + use<T>> {
        let window = Window { rows: i64::try_from(self.wanted())?, ..self.window };
        let (db, project) = (self.db.clone(), self.project);
        Ok(async move {
            let page = if window.rows >= HALVES_ROWS_MIN {
                read_halves::<T>(db, project, window).await?
            } else {
                read_at_once::<T>(db, project, window).await?
            };
            WrittenPage::of(page)
        })
    }

    fn end(&mut self, next: Option<Position>) -> anyhow::Result<Vec<u8>> {
        let (_, behind) = around_rows::<T>(next.map(cursor::encode))?;
        self.ended = true;
        Ok(behind.into_bytes())
    }
}

/// Reads one row more than wanted, to know whether there are more.
async fn read_at_once<T: Listed>(db: Db, project: ProjectId, window: Window) -> anyhow::Result<Page<T>> {
    let wanted = usize::try_from(window.rows)?;
    let window = Window { rows: window.rows + 1, ..window };
    let mut rows: Vec<T> = db.read(async move |conn| Ok(T::read(conn, project, &window).await?)).await?;
    let has_more = rows.len() > wanted;
    rows.truncate(wanted);
    Ok(Page { rows, has_more })
}

/// Reads a page by two connections at the same time, since one row after another keeps but one of them busy. Where the first
/// half ends is looked up before it is read.
async fn read_halves<T: Listed>(db: Db, project: ProjectId, window: Window) -> anyhow::Result<Page<T>> {
    let half = Window { rows: window.rows / 2, ..window };
    let (end_sender, end_receiver) = oneshot::channel();
    let first = db.read(async move |conn| {
        // Nobody waits for it where the other half failed.
        let _ = end_sender.send(T::end(conn, project, &half).await?);
        Ok(T::read(conn, project, &half).await?)
    });
    let second = async {
        // Where it is not sent, the first half has the error.
        let Some(before) = end_receiver.await.unwrap_or_default() else { return Ok(None) };
        let window = Window { before, skip: 0, rows: window.rows - half.rows, ..window };
        Ok(Some((before, read_at_once::<T>(db.clone(), project, window).await?)))
    };
    let (first, second) = tokio::try_join!(first, second)?;
    Ok(join(first, half.rows, second))
}

/// The halves of a page, of which the second one begins behind a position. Rows may have come and gone between the three
/// statements.
fn join<T: Listed>(mut first: Vec<T>, half_rows: i64, second: Option<(Position, Page<T>)>) -> Page<T> {
    let Some((end, second)) = second else { return Page { rows: first, has_more: false } };
    if first.len() as i64 == half_rows && first.last().is_some_and(|last| last.position() > end) {
        // There are rows between the halves: the next page begins with them.
        return Page { rows: first, has_more: true };
    }
    first.retain(|row| row.position() >= end);
    first.extend(second.rows);
    Page { rows: first, has_more: second.has_more }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row that is only a position.
    struct PositionRow(i64);

    #[derive(Serialize)]
    struct EmptyList {
        data: [u8; 0],
        #[serde(skip_serializing_if = "Option::is_none")]
        next_cursor: Option<String>,
    }

    impl ListResponse for EmptyList {
        fn empty(next_cursor: Option<String>) -> Self {
            Self { data: [], next_cursor }
        }
    }

    impl Listed for PositionRow {
        type Response = EmptyList;

        async fn read(_: &Conn, _: ProjectId, _: &Window) -> crate::db::Result<Vec<Self>> {
            Ok(Vec::new())
        }

        async fn end(_: &Conn, _: ProjectId, _: &Window) -> crate::db::Result<Option<Position>> {
            Ok(None)
        }

        fn position(&self) -> Position {
            Position { created_at: self.0, id: 1 }
        }

        /// As long as its position says.
        fn write(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
            out.extend(std::iter::repeat_n(b'1', usize::try_from(self.0).unwrap_or(0)));
            Ok(())
        }
    }

    /// Joins halves, each given by its newest and its oldest row, of which the first was to end at 1000.
    fn joined(first: (i64, i64), second: (i64, i64)) -> (i64, i64, usize, bool) {
        let rows = |(newest, oldest): (i64, i64)| (oldest..=newest).rev().map(PositionRow).collect::<Vec<_>>();
        let second = Page { rows: rows(second), has_more: true };
        let Page { rows, has_more } = join(rows(first), 250, Some((PositionRow(1000).position(), second)));
        assert!(rows.is_sorted_by(|above, below| above.0 > below.0), "newest first, none twice");
        (rows[0].0, rows[rows.len() - 1].0, rows.len(), has_more)
    }

    #[test]
    fn no_row_is_lost_or_repeated_between_two_halves() {
        assert_eq!(joined((1249, 1000), (999, 750)), (1249, 750, 500, true));
        // Ten are gone meanwhile: the first half reaches into the second one.
        assert_eq!(joined((1239, 990), (999, 750)), (1239, 750, 490, true));
        // Ten have come: it ends before its end, and the next page goes on there.
        assert_eq!(joined((1259, 1010), (999, 750)), (1259, 1010, 250, true));
    }

    #[test]
    fn a_list_that_is_shorter_than_a_half_ends() {
        let Page { rows, has_more } = join(vec![PositionRow(2), PositionRow(1)], 250, None);
        assert!(rows.len() == 2 && !has_more);
    }

    #[test]
    fn a_page_ends_where_it_has_enough_bytes() {
        let rows = (0..500).map(|_| PositionRow(20_000)).collect();
        let page = WrittenPage::of(Page { rows, has_more: false }).expect("rows");
        assert_eq!((page.rows, page.has_more), (5, true));
        assert!(page.json.capacity() <= PAGE_BYTES_MAX + 20_000);
        let page = WrittenPage::of(Page { rows: vec![PositionRow(2), PositionRow(1)], has_more: false }).expect("rows");
        assert_eq!((page.json.as_slice(), page.rows, page.has_more), (b"11,1".as_slice(), 2, false));
    }
}
