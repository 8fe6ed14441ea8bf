//! What the success token says of calls when some were placed, some were refused, and texts went out between them.

use phoneproof_domain::delivery::Reason;
use phoneproof_local::inbox::Carrier;
use phoneproof_tests::{Answer, World, jwt_part, phone};
use serde_json::{Value, json};

use crate::api::voice::build;

const REFUSES: Carrier = Carrier::Answer(Reason::OptedOut);

#[derive(Debug, Clone, Copy)]
enum Step {
    Call,
    RefusedCall,
    Text,
    RefusedText,
}

async fn take(world: &World, step: Step, token: &str) {
    world.advance(60);
    let is_refused = matches!(step, Step::RefusedCall | Step::RefusedText);
    world.carrier(if is_refused {
        REFUSES
    } else {
        Carrier::Deliver
    });
    let answer = match step {
        Step::Call | Step::RefusedCall => world.client.call(&phone(1), token).await,
        Step::Text | Step::RefusedText => world.client.resend(&phone(1), token).await,
    };
    let status = if is_refused { 502 } else { 202 };
    assert_eq!(answer.status, status, "{step:?}: {}", answer.text);
}

fn amr(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text);
    jwt_part(&answer.token(), 1)["amr"].clone()
}

#[tokio::test]
async fn the_success_token_names_a_call_that_was_placed_whatever_was_refused_after_it() {
    use Step::{Call, RefusedCall, RefusedText, Text};
    for (steps, is_called) in [
        (&[Call, RefusedCall][..], true),
        (&[Call, RefusedCall, RefusedCall], true),
        (&[RefusedCall, Call], true),
        (&[RefusedCall, Call, RefusedCall], true),
        (&[Call, RefusedText], true),
        (&[Call, Text], true),
        (&[Text, Call], true),
        (&[Call, Call], true),
        (&[RefusedCall], false),
        (&[RefusedCall, RefusedCall], false),
        (&[RefusedCall, Text], false),
        (&[RefusedText, RefusedCall], false),
    ] {
        let world = build().purses().start().await;
        let token = world.client.send(&phone(1)).await.token();
        let code = world.code(&phone(1));
        for step in steps {
            take(&world, *step, &token).await;
        }
        world.carrier(Carrier::Deliver);
        let expected = if is_called {
            json!(["sms", "tel", "otp"])
        } else {
            json!(["sms", "otp"])
        };
        // The repeat within half a minute has the same claims.
        for _ in 0..2 {
            let verified = world.client.verify(&token, &code).await;
            assert_eq!(amr(&verified), expected, "{steps:?}");
        }
    }
}

/// A channel that does not answer may have called.
#[tokio::test]
async fn a_call_that_nobody_knows_of_counts_as_one() {
    let world = build().purses().start().await;
    let token = world.client.send(&phone(1)).await.token();
    let code = world.code(&phone(1));
    world.advance(60);
    world.carrier(Carrier::Answer(Reason::ServerError));
    assert_eq!(world.client.call(&phone(1), &token).await.status, 504);
    take(&world, Step::RefusedCall, &token).await;
    let verified = world.client.verify(&token, &code).await;
    assert_eq!(amr(&verified), json!(["sms", "tel", "otp"]));
}

/// The guesses go on with the renewal of a challenge near its end, and so does nothing else: its code is another one.
#[tokio::test]
async fn a_renewal_that_is_refused_leaves_the_challenge_before_it_as_it_was() {
    let world = build().purses().start().await;
    let token = world.client.send(&phone(1)).await.token();
    let code = world.code(&phone(1));
    take(&world, Step::Call, &token).await;
    // In the last two of five minutes a call speaks a new code.
    world.advance(80);
    take(&world, Step::RefusedCall, &token).await;
    world.carrier(Carrier::Deliver);
    let verified = world.client.verify(&token, &code).await;
    assert_eq!(amr(&verified), json!(["sms", "tel", "otp"]));
}

/// A call near the end of a challenge speaks a code that no text ever had.
#[tokio::test]
async fn a_code_that_calls_alone_had_is_no_code_of_a_text() {
    for (after, expected) in [
        (None, json!(["tel", "otp"])),
        (Some(Step::Call), json!(["tel", "otp"])),
        (Some(Step::RefusedCall), json!(["tel", "otp"])),
        (Some(Step::Text), json!(["sms", "tel", "otp"])),
    ] {
        let world = build().purses().start().await;
        let token = world.client.send(&phone(1)).await.token();
        let texted = world.code(&phone(1));
        world.advance(200);
        let called = world.client.call(&phone(1), &token).await;
        assert_eq!(called.status, 202, "{}", called.text);
        let code = world.code(&phone(1));
        assert_ne!(code, texted, "a new code");
        if let Some(step) = after {
            take(&world, step, &called.token()).await;
            world.carrier(Carrier::Deliver);
        }
        // The repeat within half a minute has the same claims.
        for _ in 0..2 {
            let verified = world.client.verify(&called.token(), &code).await;
            assert_eq!(amr(&verified), expected, "{after:?}");
        }
        let old = world.client.verify(&token, &texted).await;
        assert_eq!(old.status, 410, "{}", old.text);
        let detail = old.json["detail"].as_str().unwrap_or_default();
        assert!(detail.starts_with("A newer code was sent"), "{detail}");
    }
}

#[tokio::test]
async fn a_typed_code_pays_for_the_call_that_was_placed_and_for_no_refused_one() {
    let world = build().purses().start().await;
    let open = async || {
        let open = world.read_limit("calls#US", "open").await;
        open.expect("a purse")
    };
    let token = world.client.send(&phone(1)).await.token();
    let code = world.code(&phone(1));
    take(&world, Step::Call, &token).await;
    assert_eq!(open().await, 30_000, "one of two is left");
    take(&world, Step::RefusedCall, &token).await;
    assert_eq!(open().await, 30_000);
    let verified = world.client.verify(&token, &code).await;
    assert_eq!(verified.status, 200, "{}", verified.text);
    assert_eq!(open().await, 90_000, "twice the price of one call");
}
