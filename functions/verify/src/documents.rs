//! The documents that the service publishes: for relying parties the keys that sign success tokens, for front ends the
//! public part of the policy.

use http::StatusCode;
use phoneproof_api::problem::make_unavailable;
use phoneproof_api::{App, Endpoint, PolicyReply, openapi};
use phoneproof_http::openapi::with_server;
use phoneproof_http::{Problem, Reply};
use phoneproof_observe::RequestContext;
use serde_json::{Value, json};

/// Answers with the public keys of success tokens, as a JWKS (RFC 7517).
pub(crate) async fn answer_jwks(app: &App, context: &mut RequestContext) -> Result<Reply, Problem> {
    let jwks = app.service.read_jwks(context).await;
    let jwks = jwks.map_err(|cause| make_unavailable(cause, None))?;
    Ok(Reply::json(StatusCode::OK, &jwks)?.with_caching())
}

/// Answers with the issuer metadata, in the form that API gateways and JWT libraries look for (OpenID Connect
/// Discovery 1.0).
///
/// It names no authorization endpoint, because only `verify` issues tokens.
pub(crate) async fn answer_discovery(
    app: &App,
    context: &mut RequestContext,
) -> Result<Reply, Problem> {
    let jwks = app.service.read_jwks(context).await;
    let jwks = jwks.map_err(|cause| make_unavailable(cause, None))?;
    let issuer = app.service.issuer();
    let metadata = json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}{}", Endpoint::Jwks.route().path),
        "id_token_signing_alg_values_supported": list_algorithms(&jwks),
        "response_types_supported": [],
        "subject_types_supported": ["public"],
        "claims_supported": [
            "iss", "sub", "aud", "iat", "nbf", "exp", "jti", "phone_number",
            "phone_number_verified", "device_id", "amr", "action", "test",
        ],
    });
    Ok(Reply::json(StatusCode::OK, &metadata)?.with_caching())
}

/// Answers with what a front end has to know of the policy.
pub(crate) fn answer_policy(app: &App) -> Result<Reply, Problem> {
    let policy = PolicyReply::from(app.service.policy());
    Ok(Reply::json(StatusCode::OK, &policy)?.with_caching())
}

/// Answers with the OpenAPI document. Its server is the path at which the API is mapped.
pub(crate) fn answer_openapi(app: &App) -> Result<Reply, Problem> {
    let document = with_server(openapi::document(), &app.base_path);
    Ok(Reply::json(StatusCode::OK, &document)?.with_caching())
}

fn list_algorithms(jwks: &Value) -> Vec<&str> {
    let keys = jwks["keys"].as_array().into_iter().flatten();
    let mut names: Vec<_> = keys.filter_map(|key| key["alg"].as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}
