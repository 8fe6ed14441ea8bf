//! Numbers, passwords, recovery codes and labels as people paste them.

use phoneproof_tests::{World, phone};
use serde_json::json;

use super::{PASSWORD, call_with_token, log_in, post, read_tokens, register, verify_phone};

#[tokio::test]
async fn a_pasted_number_and_a_password_of_another_keyboard_log_in() {
    let world = World::start().await;
    assert_eq!(register(&world, &phone(1), PASSWORD).await.status, 201);
    let plain = phone(1);
    let bracketed = format!("\u{202a}(+1) {}\u{202c}", &plain[2..]);
    let spaced = PASSWORD
        .replacen(' ', "\u{a0}", 1)
        .replacen(' ', "\u{3000}", 1);
    let answer = log_in(&world, &bracketed, &spaced).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    // A number that no numbering plan has names no account, like every other.
    let unknown = log_in(&world, "+1 436 200 7986", PASSWORD).await;
    assert_eq!(
        (unknown.status, unknown.problem()),
        (401, "wrong-credentials")
    );
}

#[tokio::test]
async fn a_label_is_cut_and_never_stops_a_log_in() {
    let world = World::start().await;
    assert_eq!(register(&world, &phone(1), PASSWORD).await.status, 201);
    for (label, kept) in [
        (json!("x".repeat(2_000)), "x".repeat(64)),
        (json!("Ann's\nphone\0"), "Ann's phone".to_owned()),
        (json!("雲".repeat(30)), "雲".repeat(21)),
        // No type of JSON stops it.
        (json!(null), String::new()),
        (json!(5), String::new()),
        (json!(true), String::new()),
        (json!({ "name": "Ann's phone" }), String::new()),
        (json!(["Ann's", "phone", 5]), "Ann's phone".to_owned()),
    ] {
        let body = json!({ "phone": phone(1), "password": PASSWORD, "device": label });
        let (access, _) = read_tokens(&post(&world, "/sessions", &body).await);
        let list = call_with_token(&world, http::Method::GET, "/sessions", &access, None).await;
        let sessions = list.json["sessions"].as_array().expect("a list");
        let own = sessions.iter().find(|session| session["current"] == true);
        assert_eq!(own.expect("this session")["device"], kept);
    }
    // Half a character, a number that no computer holds, and lists in lists.
    let deep = format!("{}{}", "[".repeat(900), "]".repeat(900));
    for label in [r#""Ann \ud83d""#, "1e999", &deep] {
        let (phone, headers) = (phone(1), [("content-type", "application/json")]);
        let body = format!(r#"{{"phone":"{phone}","password":"{PASSWORD}","device":{label}}}"#);
        let path = "/account/v1/sessions";
        let answer = world
            .client
            .raw(http::Method::POST, path, &headers, body.into());
        let answer = answer.await;
        assert_eq!(answer.status, 201, "{label}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_common_password_with_padding_is_refused() {
    let world = World::start().await;
    let token = verify_phone(&world, "register", &phone(1)).await;
    for password in ["password1234567", "Password123456789", "admin1234567890"] {
        let body = json!({ "token": token, "password": password });
        let answer = post(&world, "/accounts", &body).await;
        assert_eq!(
            (answer.status, answer.problem()),
            (422, "password-refused"),
            "{password}"
        );
    }
}
