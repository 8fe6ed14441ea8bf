//! What a check found: how bad it is, what was seen, and what to do.

use aws_sdk_sns::error::{ProvideErrorMetadata, SdkError};
use phoneproof_aws::clients::error_code;
use serde_json::{Value, json};

use super::rights;
use crate::output::CommandError;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// As it should be.
    Ok,
    /// Works now, and costs money, countries or sight of what happens.
    Warn,
    /// Real users get no text, nobody gets an alarm, or AWS did not say.
    Fail,
    /// Could not be looked at, for the reason that was seen.
    NotChecked,
}

impl State {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::NotChecked => "-",
        }
    }
}

/// What a check found. It names no phone number.
#[derive(Debug, Clone)]
pub(super) struct Finding {
    pub(super) state: State,
    pub(super) seen: String,
    pub(super) advice: Option<String>,
    /// The right that the operator lacks, as in `sns:GetSMSAttributes`.
    pub(super) missing_right: Option<String>,
}

impl Finding {
    fn new(state: State, seen: impl Into<String>, advice: &str) -> Self {
        Self {
            state,
            // A finding has one line of the table; a policy can have many faults.
            seen: seen.into().replace('\n', "; "),
            advice: (!advice.is_empty()).then(|| advice.to_owned()),
            missing_right: None,
        }
    }

    pub(super) fn ok(seen: impl Into<String>) -> Self {
        Self::new(State::Ok, seen, "")
    }

    pub(super) fn warn(seen: impl Into<String>, advice: &str) -> Self {
        Self::new(State::Warn, seen, advice)
    }

    pub(super) fn fail(seen: impl Into<String>, advice: &str) -> Self {
        Self::new(State::Fail, seen, advice)
    }

    pub(super) fn not_checked(seen: impl Into<String>, advice: &str) -> Self {
        Self::new(State::NotChecked, seen, advice)
    }

    /// AWS did not answer a call, or refused it. `right` is the right that the call needs.
    pub(super) fn of_call<E: ProvideErrorMetadata, R>(right: &str, error: &SdkError<E, R>) -> Self {
        let message = error.as_service_error().and_then(|error| error.message());
        Self::of_code(right, &error_code(error), message)
    }

    /// As [`Finding::of_call`], with the error code and the message of AWS.
    pub(super) fn of_code(right: &str, code: &str, message: Option<&str>) -> Self {
        if !rights::is_denial(code) {
            let operation = right.split(':').next_back().unwrap_or(right);
            return Self::of_error(&CommandError::of_operation(operation, code));
        }
        // The call can need a right of another service: SNS asks End User Messaging in the caller's name.
        let right = message.and_then(rights::read_denied).unwrap_or(right);
        Self {
            missing_right: Some(right.to_owned()),
            ..Self::fail(
                format!("not allowed: {right}"),
                "allow the action to the role that you use, or use a role that has it",
            )
        }
    }

    /// A command that `doctor` builds on did not do its work.
    pub(super) fn of_error(error: &CommandError) -> Self {
        if let Some(call) = &error.call
            && rights::is_denial(&call.code)
        {
            return Self::of_code(&rights::of_operation(&call.operation), &call.code, None);
        }
        Self::fail(&error.message, error.advice.as_deref().unwrap_or_default())
    }

    pub(super) fn to_json(&self, check: &str) -> Value {
        let state = match self.state {
            State::NotChecked => "not-checked",
            state => state.as_str(),
        };
        json!({
            "check": check,
            "state": state,
            "seen": self.seen,
            "advice": self.advice,
            "missingRight": self.missing_right,
        })
    }

    /// Makes a row for [`crate::output::format_table`].
    pub(super) fn to_row(&self, check: &str) -> Vec<String> {
        let state = format!("{:4}", self.state.as_str());
        vec![state, check.to_owned(), self.seen.clone()]
    }
}
