//! The bodies of requests and answers. Their schemas in the OpenAPI document come from these types.

mod accounts;
mod sessions;

pub use accounts::{
    MadeRecoveryCode, Me, PasswordBody, PhoneBody, RegisterBody, RegisteredReply, ResetBody,
};
pub use sessions::{LogInBody, RefreshBody, SessionSummary, SessionTokens, Sessions};

use phoneproof_http::{FieldFault, Problem, SensitiveText};

use crate::password::Password;

fn report_malformed(field: &str, accepted: impl std::fmt::Display) -> Problem {
    Problem::from_faults(vec![FieldFault::new(field, accepted)])
}

fn parse_password(text: &SensitiveText) -> Result<Password, Problem> {
    Password::parse(&text.0).map_err(|error| report_malformed("password", error))
}
