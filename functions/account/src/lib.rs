//! Accounts that live on success tokens: a relying party of PhoneProof.
//!
//! [`password`] says which passwords are accepted and how they are stored, [`login`] how often one may be
//! tried, [`session`] when a refresh token is exchanged, and [`refresh_token`] what one looks like: pure
//! functions; [`device_name`] is how the names of devices are stored, [`recovery`] how the codes that people write down.
//! [`store`] writes them to DynamoDB, [`service`] joins them to use cases, [`http`] routes, with [`bodies`] and
//! [`problem`] as what goes in and comes out; [`openapi`] describes it.

pub mod access_token;
pub mod bodies;
pub mod config;
pub mod device_name;
pub mod http;
pub mod login;
pub mod openapi;
pub mod password;
pub mod problem;
pub mod recovery;
pub mod refresh_token;
pub mod service;
pub mod session;
pub mod store;

use std::sync::Arc;

use ::http::Response;
use axum::Router;
use http_body_util::BodyExt as _;
use lambda_http::{Body, Request};
use phoneproof_domain::clock::Clock;
use phoneproof_domain::random::Random;
use phoneproof_http::{gateway_context, time_left};
use phoneproof_observe::Journal;
use tokio::time::Instant;
use tower::ServiceExt as _;

use crate::http::{App, Call, router};
use crate::service::Accounts;

/// Everything this function serves lies below this path.
pub const PREFIX: &str = "/account/";

/// The function, built once per process.
#[derive(Clone)]
pub struct Function {
    app: Arc<App>,
    router: Router,
}

impl Function {
    /// A function with these use cases, whose request lines go to `journal`.
    #[must_use]
    pub fn new(
        accounts: Accounts,
        journal: Journal,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        let app = Arc::new(App {
            accounts,
            journal,
            clock,
            random,
        });
        Self {
            router: router(Arc::clone(&app)),
            app,
        }
    }

    /// Answers one request.
    pub async fn handle(self, request: Request) -> Response<Body> {
        let now = self.app.clock.now();
        let call = Call {
            gateway: gateway_context(&request),
            now,
            deadline: Instant::now() + time_left(&request, now),
        };
        let (mut parts, body) = request.into_parts();
        parts.extensions.insert(call);
        let request = ::http::Request::from_parts(parts, axum::body::Body::from(body.to_vec()));
        let Ok(answer) = self.router.oneshot(request).await;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.map(|body| body.to_bytes().to_vec());
        let text = String::from_utf8(body.unwrap_or_default()).unwrap_or_default();
        let body = if text.is_empty() {
            Body::Empty
        } else {
            Body::Text(text)
        };
        Response::from_parts(parts, body)
    }
}
