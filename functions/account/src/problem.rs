//! The problems that the account service answers with: their types, which refusal of a use case gives which, and which
//! endpoint can answer with which. The types that several APIs share are in `phoneproof_http::problem`.

use http::StatusCode as S;
use http::header::WWW_AUTHENTICATE;
use phoneproof_guard::build_challenge;
use phoneproof_http::problem::{
    ALREADY_SPENT, BODY_PROBLEMS, INTERNAL, INVALID_PHONE, INVALID_TOKEN, LIMITED, NOT_FOUND,
    RETRY_SECONDS, UNAVAILABLE,
};
use phoneproof_http::{Problem, ProblemType};
use phoneproof_observe::Level;

use crate::login::LoginDenial;
use crate::route::{Endpoint, Protected};
use crate::service::{AccessRefusal, AccountRefusal, Unavailable};

const TEST_NUMBER: ProblemType =
    ProblemType::new(S::FORBIDDEN, "test-number", "Test numbers are not accepted");
const OTHER_PHONE: ProblemType = ProblemType::new(
    S::FORBIDDEN,
    "other-phone",
    "The token is for another phone",
);
const NO_ACCOUNT: ProblemType =
    ProblemType::new(S::NOT_FOUND, "no-account", "No account has this phone");
const PHONE_IN_USE: ProblemType =
    ProblemType::new(S::CONFLICT, "phone-in-use", "The phone has an account");
const PASSWORD_REFUSED: ProblemType = ProblemType::new(
    S::UNPROCESSABLE_ENTITY,
    "password-refused",
    "The password is not accepted",
);
const WRONG_CREDENTIALS: ProblemType = ProblemType::new(
    S::UNAUTHORIZED,
    "wrong-credentials",
    "Phone or password is wrong",
);
const SECOND_STEP_REQUIRED: ProblemType = ProblemType::new(
    S::FORBIDDEN,
    "second-step-required",
    "Password and code are needed",
);
const RECOVERY_CODE_REQUIRED: ProblemType = ProblemType::new(
    S::FORBIDDEN,
    "recovery-code-required",
    "The recovery code is needed",
);
const LOCKED: ProblemType = ProblemType::new(S::FORBIDDEN, "locked", "The password is locked");
const INVALID_REFRESH_TOKEN: ProblemType = ProblemType::new(
    S::UNAUTHORIZED,
    "invalid-refresh-token",
    "The refresh token is not valid",
);
/// An exchanged refresh token came back, so somebody has a copy. The client sees no difference; the log warns.
const REUSED: ProblemType = INVALID_REFRESH_TOKEN.with_level(Level::Warn);
/// The session of the token has ended.
pub(crate) const SESSION_OVER: ProblemType =
    ProblemType::new(S::UNAUTHORIZED, "session-over", "The session is over");
const TOKEN_REQUIRED: ProblemType =
    ProblemType::new(S::UNAUTHORIZED, "token-required", "A token is required");
/// An access token was refused: the type of `INVALID_TOKEN`, with status 401.
const INVALID_ACCESS_TOKEN: ProblemType =
    ProblemType::new(S::UNAUTHORIZED, "invalid-token", "The token is not valid");

/// Lists the problem types that an endpoint can answer with.
pub(crate) fn list_problems(endpoint: Endpoint) -> Vec<&'static ProblemType> {
    let (reads_body, own): (bool, &[&ProblemType]) = match endpoint {
        Endpoint::Register => (
            true,
            &[
                &INVALID_TOKEN,
                &TEST_NUMBER,
                &ALREADY_SPENT,
                &PHONE_IN_USE,
                &PASSWORD_REFUSED,
            ],
        ),
        Endpoint::LogIn => (
            true,
            &[
                &INVALID_PHONE,
                &INVALID_TOKEN,
                &TEST_NUMBER,
                &ALREADY_SPENT,
                &OTHER_PHONE,
                &NO_ACCOUNT,
                &WRONG_CREDENTIALS,
                &SECOND_STEP_REQUIRED,
                &LOCKED,
                &LIMITED,
            ],
        ),
        Endpoint::Refresh => (true, &[&INVALID_REFRESH_TOKEN, &SESSION_OVER]),
        Endpoint::ResetPassword => (
            true,
            &[
                &INVALID_TOKEN,
                &TEST_NUMBER,
                &ALREADY_SPENT,
                &NO_ACCOUNT,
                &RECOVERY_CODE_REQUIRED,
                &PASSWORD_REFUSED,
            ],
        ),
        Endpoint::Protected(Protected::ChangePassword) => (
            true,
            &[
                &INVALID_TOKEN,
                &TEST_NUMBER,
                &ALREADY_SPENT,
                &OTHER_PHONE,
                &PASSWORD_REFUSED,
            ],
        ),
        Endpoint::Protected(Protected::ChangePhone) => (
            true,
            &[
                &INVALID_TOKEN,
                &TEST_NUMBER,
                &ALREADY_SPENT,
                &PHONE_IN_USE,
                &WRONG_CREDENTIALS,
                &LOCKED,
                &LIMITED,
            ],
        ),
        Endpoint::Protected(Protected::EndSession) => (false, &[&NOT_FOUND]),
        Endpoint::Protected(_) | Endpoint::Jwks => (false, &[]),
        Endpoint::OpenApi => return Vec::new(),
    };
    let mut problems = vec![&UNAVAILABLE, &INTERNAL];
    if reads_body {
        problems.extend(BODY_PROBLEMS);
    }
    problems.extend(own);
    if matches!(endpoint, Endpoint::Protected(_)) {
        problems.extend([&SESSION_OVER, &TOKEN_REQUIRED, &INVALID_ACCESS_TOKEN]);
    }
    problems
}

/// Seconds after which a client may try again when the keys of access tokens could not be had.
const KEYS_RETRY_SECONDS: u32 = 5;

/// Makes the problem of a service that cannot answer now. The log shows `cause`; the client does not see it.
pub(crate) fn unavailable(cause: impl std::fmt::Display) -> Problem {
    unavailable_for(cause, RETRY_SECONDS)
}

/// Makes the same problem, where it is known after how many seconds a client may try again.
fn unavailable_for(cause: impl std::fmt::Display, retry_after: u32) -> Problem {
    Problem::unavailable(cause, retry_after).with_detail("Try again in a moment.")
}

/// Makes the problem of a request without the access token that its endpoint needs.
pub(crate) fn require_token() -> Problem {
    Problem::new(&TOKEN_REQUIRED).with_detail("Send one as `Authorization: Bearer`.")
}

/// Makes the problem of an access token that was refused. `realm` is the issuer that its challenge names.
pub(crate) fn make_access_problem(refusal: AccessRefusal, realm: &str) -> Problem {
    match refusal {
        AccessRefusal::Rejected(rejection) => Problem::new(&INVALID_ACCESS_TOKEN)
            .with_detail(format!("The token was refused: {rejection}."))
            .with_header(WWW_AUTHENTICATE, build_challenge(realm, Some(&rejection))),
        AccessRefusal::Unavailable(cause) => Problem::unavailable(cause, KEYS_RETRY_SECONDS)
            .with_detail("The issuer's keys could not be fetched."),
    }
}

impl From<AccountRefusal> for Problem {
    /// Makes the problem that tells a client why a use case refused its request.
    fn from(refusal: AccountRefusal) -> Self {
        match refusal {
            AccountRefusal::Phone(error) => Self::new(&INVALID_PHONE).with_error(
                "phone",
                format_args!(
                    "a number in E.164 such as +14152007986, or in national form with \
                     `region`: {error}"
                ),
            ),
            AccountRefusal::Token => Self::new(&INVALID_TOKEN)
                .with_error(
                    "token",
                    "a live success token for this business, of a send without `action`, is needed",
                ),
            AccountRefusal::TestNumber => Self::new(&TEST_NUMBER),
            AccountRefusal::AlreadySpent => Self::new(&ALREADY_SPENT),
            AccountRefusal::OtherPhone => Self::new(&OTHER_PHONE),
            AccountRefusal::NoAccount { moved_at: None } => Self::new(&NO_ACCOUNT),
            AccountRefusal::NoAccount {
                moved_at: Some(moved_at),
            } => Self::new(&NO_ACCOUNT).with_detail(format!(
                "The account that had this phone was moved to another phone at {moved_at}. If you \
                 did not do that, tell the operator of this service."
            )),
            AccountRefusal::PhoneInUse { unlink_at: None } => {
                Self::new(&PHONE_IN_USE).with_detail(
                    "If it is yours, log in or reset the password. If not, send `requestUnlink` to \
                     ask for the phone.",
                )
            }
            AccountRefusal::PhoneInUse {
                unlink_at: Some(unlink_at),
            } => Self::new(&PHONE_IN_USE)
                .with_detail(
                    "It can be registered at `retryAt`, with a new code and `requestUnlink`, unless \
                     the account is used until then.",
                )
                .with_retry_at(Some(unlink_at)),
            AccountRefusal::PhoneOfAnother => Self::new(&PHONE_IN_USE).with_detail(
                "Another account has this phone. Send the token of another phone. If that account is yours, log in to it \
                 and delete it first.",
            ),
            AccountRefusal::PhoneOfItsOwn => Self::new(&PHONE_IN_USE)
                .with_detail("This account has this phone already. Send the token of another phone."),
            AccountRefusal::Password(refusal) => Self::new(&PASSWORD_REFUSED)
                .with_detail(format!("{refusal}."))
                .with_error("password", refusal.describe_accepted()),
            AccountRefusal::WrongCredentials => Self::new(&WRONG_CREDENTIALS),
            AccountRefusal::SecondStepRequired => Self::new(&SECOND_STEP_REQUIRED).with_detail(
                "Log in with `phone`, `password` and a success token of business `login`.",
            ),
            AccountRefusal::RecoveryCode => Self::new(&RECOVERY_CODE_REQUIRED).with_detail(
                "The account asks for two factors: send `recoveryCode`, which was made for it \
             and counts once, or change the password in a session.",
            ),
            AccountRefusal::Denied(denial) => make_denial_problem(&denial),
            AccountRefusal::RefreshToken => {
                Self::new(&INVALID_REFRESH_TOKEN).with_detail("Log in again.")
            }
            AccountRefusal::Reused => Self::new(&REUSED).with_detail("Log in again."),
            AccountRefusal::SessionOver => Self::new(&SESSION_OVER).with_detail("Log in again."),
            AccountRefusal::Unavailable(cause) => {
                let retry_after = match &cause {
                    Unavailable::VerifierKeys { retry_after, .. } => *retry_after,
                    _ => RETRY_SECONDS,
                };
                unavailable_for(cause, retry_after)
            }
        }
    }
}

fn make_denial_problem(denial: &LoginDenial) -> Problem {
    let problem = match denial {
        LoginDenial::Locked => Problem::new(&LOCKED)
            .with_detail("Log in with a code, or with password and code, or reset the password."),
        LoginDenial::Waiting { .. } | LoginDenial::AddressExhausted(_) => {
            Problem::new(&LIMITED).with_detail("Try again at `retryAt`.")
        }
    };
    problem
        .with_rule(denial.rule().name())
        .with_retry_at(denial.retry_at())
        .with_rate_limit(denial.rate_limit())
}
