//! Attacks that try to pass verification without the code.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use phoneproof_tests::{PARALLEL, World, at_once, jwt_part, many, phone};

use crate::attacks::{MODES, nth_phone, obtain_challenge, raise_limits, start_patient};

const ROUNDS: usize = 10;

#[tokio::test]
async fn serial_guessing() {
    for mode in MODES {
        let world = start_patient(mode).await;
        for n in 0..20 {
            let (token, right, wrong) = obtain_challenge(&world, &nth_phone(n), n).await;
            for _ in 0..5 {
                assert_eq!(world.client.verify(&token, &wrong).await.status, 422);
            }
            assert_eq!(world.client.verify(&token, &right).await.status, 429);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_guessing() {
    for mode in MODES {
        let world = start_patient(mode).await;
        for round in 0..ROUNDS {
            let (token, right, _) = obtain_challenge(&world, &nth_phone(round), round).await;
            let right: usize = right.parse().expect("digits");
            let statuses = at_once(&world.client, |n, client| {
                let (token, guess) = (token.clone(), format!("{:06}", (right + 1 + n) % 1_000_000));
                async move { client.verify(&token, &guess).await }
            })
            .await;
            let expected = BTreeMap::from([(422, 5), (429, *PARALLEL - 5)]);
            assert_eq!(statuses, expected, "round {round}, {mode}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_right_code_sent_many_times() {
    for mode in MODES {
        let world = start_patient(mode).await;
        for round in 0..ROUNDS {
            let (token, right, wrong) = obtain_challenge(&world, &nth_phone(round), round).await;
            let made = Arc::new(Mutex::new(BTreeSet::new()));
            let statuses = at_once(&world.client, |_, client| {
                let (token, right, made) = (token.clone(), right.clone(), Arc::clone(&made));
                async move {
                    let answer = client.verify(&token, &right).await;
                    let claims = jwt_part(&answer.token(), 1).to_string();
                    made.lock().expect("not poisoned").insert(claims);
                    // Each one spends what it got.
                    client.spend(&answer.token(), "login").await
                }
            })
            .await;
            // All got the same success, with one `jti`, and it is spent once.
            assert_eq!(made.lock().expect("not poisoned").len(), 1, "round {round}");
            let expected = BTreeMap::from([(200, 1), (409, *PARALLEL - 1)]);
            assert_eq!(statuses, expected, "round {round}, {mode}");
            // The token alone opens nothing in this time: wrong codes count, and then the right one is refused too.
            for _ in 0..5 {
                assert_eq!(world.client.verify(&token, &right).await.status, 200);
                assert_eq!(world.client.verify(&token, &wrong).await.status, 409);
            }
            assert_eq!(world.client.verify(&token, &right).await.status, 409);
            let metric = |name| world.lines.text().matches(name).count();
            assert_eq!(metric("\"Verified\":1"), round + 1, "each is counted once");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replay_of_a_used_challenge() {
    for mode in MODES {
        let world = start_patient(mode).await;
        let (token, right, _) = obtain_challenge(&world, &phone(1), 1).await;
        let first = world.client.verify(&token, &right).await;
        assert_eq!(first.status, 200);
        world.advance(29);
        // Until then a replay gets the same success, which is spent once.
        let last = world.client.verify(&token, &right).await;
        assert_eq!(jwt_part(&last.token(), 1), jwt_part(&first.token(), 1));
        assert_eq!(
            world.client.spend(&first.token(), "login").await.status,
            200
        );
        assert_eq!(world.client.spend(&last.token(), "login").await.status, 409);
        world.advance(1);
        let statuses = many(5_000, &world.client, |_, client| {
            let (token, right) = (token.clone(), right.clone());
            async move { client.verify(&token, &right).await }
        })
        .await;
        assert_eq!(statuses, BTreeMap::from([(409, 5_000)]), "{mode}");
    }
}

#[tokio::test]
async fn new_codes_to_reset_the_guess_count() {
    for mode in MODES {
        let world = start_patient(mode).await;
        let (mut guesses, mut by_day) = (0, Vec::new());
        for day in 0..8 {
            let mut today = 0;
            for n in 0..10 {
                // Each challenge has its own device and address, so only the limits of the phone apply.
                let (device, address) =
                    (format!("d{day}-{n}"), crate::attacks::address(day * 10 + n));
                let sent = world.client.send_from(&phone(1), &device, &address).await;
                if sent.status != 202 {
                    // The soft lock holds until the day ends, the hard lock for good.
                    let soft = sent.json["rule"] == "phone-lock";
                    assert!(soft || sent.problem() == "locked", "{}", sent.text);
                    break;
                }
                let wrong = world.wrong_code(&phone(1));
                for _ in 0..6 {
                    let guess = world.client.verify(&sent.token(), &wrong).await;
                    today += usize::from(guess.status == 422);
                }
                world.advance(720);
            }
            guesses += today;
            by_day.push(today);
            // Noon of the next day.
            let spent = phoneproof_domain::clock::Clock::now(world.clock.as_ref()).unix() % 86_400;
            let spent = u64::try_from(spent).expect("seconds of a day");
            world.advance(86_400 - spent + 43_200);
        }
        // The soft lock holds for the day, the hard lock for good.
        assert_eq!(by_day, [20, 20, 20, 20, 20, 0, 0, 0], "{mode}");
        assert_eq!(guesses, 100);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_code_over_many_phones() {
    // One device uses many addresses, then one address uses many devices.
    for (is_device, limit) in [(true, 10), (false, 20)] {
        let world = World::start().await;
        let statuses = many(1_000, &world.client, |n, client| {
            let own = format!("device-{n}");
            async move {
                let (device, address) = if is_device {
                    ("device-1", crate::attacks::address(n))
                } else {
                    (own.as_str(), crate::attacks::address(0))
                };
                let sent = client.send_from(&nth_phone(n), device, &address).await;
                if sent.status != 202 {
                    return sent;
                }
                client.verify(&sent.token(), "271828").await
            }
        })
        .await;
        assert_eq!(world.text_count(), limit);
        assert_eq!(statuses[&429], 1_000 - limit);
        // Each wrong guess leaves a request line with its metric.
        let wrong = world
            .lines
            .text()
            .matches("\"outcome\":\"wrong-code\"")
            .count();
        assert_eq!(wrong, statuses.get(&422).copied().unwrap_or(0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expired_code() {
    for mode in MODES {
        let world = raise_limits(&["address"]).mode(mode).start().await;
        let mut challenges = Vec::new();
        for n in 0..100 {
            challenges.push(obtain_challenge(&world, &nth_phone(n), n).await);
        }
        world.advance(301);
        // All items are still in the table, because DynamoDB deletes them only some time after they expire.
        assert!(world.count("Challenges").await >= 100);
        for (token, right, _) in &challenges {
            assert_eq!(world.client.verify(token, right).await.status, 410);
        }
    }
}

#[tokio::test]
async fn cancelling_a_victims_code() {
    for mode in MODES {
        let world = start_patient(mode).await;
        let (token, right, _) = obtain_challenge(&world, &phone(1), 1).await;
        let mut texts = 1;
        // A stranger requests codes for the same phone and guesses wrong at each.
        for n in 0..200 {
            let sent = world
                .client
                .send_from(
                    &phone(1),
                    &format!("stranger-{n}"),
                    &crate::attacks::address(n),
                )
                .await;
            if sent.status == 202 {
                texts += 1;
                let wrong = world.wrong_code(&phone(1));
                for _ in 0..3 {
                    world.client.verify(&sent.token(), &wrong).await;
                }
            }
            world.advance(1);
        }
        assert_eq!(texts, 4, "the cooldown lets a text a minute through");
        assert_eq!(
            world.client.verify(&token, &right).await.status,
            200,
            "{mode}"
        );
    }
}
