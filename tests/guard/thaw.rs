//! A relying party that Lambda freezes: its connections to the issuer die meanwhile.

use phoneproof_guard::{
    Fetch as _, FetchFailed, Https, IssuerLedger, Ledger as _, RemoteGuard, SpendOutcome,
};
use phoneproof_tests::{Death, Wire, World};
use tokio::net::TcpListener;

use crate::guard::{now, obtain_success_token};

/// A lost spend would be 503, and 409 at the next try if its answer only was lost. A lost fetch would be 503.
#[tokio::test]
async fn no_call_to_the_issuer_is_lost_on_a_connection_that_died_in_a_freeze() {
    for death in [Death::Reset, Death::Silence] {
        let world = World::start().await;
        let wire = Wire::to(&world.stack.url).await;
        let client = Https::new().expect("a client");
        let guard = RemoteGuard::new(world.stack.url.as_str(), client.clone())
            .with_jwks_url(format!("{}/.well-known/jwks.json", wire.url));
        let ledger = IssuerLedger::new(&wire.url, client.clone());
        for n in 0..3 {
            let token = obtain_success_token(&world, n).await;
            let checked = guard.check(&token, "login", now(&world)).await;
            let proof = checked.expect("the keys were fetched");
            let spent = ledger.spend(&token, &proof).await;
            assert_eq!(spent, Ok(SpendOutcome::Now), "{death:?}, call {n}");
            wire.kill(death);
            // Longer than old keys are used, so the next check needs the fetch.
            world.advance(3_600);
        }
        assert_eq!(wire.count_opened(), 6, "one for each fetch and spend");
    }
}

/// An issuer that takes the connection and says nothing must leave time for another try.
#[tokio::test]
async fn connecting_has_a_limit_of_its_own() {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = silent.local_addr().expect("an address").port();
    let fetched = Https::new()
        .expect("a client")
        .fetch(&format!("https://127.0.0.1:{port}/"))
        .await;
    let failed: FetchFailed = fetched.expect_err("nothing answers");
    assert!(failed.to_string().contains("Connect"), "{failed}");
}
