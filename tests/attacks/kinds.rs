//! Good tokens that are used in the wrong place or more than once.

use std::collections::BTreeMap;

use phoneproof_domain::challenge::TokenMode;
use phoneproof_domain::clock::Clock as _;
use phoneproof_guard::Guard;
use phoneproof_local::aws::SECRET_ID;
use phoneproof_tests::{PARALLEL, World, at_once, phone};
use serde_json::json;

use crate::attacks::{MODES, nth_phone, obtain_challenge, obtain_success_token, start_patient};

/// What one of the tokens approves.
const ACTION: &str = "pay:order-42:EUR 100";

#[tokio::test]
async fn one_kind_of_token_for_another() {
    for mode in MODES {
        let world = World::builder().mode(mode).start().await;
        let (opened, code, _) = obtain_challenge(&world, &phone(1), 1).await;
        let login = obtain_success_token(&world, &phone(2), 2).await;
        let body = json!({ "phone": phone(3), "uniqueId": "d3", "businessId": "register" });
        let sent = world.client.post("/v1/send", &body).await;
        let register = world
            .client
            .verify(&sent.token(), &world.code(&phone(3)))
            .await
            .token();
        let body =
            json!({ "phone": phone(4), "uniqueId": "d4", "businessId": "login", "action": ACTION });
        let sent = world.client.post("/v1/send", &body).await;
        let payment = world
            .client
            .verify(&sent.token(), &world.code(&phone(4)))
            .await
            .token();
        let jwks = world.read_keyring(SECRET_ID).await.jwks().to_string();
        let guard = Guard::new(world.stack.url.as_str(), jwks.as_bytes()).expect("keys");
        let paying = guard.clone().accept_actions();
        let now = u64::try_from(world.clock.now().unix()).expect("after 1970");
        let tokens = [&opened, &login, &payment, &register];
        let mut seen = Vec::new();
        for token in tokens {
            seen.push([
                world.client.verify(token, &code).await.status == 200,
                guard.check(token, "login", now).is_ok(),
                paying
                    .check(token, "login", now)
                    .is_ok_and(|proof| proof.is_for(ACTION)),
                world.client.spend(token, "login").await.status == 200,
                guard.check(token, "register", now).is_ok(),
                world.client.spend(token, "register").await.status == 200,
            ]);
        }
        // The ledger counts a token whatever it approves; what that is, the relying party compares.
        let diagonal = [
            [true, false, false, false, false, false],
            [false, true, false, true, false, false],
            [false, false, true, true, false, false],
            [false, false, false, false, true, true],
        ];
        assert_eq!(seen, diagonal, "{mode}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn success_token_used_twice() {
    let world = start_patient(TokenMode::Sealed).await;
    for round in 0..5 {
        let token = obtain_success_token(&world, &nth_phone(round), round).await;
        let statuses = at_once(&world.client, |_, client| {
            let token = token.clone();
            async move { client.spend(&token, "login").await }
        })
        .await;
        let expected = BTreeMap::from([(200, 1), (409, *PARALLEL - 1)]);
        assert_eq!(statuses, expected, "round {round}");
    }
}
