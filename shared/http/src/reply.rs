//! Answers to requests that were served.

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{Response, StatusCode};
use lambda_http::Body;
use serde::Serialize;

use super::header::insert;
use super::problem::{Problem, RETRY_SECONDS};

/// The `Cache-Control` of an answer that no cache may keep.
pub(crate) const NO_STORE: &str = "no-store";

/// The `Cache-Control` of a public document.
pub(crate) const CACHEABLE: &str = "public, max-age=300";

/// The answer to a request that was served.
#[derive(Debug)]
pub struct Reply {
    status: StatusCode,
    content: Option<(&'static str, String)>,
    cache_control: &'static str,
}

impl Reply {
    /// An answer without a body.
    #[must_use]
    pub const fn empty(status: StatusCode) -> Self {
        Self {
            status,
            content: None,
            cache_control: NO_STORE,
        }
    }

    /// A JSON answer that no cache may keep.
    ///
    /// # Errors
    ///
    /// A 503 when the value cannot be written as JSON, which the types rule out.
    pub fn json(status: StatusCode, value: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_string(value)
            .map_err(|error| Problem::unavailable(error, RETRY_SECONDS))?;
        Ok(Self {
            content: Some(("application/json", body)),
            ..Self::empty(status)
        })
    }

    /// A plain text answer.
    #[must_use]
    pub fn text(body: &str) -> Self {
        Self {
            content: Some(("text/plain; charset=utf-8", body.to_owned())),
            ..Self::empty(StatusCode::OK)
        }
    }

    /// Lets caches keep the answer for five minutes: for public documents, whose keys are published well before they
    /// are used.
    #[must_use]
    pub fn with_caching(mut self) -> Self {
        self.cache_control = CACHEABLE;
        self
    }

    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::Empty);
        *response.status_mut() = self.status;
        if let Some((content_type, body)) = self.content {
            insert(response.headers_mut(), CONTENT_TYPE, content_type);
            *response.body_mut() = Body::Text(body);
        }
        insert(response.headers_mut(), CACHE_CONTROL, self.cache_control);
        response
    }
}
