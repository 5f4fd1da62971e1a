//! A list as it is sent: page after page, so that memory does not grow with its length.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use tokio::task::JoinHandle;

use super::cursor;
use super::list_query::ListQuery;
use crate::app::App;
use crate::db::{Conn, Db};
use crate::domain::ids::ProjectId;
use crate::http::auth::{Family, Partner};
use crate::http::error::Result;
use crate::store::window::{Position, Window};

/// Rows that are read at once. In memory are at most two pages: one that is written, and the next one, which is read meanwhile.
const PAGE_ROWS: u64 = 250;
/// What a page of usual rows takes.
const PAGE_BYTES_USUAL: usize = 128 * 1024;

/// A row of a list.
pub trait Listed: Sized + Send + 'static {
    /// Reads a part of the list.
    fn read(conn: &Conn, project: ProjectId, window: &Window) -> impl Future<Output = crate::db::Result<Vec<Self>>>;
    /// Where the row stands.
    fn position(&self) -> Position;
    /// Appends the row as JSON.
    fn write(&self, out: &mut Vec<u8>) -> serde_json::Result<()>;
}

/// What stands around the rows.
#[derive(Clone, Copy)]
pub struct Envelope {
    opening: &'static str,
    /// Behind the rows; `next_cursor` and a brace follow.
    closing: &'static str,
}

/// `{"status":200,"message":"ok","data":[…]}`
pub const STATUS_FIRST: Envelope = Envelope { opening: r#"{"status":200,"message":"ok","data":["#, closing: "]" };
/// `{"data":[…],"message":"Leads fetched successfully"}`
pub const DATA_FIRST: Envelope =
    Envelope { opening: r#"{"data":["#, closing: r#"],"message":"Leads fetched successfully""# };

impl Envelope {
    /// That of the leads, which the two documents write differently.
    pub fn of_leads(family: &Family) -> Self {
        match family {
            Family::External => STATUS_FIRST,
            Family::Service(_) => DATA_FIRST,
        }
    }
}

/// Answers with a list. Its first page is read before the answer begins, so that what fails until then is a proper
/// problem; what fails later breaks the transfer off, so that nobody takes a part for the whole.
pub async fn answer<T: Listed>(app: &App, partner: &Partner, query: ListQuery, envelope: Envelope) -> Result<Response> {
    let mut pages = Pages::<T> {
        db: app.db.clone(),
        project: partner.project,
        window: query.window(),
        left: query.limit(&partner.family),
        next: None,
        envelope,
        ended: false,
    };
    let mut first = envelope.opening.as_bytes().to_vec();
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
            tracing::error!(error = format!("{error:#}"), "a list was broken off");
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
    /// Rows that may still be answered; `None` for all.
    left: Option<u64>,
    /// The next page, where its reading has begun.
    next: Option<JoinHandle<anyhow::Result<Vec<T>>>>,
    envelope: Envelope,
    ended: bool,
}

impl<T: Listed> Pages<T> {
    /// Appends the next page, and the end of the answer behind the last one.
    async fn append(&mut self, out: &mut Vec<u8>) -> anyhow::Result<()> {
        let wanted = self.wanted();
        if wanted == 0 {
            self.end(None, out);
            return Ok(());
        }
        let rows = match self.next.take() {
            Some(reading) => reading.await??,
            None => self.read()?.await?,
        };
        let shown = rows.len().min(usize::try_from(wanted)?);
        self.left = self.left.map(|left| left - wanted);
        let last = rows[..shown].last().map(T::position).filter(|_| rows.len() > shown);
        if let Some(position) = last.filter(|_| self.left != Some(0)) {
            self.window.before = position;
            self.window.skip = 0;
            self.next = Some(tokio::spawn(self.read()?));
        }
        for (number, row) in rows[..shown].iter().enumerate() {
            if number > 0 {
                out.push(b',');
            }
            row.write(out)?;
        }
        if self.next.is_none() {
            self.end(last, out);
        }
        Ok(())
    }

    /// Rows of the next page.
    fn wanted(&self) -> u64 {
        self.left.map_or(PAGE_ROWS, |left| left.min(PAGE_ROWS))
    }

    /// Reads one row more than wanted: it tells that there are more.
    fn read(&self) -> anyhow::Result<impl Future<Output = anyhow::Result<Vec<T>>> + Send + use<T>> {
        let window = Window { rows: i64::try_from(self.wanted())? + 1, ..self.window };
        let (db, project) = (self.db.clone(), self.project);
        Ok(async move { db.read(async move |conn| Ok(T::read(conn, project, &window).await?)).await })
    }

    fn end(&mut self, next: Option<Position>, out: &mut Vec<u8>) {
        out.extend_from_slice(self.envelope.closing.as_bytes());
        if let Some(position) = next {
            out.extend_from_slice(format!(r#","next_cursor":"{}""#, cursor::encode(position)).as_bytes());
        }
        out.push(b'}');
        self.ended = true;
    }
}
