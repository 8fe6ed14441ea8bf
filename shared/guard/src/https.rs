//! Fetching and spending over HTTPS, with `reqwest`.

use std::time::Duration;

use reqwest::{Client, StatusCode, redirect};
use serde_json::json;

use crate::claims::PhoneProof;
use crate::ledger::{Ledger, LedgerFailed, Spent};
use crate::remote::{Fetch, FetchFailed, MAX_JWKS_BYTES};

/// How long a call may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// An HTTPS client that follows no redirect: the issuer's URL is the issuer's URL.
#[derive(Debug, Clone)]
pub struct Https(Client);

impl Https {
    /// A client with its own connections.
    ///
    /// # Errors
    ///
    /// [`FetchFailed`] when TLS cannot be set up.
    pub fn new() -> Result<Self, FetchFailed> {
        let client = Client::builder()
            .timeout(TIMEOUT)
            .redirect(redirect::Policy::none());
        client.build().map(Self).map_err(|_| FetchFailed)
    }
}

impl Fetch for Https {
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, FetchFailed> {
        let answer = self.0.get(url).send().await.map_err(|_| FetchFailed)?;
        let mut answer = answer.error_for_status().map_err(|_| FetchFailed)?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|_| FetchFailed)? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_JWKS_BYTES {
                return Err(FetchFailed);
            }
        }
        Ok(body)
    }
}

/// The issuer's own ledger, `POST /v1/spend`, for a relying party without one.
#[derive(Debug, Clone)]
pub struct IssuerLedger {
    client: Https,
    url: String,
}

impl IssuerLedger {
    /// The ledger of `issuer`.
    #[must_use]
    pub fn new(issuer: &str, client: Https) -> Self {
        Self {
            client,
            url: format!("{issuer}/v1/spend"),
        }
    }
}

impl Ledger for IssuerLedger {
    async fn spend(&self, token: &str, proof: &PhoneProof) -> Result<Spent, LedgerFailed> {
        let body = json!({ "token": token, "audience": proof.business }).to_string();
        let request = self
            .client
            .0
            .post(&self.url)
            .header("content-type", "application/json");
        let answer = request.body(body).send().await.map_err(|_| LedgerFailed)?;
        match answer.status() {
            StatusCode::OK => Ok(Spent::Now),
            StatusCode::CONFLICT => Ok(Spent::Before),
            _ => Err(LedgerFailed),
        }
    }
}
