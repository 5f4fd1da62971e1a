//! A list as it is sent: page after page, so that memory does not grow with its length.

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

/// Rows that are read at once. In memory are at most two pages: one that is written, and the next one, which is read meanwhile.
const PAGE_ROWS: u64 = 500;
/// Rows of a page that one connection reads; those behind them another one reads at the same time.
const HALF_ROWS: u64 = 250;
/// What a page of usual rows takes.
const PAGE_BYTES_USUAL: usize = 256 * 1024;

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
        next: None,
        ended: false,
    };
    let mut first = around_rows::<T>(None)?.0.into_bytes();
    pages.append(&mut first).await?;
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
        let mut page = Vec::with_capacity(PAGE_BYTES_USUAL);
        page.push(b',');
        if let Err(error) = pages.append(&mut page).await {
            tracing::error!(error = format!("{error:#}"), "list response cut off");
            return Err(error);
        }
        Ok(Some((Bytes::from(page), (None, pages))))
    })
}

/// What of a list is still to be sent.
struct Pages<T> {
    db: Db,
    project: ProjectId,
    window: Window,
    /// Rows that may still be sent; `None` for all.
    left: Option<u64>,
    /// The next page, where its reading has begun.
    next: Option<JoinHandle<anyhow::Result<Page<T>>>>,
    ended: bool,
}

/// Rows, and whether there are more behind them.
struct Page<T> {
    rows: Vec<T>,
    has_more: bool,
}

impl<T: Listed> Pages<T> {
    /// Appends the next page, and the end of the response behind the last one.
    async fn append(&mut self, out: &mut Vec<u8>) -> anyhow::Result<()> {
        let wanted = self.wanted();
        if wanted == 0 {
            return self.end(None, out);
        }
        let Page { rows, has_more } = match self.next.take() {
            Some(reading) => reading.await??,
            None => self.read()?.await?,
        };
        self.left = self.left.map(|left| left.saturating_sub(rows.len() as u64));
        let last = rows.last().map(T::position).filter(|_| has_more);
        if let Some(position) = last.filter(|_| self.left != Some(0)) {
            self.window.before = position;
            self.window.skip = 0;
            self.next = Some(tokio::spawn(self.read()?));
        }
        for (number, row) in rows.iter().enumerate() {
            if number > 0 {
                out.push(b',');
            }
            row.write(out)?;
        }
        if self.next.is_none() {
            self.end(last, out)?;
        }
        Ok(())
    }

    /// Rows of the next page.
    fn wanted(&self) -> u64 {
        self.left.map_or(PAGE_ROWS, |left| left.min(PAGE_ROWS))
    }

    fn read(&self) -> anyhow::Result<impl Future<Output = anyhow::Result<Page<T>>> + Send + use<T>> {
        let window = Window { rows: i64::try_from(self.wanted())?, ..self.window };
        let (db, project) = (self.db.clone(), self.project);
        Ok(async move {
            if window.rows > HALF_ROWS.cast_signed() {
                read_halves(db, project, window).await
            } else {
                read_at_once(db, project, window).await
            }
        })
    }

    fn end(&mut self, next: Option<Position>, out: &mut Vec<u8>) -> anyhow::Result<()> {
        let (_, behind) = around_rows::<T>(next.map(cursor::encode))?;
        out.extend_from_slice(behind.as_bytes());
        self.ended = true;
        Ok(())
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
    let half = Window { rows: HALF_ROWS.cast_signed(), ..window };
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
    Ok(join(first, second))
}

/// The halves of a page, of which the second one begins behind a position. Rows may have come and gone between the three
/// statements.
fn join<T: Listed>(mut first: Vec<T>, second: Option<(Position, Page<T>)>) -> Page<T> {
    let Some((end, second)) = second else { return Page { rows: first, has_more: false } };
    if first.len() as u64 == HALF_ROWS && first.last().is_some_and(|last| last.position() > end) {
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

        fn write(&self, _: &mut Vec<u8>) -> serde_json::Result<()> {
            Ok(())
        }
    }

    /// Joins halves, each given by its newest and its oldest row, of which the first was to end at 1000.
    fn joined(first: (i64, i64), second: (i64, i64)) -> (i64, i64, usize, bool) {
        let rows = |(newest, oldest): (i64, i64)| (oldest..=newest).rev().map(PositionRow).collect::<Vec<_>>();
        let second = Page { rows: rows(second), has_more: true };
        let Page { rows, has_more } = join(rows(first), Some((PositionRow(1000).position(), second)));
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
        let Page { rows, has_more } = join(vec![PositionRow(2), PositionRow(1)], None);
        assert!(rows.len() == 2 && !has_more);
    }
}
