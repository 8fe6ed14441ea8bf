//! Fetching and spending over HTTPS, with `reqwest`.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::{Client, StatusCode, Url, redirect};
use serde_json::json;

use crate::claims::PhoneProof;
use crate::ledger::{Ledger, LedgerFailed, Spent};
use crate::remote::{Fetch, FetchFailed, MAX_JWKS_BYTES};

/// How long a call may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// An HTTPS client that follows no redirect: the issuer's URL is the issuer's URL. Plain HTTP reaches this machine
/// only: keys that came over a network unprotected would make every check worthless.
///
/// ```no_run
/// use phoneproof_guard::{Https, IssuerLedger, Ledger as _, PhoneProof, RemoteGuard, Spent};
///
/// # async fn example(token: &str, now: u64) -> Result<(), Box<dyn std::error::Error>> {
/// const ISSUER: &str = "https://verify.example.com";
/// let client = Https::new()?; // once
/// let guard: RemoteGuard<Https> = RemoteGuard::new(ISSUER, client.clone());
/// let ledger = IssuerLedger::new(ISSUER, client);
///
/// let proof: PhoneProof = guard.check(token, "password-change", now).await?;
/// if ledger.spend(token, &proof).await? == Spent::Before {
///     return Err("the code was used already".into());
/// }
/// # Ok(())
/// # }
/// ```
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

    /// Whether `url` is one that it goes to: HTTPS, or plain HTTP on this machine.
    #[must_use]
    pub fn reaches(url: &str) -> bool {
        protected(url).is_some()
    }
}

/// `url`, if nobody can read or change on its way what is fetched from it.
fn protected(url: &str) -> Option<Url> {
    let url = Url::parse(url).ok()?;
    let is_here = match url.host_str()?.trim_matches(['[', ']']) {
        "localhost" => true,
        host => host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback()),
    };
    (url.scheme() == "https" || (url.scheme() == "http" && is_here)).then_some(url)
}

impl Fetch for Https {
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, FetchFailed> {
        let url = protected(url).ok_or(FetchFailed)?;
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
        let url = protected(&self.url).ok_or(LedgerFailed)?;
        let request = self
            .client
            .0
            .post(url)
            .header("content-type", "application/json");
        let answer = request.body(body).send().await.map_err(|_| LedgerFailed)?;
        match answer.status() {
            StatusCode::OK => Ok(Spent::Now),
            StatusCode::CONFLICT => Ok(Spent::Before),
            _ => Err(LedgerFailed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_this_machine() {
        for url in [
            "https://verify.example.com/v1/spend",
            "http://127.0.0.1:3000/.well-known/jwks.json",
            "http://[::1]:3000/",
            "http://localhost:3000/",
        ] {
            assert!(Https::reaches(url), "{url}");
        }
        for url in [
            "http://verify.example.com/.well-known/jwks.json",
            "http://127.0.0.1.example.com/",
            "http://localhost.example.com/",
            "http://127.0.0.1@verify.example.com/",
            "http://192.168.0.1/",
            "ftp://127.0.0.1/",
            "verify.example.com",
            "",
        ] {
            assert!(!Https::reaches(url), "{url}");
        }
    }
}
