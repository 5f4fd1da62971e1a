//! What the commands ask: calls of the management API. On the machine of the data its routes are called within the process, and need no
//! token; elsewhere they go over HTTP. So a command does, and prints, the same in both places.

use anyhow::Context as _;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tower::ServiceExt as _;
use utoipa::ToSchema;

use super::actor;
use super::answer::{ANSWER_BYTES_MAX, Answer};
use super::elsewhere::{Place, Taken};
use super::refused::Refused;
use super::remote::Remote;
use crate::core::Core;
use crate::engines::Engines;
use crate::http::api;
use crate::http::api::owner::OwnerBody;
use crate::http::api::query::{LIMIT_MAX, Page};
use crate::net::Method;

/// What stays as it is in a part of a path and in a value of a query.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The API of the place that a command works on.
pub struct Api {
    way: Way,
}

enum Way {
    Here { core: Core, router: Router },
    There(Box<Remote>),
}

/// A part of a path, or a value of a query, as it stands in an address.
pub fn part(text: &str) -> String {
    utf8_percent_encode(text, KEPT).to_string()
}

/// The path of a project.
pub fn of_project(id: &str) -> String {
    format!("/projects/{}", part(id))
}

impl Api {
    /// Opens the database of this machine, or gets ready to ask a server.
    pub async fn open(taken: Taken) -> anyhow::Result<Self> {
        let way = match taken {
            Taken::Here(config) => {
                let core = crate::serve::open(*config).await?;
                Way::Here { router: api::router_for(&Engines::new(core.clone()), actor()), core }
            }
            Taken::There(server) => Way::There(Box::new(Remote::new(server)?)),
        };
        Ok(Self { way })
    }

    /// The same for where a command works.
    pub async fn at(place: Place) -> anyhow::Result<Self> {
        Self::open(place.take()?).await
    }

    /// The parts of this process, where it works on the data of this machine.
    pub fn core(&self) -> Option<&Core> {
        match &self.way {
            Way::Here { core, .. } => Some(core),
            Way::There(_) => None,
        }
    }

    /// The beginning of addresses that people are given.
    pub fn base_url(&self) -> &str {
        match &self.way {
            Way::Here { core, .. } => &core.config.base_url,
            Way::There(remote) => remote.url(),
        }
    }

    /// The hint below a URL that is built from the default base URL.
    pub fn base_url_hint(&self) -> &'static str {
        match &self.way {
            Way::Here { core, .. } => super::base_url_hint(&core.config),
            Way::There(_) => "",
        }
    }

    /// `GET`
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Refused> {
        self.call(Method::GET, path, None).await
    }

    /// `POST` without a body.
    pub async fn post<T: DeserializeOwned>(&self, path: &str) -> Result<T, Refused> {
        self.call(Method::POST, path, None).await
    }

    /// `DELETE`
    pub async fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<T, Refused> {
        self.call(Method::DELETE, path, None).await
    }

    /// Any method with a body.
    pub async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Refused> {
        let body = serde_json::to_vec(body).map_err(|error| Refused::Failed(error.into()))?;
        self.call(method, path, Some(body.into())).await
    }

    /// The rows of a list, page by page, at most `most`.
    pub async fn all<T: DeserializeOwned + ToSchema>(&self, path: &str, most: usize) -> Result<Vec<T>, Refused> {
        let (mut rows, mut cursor) = (Vec::new(), None::<String>);
        let mark = if path.contains('?') { '&' } else { '?' };
        loop {
            let limit = (most - rows.len()).min(usize::try_from(LIMIT_MAX).unwrap_or(usize::MAX));
            let after = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
            let page: Page<T> = self.get(&format!("{path}{mark}limit={limit}{after}")).await?;
            rows.extend(page.data);
            rows.truncate(most);
            cursor = page.next_cursor;
            if cursor.is_none() || rows.len() >= most {
                return Ok(rows);
            }
        }
    }

    /// The project of what has that id: a `webhook`, a `delivery`, a `key` or a `token`.
    pub async fn owner(&self, kind: &str, id: &str) -> Result<String, Refused> {
        let owner: OwnerBody = self.get(&format!("/owner?{kind}={}", part(id))).await?;
        Ok(owner.project_id)
    }

    /// The bytes of a file, whole.
    pub async fn file(&self, path: &str) -> Result<Bytes, Refused> {
        self.answer(Method::GET, &format!("/api/v1{path}"), None).await
    }

    async fn call<T: DeserializeOwned>(&self, method: Method, path: &str, body: Option<Bytes>) -> Result<T, Refused> {
        let path = format!("/api/v1{path}");
        let body = self.answer(method, &path, body).await?;
        let text: &[u8] = if body.is_empty() { b"null" } else { &body };
        serde_json::from_slice(text).map_err(|error| {
            let said = anyhow::anyhow!(
                "the answer to {path} is not as this program knows it ({error}): are both of one version?"
            );
            Refused::Failed(said)
        })
    }

    /// The body of an answer that is a success.
    async fn answer(&self, method: Method, path: &str, body: Option<Bytes>) -> Result<Bytes, Refused> {
        let answer = match &self.way {
            Way::Here { router, .. } => within(router.clone(), method, path, body).await,
            Way::There(remote) => remote.call(method, path, body).await,
        };
        let Answer { status, body } = answer.map_err(Refused::Failed)?;
        if !(200..300).contains(&status) {
            return Err(Refused::read(status, &body, path));
        }
        Ok(body)
    }
}

/// Calls a route within the process.
async fn within(router: Router, method: Method, path: &str, body: Option<Bytes>) -> anyhow::Result<Answer> {
    let request = Request::builder().method(method).uri(path).header(CONTENT_TYPE, "application/json");
    let request = request.body(body.map_or_else(Body::empty, Body::from))?;
    let Ok(response) = router.oneshot(request).await;
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), ANSWER_BYTES_MAX).await.context("the answer is cut off, or too long")?;
    Ok(Answer { status, body })
}
