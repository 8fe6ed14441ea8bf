//! Tokens with extreme times.

use phoneproof_guard::Guard;
use phoneproof_tests::{Forger, World, jwt_part};
use serde_json::json;

use crate::guard::{now, obtain_success_token};

/// The issuer decides how long a token lives, so the guard must add its leeway without an overflow.
#[tokio::test]
async fn a_token_that_never_expires_is_accepted() {
    let world = World::start().await;
    let token = obtain_success_token(&world, 1).await;
    let (issuer, header) = (Forger::new(), jwt_part(&token, 0));
    let jwks = json!({ "keys": [issuer.jwk(&header["kid"])] }).to_string();
    let guard = Guard::new(world.stack.url.as_str(), jwks.as_bytes()).expect("keys");
    let mut claims = jwt_part(&token, 1);
    claims["exp"] = json!(u64::MAX);
    let forever = issuer.sign(&header, &claims.to_string());
    assert!(guard.check(&forever, "login", now(&world)).is_ok());
}
