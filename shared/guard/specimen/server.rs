//! A service that acts for the holder of a phone.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::{Router, routing::post};
use phoneproof_guard::{
    Https, IssuerLedger, Ledger, RemoteGuard, SpendOutcome, TokenRequired, Verified,
    read_bearer_token,
};

const ISSUER: &str = "https://verify.example.com";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Https::new()?;
    // Fetches the public keys, and follows them.
    let guard = RemoteGuard::new(ISSUER, client.clone());
    let app = Router::new()
        .route("/password", post(change_password))
        .layer(TokenRequired::new(guard, "password-change"))
        .with_state(IssuerLedger::new(ISSUER, client));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    Ok(axum::serve(listener, app).await?)
}

/// The layer has checked the token. The handler spends it, so that it counts once, and then acts.
async fn change_password(
    State(ledger): State<IssuerLedger>,
    headers: HeaderMap,
    Verified(proof): Verified,
) -> (StatusCode, String) {
    let token = read_bearer_token(&headers).unwrap_or_default();
    match ledger.spend(token, &proof).await {
        Ok(SpendOutcome::Now) => (StatusCode::OK, format!("change it for {}", proof.phone)),
        Ok(SpendOutcome::Before) => (StatusCode::CONFLICT, "this code was used already".into()),
        Err(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "try again in a moment".into(),
        ),
    }
}
