//! A store that is down, loses a reply, or still holds an expired block.

use std::collections::BTreeMap;

use phoneproof_domain::clock::Clock as _;
use phoneproof_domain::phone::Phone;
use phoneproof_local::aws::SECRET_ID;
use phoneproof_tests::{Fault, World, jwt_part, many, phone};

use crate::attacks::{MODES, address, nth_phone, obtain_challenge, raise_limits};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn store_down_gate_open() {
    for mode in MODES {
        let world = raise_limits(&["address"])
            .mode(mode)
            .proxied()
            .start()
            .await;
        let (token, right, _) = obtain_challenge(&world, &phone(600), 600).await;
        for operation in ["TransactWriteItems", "UpdateItem", "GetItem", "PutItem"] {
            world.proxy().break_all(operation, Fault::Refuse);
        }
        let before = world.stack.backends.inbox.count_publishes();
        let sends = many(100, &world.client, |n, client| async move {
            let device = format!("device-{n}");
            client.send_from(&nth_phone(n), &device, &address(n)).await
        })
        .await;
        assert_eq!(sends, BTreeMap::from([(503, 100)]), "{mode}");
        assert_eq!(world.stack.backends.inbox.count_publishes(), before);
        let verifies = many(100, &world.client, |_, client| {
            let (token, right) = (token.clone(), right.clone());
            async move { client.verify(&token, &right).await }
        })
        .await;
        assert_eq!(verifies, BTreeMap::from([(503, 100)]), "{mode}");
        world.proxy().mend();
        assert_eq!(world.client.verify(&token, &right).await.status, 200);
    }
}

#[tokio::test]
async fn lost_reply_on_verify() {
    for mode in MODES {
        let world = World::builder().mode(mode).proxied().start().await;
        for n in 0..20 {
            let (token, right, _) = obtain_challenge(&world, &nth_phone(n), n).await;
            world.proxy().break_next("UpdateItem", Fault::LoseReply);
            let first = world.client.verify(&token, &right).await;
            assert_eq!(first.status, 200, "{mode}: {}", first.text);
            // Its repeat by the client gets the same success, and is refused half a minute later.
            let again = world.client.verify(&token, &right).await;
            assert_eq!(jwt_part(&again.token(), 1), jwt_part(&first.token(), 1));
            world.advance(30);
            assert_eq!(world.client.verify(&token, &right).await.status, 409);
        }
    }
}

#[tokio::test]
async fn blocklist_lapsing() {
    let world = World::start().await;
    let keyring = world.read_keyring(SECRET_ID).await;
    let key = |number: &str| {
        let phone = Phone::from_canonical(number).expect("canonical");
        format!("phone#{}", keyring.indexer().index_phone(&phone).as_str())
    };
    let end = world.clock.now().unix() + 3_600;
    world.block(&key(&phone(1)), None).await;
    world.block(&key(&phone(2)), Some(end)).await;
    for _ in 0..10 {
        assert_eq!(world.client.send(&phone(1)).await.problem(), "blocked");
        world.advance(365 * 86_400);
    }
    assert_eq!(world.client.send(&phone(1)).await.problem(), "blocked");
    // The block with an end is over, although its item may still be in the table.
    assert_eq!(world.client.send(&phone(2)).await.status, 202);
    assert_eq!(world.text_count(), 1);
}
