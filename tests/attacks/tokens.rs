//! Challenge tokens that were altered, written differently, or issued for another exchange.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use phoneproof_domain::challenge::TokenMode;
use phoneproof_tests::{Answer, World, hex, phone};
use serde_json::json;

use crate::attacks::{MODES, obtain_challenge};

fn write_keyring(roots: &[(&str, char)], current: &str, index: &str) -> String {
    let root = |(id, letter): &(&str, char)| ((*id).to_owned(), letter.to_string().repeat(43));
    let roots: BTreeMap<String, String> = roots.iter().map(root).collect();
    json!({ "current": current, "index": index, "roots": roots }).to_string()
}

#[tokio::test]
async fn challenge_of_another_exchange() {
    for mode in MODES {
        // Two deployments with the same keys, two businesses, two phones: eight exchanges.
        let keys = write_keyring(&[("r1", 'k')], "r1", "r1");
        // Each challenge needs enough attempts for the codes of all other exchanges.
        let builder = World::builder()
            .policy("[business.login]\n", "[business.login]\nattempts = 10\n")
            .policy(
                "[business.register]\n",
                "[business.register]\nattempts = 10\n",
            )
            .mode(mode)
            .keyring(&keys);
        let worlds = [builder.clone().start().await, builder.seed(8).start().await];
        let mut exchanges = Vec::new();
        for (place, world) in worlds.iter().enumerate() {
            for (n, business) in ["login", "register"].into_iter().enumerate() {
                for who in 0..2 {
                    let number = phone(u32::try_from(2 * n + who).expect("small"));
                    let body = json!({ "phone": number, "uniqueId": format!("d{n}{who}"), "businessId": business });
                    let sent = world.client.post("/v1/send", &body).await;
                    exchanges.push((place, sent.token(), world.code(&number)));
                }
            }
        }
        // Every token is tried with every other code. At the other deployment it is tried with its own code too.
        let mut tries = 0;
        for (own, token, right) in &exchanges {
            for (_, _, code) in exchanges.iter().filter(|(_, _, code)| code != right) {
                let answer = worlds[*own].client.verify(token, code).await;
                assert_eq!(answer.status, 422, "{}", answer.text);
                tries += 1;
            }
            for (_, _, code) in &exchanges {
                let answer = worlds[1 - *own].client.verify(token, code).await;
                assert_eq!(answer.problem(), "invalid-token", "{}", answer.text);
                tries += 1;
            }
        }
        assert_eq!(tries, 8 * (7 + 8));
        // A resend with the token of another exchange sends no text.
        let (_, token, _) = &exchanges[0];
        let texts = worlds[0].text_count();
        for (number, device, business) in [
            (phone(1), "d00", "login"),
            (phone(0), "other", "login"),
            (phone(0), "d00", "register"),
        ] {
            worlds[0].advance(60);
            let body = json!({ "phone": number, "uniqueId": device, "businessId": business, "token": token });
            let answer = worlds[0].client.post("/v1/send", &body).await;
            assert_eq!(answer.problem(), "invalid-token", "{}", answer.text);
        }
        assert_eq!(worlds[0].text_count(), texts);
        // Each token is still good in its own exchange.
        for (own, token, code) in &exchanges {
            assert_eq!(worlds[*own].client.verify(token, code).await.status, 200);
        }
    }
}

/// Flips each bit of each character of `token`, and each bit of each byte that it encodes.
fn flip_bits(token: &str) -> Vec<String> {
    let mut forged = Vec::new();
    for at in 0..token.len() {
        for bit in 0..7 {
            let mut bytes = token.as_bytes().to_vec();
            bytes[at] ^= 1 << bit;
            forged.extend(String::from_utf8(bytes));
        }
    }
    let parts: Vec<&str> = token.split('.').collect();
    for (n, part) in parts.iter().enumerate() {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(part) else {
            continue;
        };
        for at in 0..bytes.len() * 8 {
            let mut bytes = bytes.clone();
            bytes[at / 8] ^= 1 << (at % 8);
            let mut parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
            parts[n] = URL_SAFE_NO_PAD.encode(&bytes);
            forged.push(parts.join("."));
        }
    }
    forged
}

/// Cuts and extends `token`, and writes it in other encodings.
fn reencode(token: &str) -> Vec<String> {
    let mut forged: Vec<String> = (0..token.len())
        .map(|end| token[..end].to_owned())
        .collect();
    for addition in ["A", "AA", "=", "==", ".", " ", "\n", "\0", ".AAAA"] {
        forged.extend([format!("{token}{addition}"), format!("{addition}{token}")]);
    }
    forged.extend([
        token.to_uppercase(),
        token.to_lowercase(),
        token.replace('.', ".."),
        token.replace('.', ":"),
        STANDARD.encode(token),
        format!("%{}", hex(token.as_bytes())),
        format!("{token}{token}"),
    ]);
    // These use the standard alphabet, and the bits that the last character of base64 leaves unused.
    forged.push(token.replace('-', "+").replace('_', "/"));
    for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".chars() {
        forged.push(format!("{}{last}", &token[..token.len() - 1]));
    }
    forged.retain(|forged| forged != token);
    forged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn altered_and_reencoded_tokens() {
    for mode in MODES {
        let world = World::builder().mode(mode).start().await;
        let (token, right, _) = obtain_challenge(&world, &phone(1), 1).await;
        let mut forged = flip_bits(&token);
        forged.extend(reencode(&token));
        let count = forged.len();
        assert!(
            count
                > if mode == TokenMode::Sealed {
                    2_000
                } else {
                    250
                },
            "{count}"
        );
        let mut accepted = Vec::new();
        for forged in forged {
            let answer: Answer = world.client.verify(&forged, &right).await;
            if answer.status != 400 {
                accepted.push((forged, answer.text));
            }
        }
        assert_eq!(accepted, [], "{mode}: of {count}");
        // None of these requests used up a guess of the token.
        assert_eq!(world.client.verify(&token, &right).await.status, 200);
    }
}

/// Functions read the keyring again after this many seconds.
const REFRESH: u64 = 300;

/// Replaces the key id of a sealed `token` with other ids.
fn rename_key(token: &str) -> Vec<String> {
    let (_, rest) = token.split_once('-').expect("v1.<root>-<day>");
    let ids = ["r2", "r3", "R1", "", "r1-r1", "../r1", "r1x"];
    ids.map(|id| format!("v1.{id}-{rest}")).to_vec()
}

#[tokio::test]
async fn retired_or_unknown_key() {
    for mode in MODES {
        // The index has a root of its own, so only the keys of tokens are retired.
        let both = write_keyring(&[("r1", 'a'), ("r2", 'b')], "r1", "r2");
        let world = World::builder()
            .policy("code_lifetime_seconds = 300", "code_lifetime_seconds = 600")
            .policy(
                "[business.login]\n",
                "[business.login]\nsuccess_token_lifetime_seconds = 3600\n",
            )
            .mode(mode)
            .keyring(&both)
            .start()
            .await;
        world.advance(100);
        // The code and the success token stay good until the key is back.
        let body = json!({ "phone": phone(1), "uniqueId": "d", "businessId": "password-change" });
        let token = world.client.post("/v1/send", &body).await.token();
        let right = world.code(&phone(1));
        let success = crate::attacks::obtain_success_token(&world, &phone(2), 2).await;
        if mode == TokenMode::Sealed {
            for renamed in rename_key(&token) {
                let answer = world.client.verify(&renamed, &right).await;
                assert_eq!(answer.problem(), "invalid-token", "{renamed:.20}");
            }
        }
        let retired = write_keyring(&[("r2", 'b')], "r2", "r2");
        world.stack.backends.secret.set(Some(retired));
        world.advance(REFRESH - 100);
        for _ in 0..100 {
            let answer = world.client.verify(&token, &right).await;
            assert_eq!(answer.problem(), "invalid-token", "{mode}: {}", answer.text);
            let spent = world.client.spend(&success, "login").await;
            assert_eq!(spent.problem(), "invalid-token", "{}", spent.text);
        }
        // With the key back both are good, so only the missing key caused the refusals.
        world.stack.backends.secret.set(Some(both));
        world.advance(REFRESH);
        assert_eq!(world.client.verify(&token, &right).await.status, 200);
        assert_eq!(world.client.spend(&success, "login").await.status, 200);
    }
}
