//! An answer, and the work that is left for the time after it.

use std::pin::Pin;

use http::Response;
use lambda_http::Body;

/// Work that is done after the answer.
pub(crate) type Rest = Pin<Box<dyn Future<Output = ()> + Send>>;

/// An answer, and work that its caller need not wait for.
#[derive(derive_more::Debug)]
#[debug("Answered {{ status: {}, .. }}", response.status())]
#[must_use]
pub struct Answered {
    pub(crate) response: Response<Body>,
    pub(crate) rest: Option<Rest>,
}

impl Answered {
    /// Makes an answer with work for the time after it. The work must end by the deadline of the request.
    pub fn with_rest(
        response: Response<Body>,
        rest: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        Self {
            response,
            rest: Some(Box::pin(rest)),
        }
    }

    /// Does the work at once, and returns the answer after it.
    ///
    /// So a test that has the answer finds the work done. A function does it in the other order
    /// ([`run_http`](crate::run_http)).
    pub async fn settle(self) -> Response<Body> {
        if let Some(rest) = self.rest {
            rest.await;
        }
        self.response
    }
}

impl From<Response<Body>> for Answered {
    fn from(response: Response<Body>) -> Self {
        Self {
            response,
            rest: None,
        }
    }
}
