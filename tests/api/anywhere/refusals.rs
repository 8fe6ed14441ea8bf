//! Refusals, as callers see them.

use phoneproof_tests::Site;
use serde_json::json;

use crate::api::problem::assert_problem;

#[tokio::test]
async fn an_unknown_business_is_refused() {
    let site = Site::open().await;
    let body = json!({ "phone": site.phone(1), "uniqueId": "d", "businessId": "nope" });
    let answer = site.client.post("/v1/send", &body).await;
    assert_problem(&answer, 400, "unknown-business", None);
    assert_eq!(answer.json["errors"][0]["field"], "businessId");
    assert_eq!(site.text_count().await, 0);
}

#[tokio::test]
async fn a_wrong_code_counts_and_the_last_guess_ends_the_challenge() {
    for site in Site::in_each_mode().await {
        let token = site.client.send(&site.phone(1)).await.token();
        for left in (0..5).rev() {
            let answer = site
                .client
                .verify(&token, &site.wrong_code(&site.phone(1)).await)
                .await;
            assert_problem(&answer, 422, "wrong-code", Some(-5));
            assert_eq!(answer.json["attemptsRemaining"], left);
        }
        let answer = site
            .client
            .verify(&token, &site.code(&site.phone(1)).await)
            .await;
        assert_problem(&answer, 429, "attempts-exhausted", Some(-5));
    }
}

#[tokio::test]
async fn a_used_code_is_refused() {
    for site in Site::in_each_mode().await {
        let token = site.client.send(&site.phone(1)).await.token();
        let code = site.code(&site.phone(1)).await;
        assert_eq!(site.client.verify(&token, &code).await.status, 200);
        let wrong = site.wrong_code(&site.phone(1)).await;
        for _ in 0..5 {
            // The right code again, a moment later, gets the same success. Wrong codes do not, and they count.
            assert_eq!(site.client.verify(&token, &code).await.status, 200);
            let refused = site.client.verify(&token, &wrong).await;
            assert_problem(&refused, 409, "already-used", Some(-5));
        }
        let refused = site.client.verify(&token, &code).await;
        assert_problem(&refused, 409, "already-used", Some(-5));
    }
}

#[tokio::test]
async fn a_bad_token_is_refused() {
    for site in Site::in_each_mode().await {
        let token = site.client.send(&site.phone(1)).await.token();
        let code = site.code(&site.phone(1)).await;
        let cut = &token[..token.len() - 1];
        for bad in ["x", cut, "v1.r1-1.AAAA.AAAA", "AAAAAAAAAAAAAAAAAAAAAA"] {
            assert_problem(
                &site.client.verify(bad, &code).await,
                400,
                "invalid-token",
                None,
            );
        }
        assert_eq!(
            site.client.verify(&token, &code).await.status,
            200,
            "nothing was counted"
        );
    }
}

#[tokio::test]
async fn a_success_token_is_spent_for_its_own_audience_only() {
    let site = Site::open().await;
    let challenge = site.client.send(&site.phone(1)).await.token();
    let success = site
        .client
        .verify(&challenge, &site.code(&site.phone(1)).await)
        .await
        .token();
    assert_problem(
        &site.client.spend(&success, "register").await,
        400,
        "invalid-token",
        None,
    );
    assert_problem(
        &site.client.spend(&challenge, "login").await,
        400,
        "invalid-token",
        None,
    );
    assert_problem(
        &site.client.verify(&success, "123456").await,
        400,
        "invalid-token",
        None,
    );
    assert_eq!(site.client.spend(&success, "login").await.status, 200);
    assert_problem(
        &site.client.spend(&success, "login").await,
        409,
        "already-spent",
        None,
    );
}
