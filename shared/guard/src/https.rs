//! Fetches keys and spends success tokens over HTTPS, with `reqwest`.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::{Client, StatusCode, Url, redirect};
use serde_json::json;

use crate::claims::PhoneProof;
use crate::ledger::{Ledger, LedgerFailed, SpendOutcome};
use crate::remote::{Fetch, FetchFailed, MAX_JWKS_BYTES};

/// How long a call may take, from connecting to the last byte of the answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How long connecting may take, TLS included. A first packet that is lost is sent again after one second (RFC 6298
/// section 2.1).
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// An HTTPS client. It follows no redirect, so an answer always comes from the URL of the issuer.
///
/// Every call opens a connection. One that was kept may have died while Lambda froze the relying party, and the answer
/// to a spend would be lost on it. Keys are fetched every five minutes, and a token is spent once per sensitive action.
///
/// It uses plain HTTP for this machine only. If keys came over a network without protection, an attacker could replace
/// them and every check would be worthless.
///
/// ```no_run
/// use phoneproof_guard::{Https, IssuerLedger, Ledger as _, RemoteGuard, SpendOutcome};
///
/// # async fn example(token: &str, now: u64) -> Result<(), Box<dyn std::error::Error>> {
/// const ISSUER: &str = "https://verify.example.com";
/// let client = Https::new()?; // once
/// let guard = RemoteGuard::new(ISSUER, client.clone());
/// let ledger = IssuerLedger::new(ISSUER, client);
///
/// let proof = guard.check(token, "password-change", now).await?;
/// if ledger.spend(token, &proof).await? == SpendOutcome::Before {
///     return Err("the code was used already".into());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Https(Client);

impl Https {
    /// Makes a client.
    ///
    /// # Errors
    ///
    /// [`FetchFailed`] when TLS cannot be set up.
    pub fn new() -> Result<Self, FetchFailed> {
        let client = Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_max_idle_per_host(0)
            .redirect(redirect::Policy::none());
        client.build().map(Self).map_err(FetchFailed::new)
    }

    /// Tells whether the client calls `url`: it uses HTTPS, or plain HTTP on this machine.
    #[must_use]
    pub fn reaches(url: &str) -> bool {
        parse_protected(url).is_some()
    }
}

/// Reads `url`. Returns `None` unless the way to it is protected: HTTPS, or plain HTTP on this machine.
fn parse_protected(url: &str) -> Option<Url> {
    let url = Url::parse(url).ok()?;
    let is_here = match url.host_str()?.trim_matches(['[', ']']) {
        "localhost" => true,
        host => host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback()),
    };
    (url.scheme() == "https" || (url.scheme() == "http" && is_here)).then_some(url)
}

impl Fetch for Https {
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, FetchFailed> {
        let url = parse_protected(url)
            .ok_or_else(|| FetchFailed::new("the URL is not https, nor http on this machine"))?;
        let answer = self.0.get(url).send().await.map_err(FetchFailed::new)?;
        let mut answer = answer.error_for_status().map_err(FetchFailed::new)?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(FetchFailed::new)? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_JWKS_BYTES {
                return Err(FetchFailed::new("the answer is too long"));
            }
        }
        Ok(body)
    }
}

/// The ledger of the issuer, `POST /v1/spend`, for a relying party that has none.
#[derive(Debug, Clone)]
pub struct IssuerLedger {
    client: Https,
    url: String,
}

impl IssuerLedger {
    /// Makes a ledger at the URL of `issuer`, which has no slash at its end.
    #[must_use]
    pub fn new(issuer: &str, client: Https) -> Self {
        Self {
            client,
            url: format!("{issuer}/v1/spend"),
        }
    }
}

impl Ledger for IssuerLedger {
    async fn spend(&self, token: &str, proof: &PhoneProof) -> Result<SpendOutcome, LedgerFailed> {
        let body = json!({ "token": token, "audience": proof.business }).to_string();
        let url = parse_protected(&self.url)
            .ok_or_else(|| LedgerFailed::new("the URL is not https, nor http on this machine"))?;
        let request = self
            .client
            .0
            .post(url)
            .header("content-type", "application/json");
        let answer = request.body(body).send().await.map_err(LedgerFailed::new)?;
        match answer.status() {
            StatusCode::OK => Ok(SpendOutcome::Now),
            StatusCode::CONFLICT => Ok(SpendOutcome::Before),
            other => Err(LedgerFailed::new(format!("the answer is {other}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_plain_http_urls_on_this_machine_only() {
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
