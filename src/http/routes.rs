//! A router that knows its routes: a test asks for the list, and who may use each.

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{get, options, post};

use crate::engines::Engines;

/// One route of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// `GET` answers `HEAD` too.
    pub method: Method,
    /// As in `/p/{project}/leads`.
    pub path: String,
}

/// Routes, and the router that serves them.
#[derive(Default)]
pub struct Routes {
    router: Router<Engines>,
    listed: Vec<Route>,
}

impl Routes {
    /// Adds a page or a file.
    #[must_use]
    pub fn get<H, T>(self, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, Engines>,
        T: 'static,
    {
        let router = self.router.route(path, get(handler));
        Self { router, ..self }.listed(Method::GET, path)
    }

    /// Adds a change.
    #[must_use]
    pub fn post<H, T>(self, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, Engines>,
        T: 'static,
    {
        let router = self.router.route(path, post(handler));
        Self { router, ..self }.listed(Method::POST, path)
    }

    /// Adds what a browser asks before it sends something to another site.
    #[must_use]
    pub fn options<H, T>(self, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, Engines>,
        T: 'static,
    {
        let router = self.router.route(path, options(handler));
        Self { router, ..self }.listed(Method::OPTIONS, path)
    }

    /// Adds the routes of a part of the program.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.listed.extend(other.listed);
        Self { router: self.router.merge(other.router), listed: self.listed }
    }

    /// Adds a router whose routes are known from elsewhere.
    #[must_use]
    pub fn merge_router(mut self, router: Router<Engines>, routes: impl IntoIterator<Item = Route>) -> Self {
        self.listed.extend(routes);
        Self { router: self.router.merge(router), listed: self.listed }
    }

    /// The router as `change` makes it: with a layer around it, for example.
    #[must_use]
    pub fn map(self, change: impl FnOnce(Router<Engines>) -> Router<Engines>) -> Self {
        Self { router: change(self.router), listed: self.listed }
    }

    /// The router and the list.
    pub fn into_parts(self) -> (Router<Engines>, Vec<Route>) {
        (self.router, self.listed)
    }

    fn listed(mut self, method: Method, path: &str) -> Self {
        self.listed.push(Route { method, path: path.to_owned() });
        self
    }
}
