//! Attacks on the SMS bill, and on those whose texts the purses pay for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use phoneproof_tests::{Client, PARALLEL, World, at_once, many, phone, until_served};
use serde_json::{Value, json};

use crate::attacks::{MODES, address, nth_phone};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sequential_number_pumping() {
    let world = World::builder().purses().start().await;
    let statuses = many(1_000, &world.client, |n, client| async move {
        let (number, device) = (format!("+1415200{n:04}"), format!("device-{n}"));
        client.send_from(&number, &device, &address(n)).await
    })
    .await;
    // The block starts with five cents.
    assert_eq!(statuses, BTreeMap::from([(202, 5), (429, 995)]));
    assert_eq!(world.text_count(), 5);
}

/// Texts to random numbers of one country, each from another phone, device and address of a VPN.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_number_pumping() {
    for mode in MODES {
        let world = World::builder().mode(mode).purses().start().await;
        let statuses = many(1_000, &world.client, |n, client| async move {
            let device = format!("device-{n}");
            client.send_from(&nth_phone(n), &device, &address(n)).await
        })
        .await;
        assert_eq!(statuses, BTreeMap::from([(202, 6), (429, 994)]), "{mode}");
        assert_eq!(world.text_count(), 6);
    }
}

/// Strangers ask for a phone all day. Its owner, who was verified before, gets a code at every request.
#[tokio::test]
async fn shutting_the_owner_of_a_phone_out() {
    let world = World::builder().purses().start().await;
    let number = phone(1);
    let sent = world.client.send_from(&number, "owner", "192.0.2.1").await;
    let verified = world
        .client
        .verify(&sent.token(), &world.code(&number))
        .await;
    assert_eq!(verified.status, 200);
    let mut refused = 0;
    for n in 0..9 {
        for stranger in 0..5 {
            world.advance(61);
            let n = 5 * n + stranger;
            let (device, from) = (format!("stranger-{n}"), address(n));
            let answer = world.client.send_from(&number, &device, &from).await;
            refused += usize::from(answer.status == 429);
        }
        let sent = world.client.send_from(&number, "owner", "192.0.2.1").await;
        assert_eq!(sent.status, 202, "{n}: {}", sent.text);
        let verified = world
            .client
            .verify(&sent.token(), &world.code(&number))
            .await;
        assert_eq!(verified.status, 200, "{}", verified.text);
    }
    assert!(refused > 25, "{refused} of 45");
}

/// The attacker owns numbers, types the first code of each, and then asks for four more texts to it.
#[tokio::test]
async fn asking_again_for_phones_of_ones_own() {
    for mode in MODES {
        let world = World::builder().mode(mode).purses().start().await;
        let mut texted = 0;
        for n in 0..30 {
            let (number, device) = (nth_phone(n), format!("own-{n}"));
            let from = format!("203.{n}.113.1");
            let sent = world.client.send_from(&number, &device, &from).await;
            texted += usize::from(sent.status == 202);
            if sent.status == 202 {
                let code = world.code(&number);
                let verified = world.client.verify(&sent.token(), &code).await;
                assert_eq!(verified.status, 200, "{}", verified.text);
            }
            for _ in 0..4 {
                world.advance(61);
                let again = world.client.send_from(&number, &device, &from).await;
                texted += usize::from(again.status == 202);
            }
        }
        // Six texts to start with, and one more for each of two codes. What is typed gives its own text back.
        assert_eq!((texted, world.text_count()), (10, 10), "{mode}");
    }
}

/// What a flood is about. Each of its requests has another device and another address.
#[derive(Debug, Clone, Copy)]
enum Target {
    /// One phone, from everywhere.
    Phone,
    /// The phones of one number block.
    Block,
    /// Random phones of one country, whose purse of strangers is empty.
    Purse,
}

impl Target {
    fn number(self, n: usize) -> String {
        match self {
            Self::Phone => phone(1),
            Self::Block => format!("+1415200{:04}", n % 10_000),
            Self::Purse => nth_phone(n),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hot_key_denial_of_service() {
    let [sealed, stored] = MODES;
    for (mode, target) in [
        (sealed, Target::Phone),
        (stored, Target::Phone),
        (sealed, Target::Block),
        (stored, Target::Purse),
    ] {
        let world = World::builder().mode(mode).purses().start().await;
        // Six codes make a network one where users of the country sit.
        for n in 0..6 {
            verify_honest(
                &world,
                &nth_phone(650 + n),
                &format!("regular-{n}"),
                600 + n,
            )
            .await;
        }
        world.advance(61);
        let (flooding, client) = (Arc::new(AtomicBool::new(true)), world.client.clone());
        let flood = tokio::spawn(flood(client, target, Arc::clone(&flooding)));
        for n in 0..20 {
            verify_honest(&world, &nth_phone(100 + n), &format!("new-{n}"), n).await;
        }
        // Those who were verified before, at the same device.
        for n in 0..6 {
            verify_honest(
                &world,
                &nth_phone(650 + n),
                &format!("regular-{n}"),
                700 + n,
            )
            .await;
        }
        verify_honest(&world, "+447400123456", "abroad", 800).await;
        assert!(!flood.is_finished(), "the flood ran all the while");
        flooding.store(false, Ordering::SeqCst);
        let flooded = flood.await.expect("no panic");
        let most = match target {
            Target::Phone => 1,
            // What the block starts with.
            Target::Block => 5,
            // What the purse of strangers got for the codes of the first users.
            Target::Purse => 20,
        };
        assert!(flooded[&202] <= most, "{target:?}: {flooded:?}");
        assert!(flooded.values().sum::<usize>() >= 1_000, "{flooded:?}");
    }
}

/// Verifies a phone from an address of the network in which honest users sit.
async fn verify_honest(world: &World, number: &str, device: &str, host: usize) {
    let address = format!("203.0.{}.{}", host / 250, host % 250);
    let sent = world.client.send_from(number, device, &address).await;
    assert_eq!(sent.status, 202, "{device}: {}", sent.text);
    let code = world.code(number);
    let verified = world.client.verify(&sent.token(), &code).await;
    assert_eq!(verified.status, 200, "{device}: {}", verified.text);
}

/// Floods a target until `goes_on` is false.
async fn flood(client: Client, target: Target, goes_on: Arc<AtomicBool>) -> BTreeMap<u16, usize> {
    let mut flooded = BTreeMap::new();
    for wave in 0.. {
        if !goes_on.load(Ordering::SeqCst) {
            break;
        }
        let statuses = many(100, &client, |n, client| async move {
            let n = 100 * wave + n;
            let (number, device) = (target.number(n), format!("flood-{n}"));
            client.send_from(&number, &device, &address(n)).await
        })
        .await;
        for (status, count) in statuses {
            *flooded.entry(status).or_default() += count;
        }
    }
    flooded
}

/// Twenty texts once closed a block of ten thousand numbers. Now they stop strangers there, and nobody who was verified
/// before.
#[tokio::test]
async fn closing_a_number_block() {
    for mode in MODES {
        let world = World::builder().mode(mode).purses().start().await;
        let neighbour = |n: usize| {
            (
                format!("+1415200{:04}", 9_000 + n),
                format!("neighbour-{n}"),
            )
        };
        for n in 0..20 {
            let (number, device) = neighbour(n);
            verify_honest(&world, &number, &device, n).await;
        }
        world.advance(61);
        let (mut texted, mut closed) = (0, 0);
        for n in 0..200 {
            let (number, device) = (format!("+1415200{n:04}"), format!("pumper-{n}"));
            let answer = world.client.send_from(&number, &device, &address(n)).await;
            texted += usize::from(answer.status == 202);
            closed += usize::from(answer.json["rule"] == "number-block-purse");
        }
        assert_eq!(texted + closed, 200, "{texted} texts");
        // A block is full with eight texts, and the code that fills it may earn one more.
        assert!(texted <= 9, "{texted} texts");
        for n in 0..20 {
            let (number, device) = neighbour(n);
            verify_honest(&world, &number, &device, 300 + n).await;
        }
    }
}

/// Every parallel try of one right code has a success, and only one of them earns.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_right_code_to_fill_a_purse() {
    for mode in MODES {
        let world = World::builder().mode(mode).purses().start().await;
        let mut all_earned = 0;
        for round in 0..5 {
            let number = nth_phone(round);
            let device = format!("device-{round}");
            // A network of its own. One where several codes were typed would open another lane.
            let address = format!("203.{round}.113.1");
            let sent = world.client.send_from(&number, &device, &address).await;
            let before = read_purses(&world).await;
            let (token, code) = (sent.token(), world.code(&number));
            let statuses = at_once(&world.client, |_, client| {
                let (token, code) = (token.clone(), code.clone());
                async move { until_served(|| client.verify(&token, &code)).await }
            })
            .await;
            assert_eq!(statuses, BTreeMap::from([(200, *PARALLEL)]), "{mode}");
            world.advance(20);
            for _ in 0..5 {
                assert_eq!(world.client.verify(&token, &code).await.status, 200);
            }
            let after = read_purses(&world).await;
            // A code of the lane open gives two prices to the country and the block, and half of one to its network.
            let gains = [20_000, 1, 20_000, 5_000, 1];
            let earned = [0, 1, 2, 3, 4].map(|n| after[n] - before[n]);
            // On a busy machine a credit may be late, and is then lost.
            let is_once = earned
                .iter()
                .zip(gains)
                .all(|(own, gain)| [0, gain].contains(own));
            assert!(is_once, "{mode}, round {round}: {earned:?}");
            all_earned += usize::from(earned == gains);
        }
        assert!(all_earned > 0, "{mode}");
    }
}

/// Reads what the open lane and all blocks and networks hold, and the codes that country and networks have counted.
async fn read_purses(world: &World) -> [i64; 5] {
    let scan = json!({ "TableName": "Limits", "ConsistentRead": true });
    let scan = world.dynamodb("Scan", &scan).await;
    let items = scan.json["Items"].as_array().expect("items").clone();
    let sum = |prefix: &str, attribute: &str| {
        let of = |item: &&Value| {
            item["pk"]["S"]
                .as_str()
                .is_some_and(|pk| pk.starts_with(prefix))
        };
        let number = |item: &Value| item[attribute]["N"].as_str()?.parse::<i64>().ok();
        items.iter().filter(of).filter_map(number).sum()
    };
    [
        sum("purse#US", "open"),
        sum("purse#US", "typed"),
        sum("block#", "room"),
        sum("net#US", "room"),
        sum("net#US", "codes"),
    ]
}
