//! Targets for the bodies and refresh tokens that the account service reads.

use std::fmt::Debug;
use std::sync::LazyLock;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use phoneproof_account::bodies::{LogInBody, PasswordBody, RefreshBody, RegisterBody, ResetBody};
use phoneproof_account::password::{MAX_CHARACTERS, Password};
use phoneproof_account::refresh_token::{AccountId, RefreshToken, SessionId};
use phoneproof_http::{JsonBody, Problem, read_body};

use crate::bodies::{JSON_WORDS, text_of};
use crate::fixture::{Counting, KEYRING, NOW};
use crate::{Outcome, Target, assert_silent, bytes_of};

/// Reads the bytes as each body of the account service.
pub(crate) const BODIES: Target = Target {
    name: "account_bodies",
    run: bodies,
    seeds: || {
        bytes_of([
            r#"{"token":"eyJ.CaNaRy.e30","password":"green CaNaRy at noon","secondStep":true}"#,
            r#"{"phone":"+14152007986","password":"cafe\u0301 CaNaRy","device":"CaNaRy's laptop"}"#,
            r#"{"phone":"(415) 200-7986","region":"US","password":"CaNaRy","token":"CaNaRy"}"#,
            r#"{"token":"CaNaRy"}"#,
            r#"{"refreshToken":"CaNaRy"}"#,
            r#"{"token":"CaNaRy","password":"green CaNaRy at noon"}"#,
        ])
    },
    words: JSON_WORDS,
};

/// Reads the bytes as a refresh token.
pub(crate) const REFRESH_TOKEN: Target = Target {
    name: "refresh_token",
    run: refresh_token,
    seeds: || vec![OURS.clone().into_bytes()],
    words: &["=", "A", "-", "_", "+", "/", ".", " ", "\n"],
};

/// The only refresh token that was issued.
static OURS: LazyLock<String> = LazyLock::new(|| {
    let token = RefreshToken::first(AccountId([1; 16]), SessionId([2; 16]), &Counting);
    token.expect("a token").to_text(&KEYRING).to_string()
});

fn bodies(bytes: &[u8]) -> Outcome {
    let outcomes = [
        judge(bytes, |body: RegisterBody| {
            check_password(body.read_password())
        }),
        judge(bytes, |body: LogInBody| {
            let device = body.read_device();
            assert!(device.len() <= 64 && !device.chars().any(char::is_control));
            assert_silent(&format!("{:?}", body.read_credentials()?));
            Ok(())
        }),
        judge(bytes, |_: RefreshBody| Ok(())),
        judge(bytes, |body: PasswordBody| {
            check_password(body.read_password())
        }),
        judge(bytes, |body: ResetBody| {
            check_password(body.read_password())
        }),
    ];
    if outcomes.contains(&Outcome::Accepted) {
        Outcome::Accepted
    } else {
        Outcome::Refused
    }
}

fn judge<T: JsonBody + Debug>(bytes: &[u8], check: impl Fn(T) -> Result<(), Problem>) -> Outcome {
    let json = HeaderValue::from_static("application/json");
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, json)]);
    let read = read_body::<T>(&headers, bytes).map_err(Problem::from);
    if let Ok(body) = &read {
        assert_silent(&format!("{body:?}"));
    }
    match read.and_then(check) {
        Ok(()) => Outcome::Accepted,
        Err(problem) => {
            assert_silent(&format!("{problem:?}"));
            let answer = problem.to_response("request-1", NOW);
            assert_silent(text_of(&answer));
            let expected = [StatusCode::BAD_REQUEST, StatusCode::PAYLOAD_TOO_LARGE];
            assert!(expected.contains(&answer.status()));
            Outcome::Refused
        }
    }
}

fn check_password(password: Result<Password, Problem>) -> Result<(), Problem> {
    let password = password?;
    assert!((1..=MAX_CHARACTERS).contains(&password.count_characters()));
    assert_silent(&format!("{password:?}"));
    Ok(())
}

fn refresh_token(bytes: &[u8]) -> Outcome {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Outcome::Refused;
    };
    let Some(token) = RefreshToken::parse(text, &KEYRING) else {
        return Outcome::Refused;
    };
    assert_eq!(text, *OURS, "only the service can make a refresh token");
    assert_eq!(
        *token.to_text(&KEYRING),
        text,
        "a refresh token has only one spelling"
    );
    assert_eq!(token.account(), AccountId([1; 16]));
    assert_eq!(token.session(), SessionId([2; 16]));
    Outcome::Accepted
}
