//! Why a channel did not take a text: one row per reason.

/// Whether a text that a channel did not take may arrive all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    /// It was certainly not sent: the counts are given back, and the caller gets `delivery-failed` (502).
    NotSent,
    /// It may arrive: nothing is given back, and the caller gets `delivery-unknown` (504) with the token.
    Unclear,
}

/// What follows from a reason.
struct Row {
    /// On request lines and metrics.
    name: &'static str,
    certainty: Certainty,
    /// Whether the next channel of the route is tried. Never when the text may have been sent.
    tries_next: bool,
    /// Whether an operator has to act: no later text will fare better.
    alarms: bool,
    /// What the operator can do, for `send-test` and the documents.
    advice: &'static str,
}

impl Row {
    /// A refusal after which the next channel is tried.
    const fn refused(name: &'static str, advice: &'static str) -> Self {
        Self {
            name,
            certainty: Certainty::NotSent,
            tries_next: true,
            alarms: false,
            advice,
        }
    }

    /// A text that may arrive.
    const fn unclear(name: &'static str, advice: &'static str) -> Self {
        Self {
            certainty: Certainty::Unclear,
            tries_next: false,
            ..Self::refused(name, advice)
        }
    }

    const fn with_alarm(self) -> Self {
        Self {
            alarms: true,
            ..self
        }
    }

    const fn and_stops(self) -> Self {
        Self {
            tries_next: false,
            ..self
        }
    }
}

/// Why a channel did not take a text, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The channel takes no more texts for now.
    Throttled,
    /// The channel does not take this number, sender or text. SNS does not say which.
    InvalidParameter,
    /// The provider says that the number does not exist or cannot be texted.
    InvalidPhoneNumber,
    /// The owner of the number has replied STOP.
    OptedOut,
    /// The provider refused this text, as its content or its route.
    DeliveryRejected,
    /// AWS does not let these credentials text.
    NotAuthorized,
    /// The receiver refused the signature, or the provider refused the receiver.
    AuthenticationFailed,
    /// The account or the endpoint is switched off.
    AccountDisabled,
    /// A key of AWS KMS cannot be used.
    KeyUnusable,
    /// What the call names does not exist: a path, a topic, an operation.
    NotFound,
    /// The receiver answered with a redirect, which is never followed.
    Redirected,
    /// The name of the receiver leads to an address that the policy does not allow.
    AddressNotAllowed,
    /// The certificate of the other end does not count.
    Certificate,
    /// No connection was made.
    NotConnected,
    /// The request could not be written.
    NotBuilt,
    /// The route names a channel that the policy does not set up.
    NotSetUp,
    /// Refused with a status or code that has no row of its own.
    Refused,
    /// No answer came in time.
    NoAnswer,
    /// The connection broke before the answer.
    ConnectionLost,
    /// The channel says that it failed.
    ServerError,
    /// The answer cannot be read.
    UnreadableAnswer,
}

impl Reason {
    /// Every reason, in the order of the documents.
    pub const ALL: [Self; 21] = [
        Self::Throttled,
        Self::InvalidParameter,
        Self::InvalidPhoneNumber,
        Self::OptedOut,
        Self::DeliveryRejected,
        Self::NotAuthorized,
        Self::AuthenticationFailed,
        Self::AccountDisabled,
        Self::KeyUnusable,
        Self::NotFound,
        Self::Redirected,
        Self::AddressNotAllowed,
        Self::Certificate,
        Self::NotConnected,
        Self::NotBuilt,
        Self::NotSetUp,
        Self::Refused,
        Self::NoAnswer,
        Self::ConnectionLost,
        Self::ServerError,
        Self::UnreadableAnswer,
    ];

    /// The table.
    const fn row(self) -> Row {
        match self {
            Self::Throttled => Row::refused(
                "throttled",
                "the account's texts per second are used up: try again, and ask for a higher rate if it goes on",
            ),
            Self::InvalidParameter => Row::refused(
                "invalid-parameter",
                "the channel does not text this number, or not with this sender id",
            ),
            Self::InvalidPhoneNumber => Row::refused(
                "invalid-phone-number",
                "the provider does not know the number, or does not text it",
            ),
            // Another channel would text somebody who asked for no more texts.
            Self::OptedOut => Row::refused(
                "opted-out",
                "the owner replied STOP; if the owner asks, opt the number in again at the provider",
            )
            .and_stops(),
            Self::DeliveryRejected => Row::refused(
                "delivery-rejected",
                "the provider refuses this text: look at its sender, template and route for the country",
            ),
            Self::NotAuthorized => Row::refused(
                "not-authorized",
                "the credentials may not publish: `sns:Publish` on `*` is needed",
            )
            .with_alarm(),
            Self::AuthenticationFailed => Row::refused(
                "authentication-failed",
                "the receiver does not accept the signature, or its provider does not accept its credentials: compare \
                 its secrets with `phoneproof-admin hook-secrets`",
            )
            .with_alarm(),
            Self::AccountDisabled => Row::refused(
                "account-disabled",
                "the account or the endpoint is switched off: look at the provider's console",
            )
            .with_alarm(),
            Self::KeyUnusable => Row::refused(
                "key-unusable",
                "a key of AWS KMS cannot be used: look at its state and its policy",
            )
            .with_alarm(),
            Self::NotFound => Row::refused(
                "not-found",
                "what the call names does not exist: compare the hook's URL, or the region of SNS",
            )
            .with_alarm(),
            Self::Redirected => Row::refused(
                "redirected",
                "the receiver redirects, and redirects are not followed: give its final URL in hook.url",
            )
            .with_alarm(),
            Self::AddressNotAllowed => Row::refused(
                "address-not-allowed",
                "hook.url leads to an address that is not public: mend the DNS record, or set hook.allow_private = true",
            )
            .with_alarm(),
            Self::Certificate => Row::refused(
                "certificate",
                "the certificate of the other end has expired, names another host, or has an authority that is not \
                 trusted",
            )
            .with_alarm(),
            Self::NotConnected => Row::refused(
                "no-connection",
                "no connection was made: is the host name right, does the receiver run, does a VPC let the function out?",
            ),
            Self::NotBuilt => Row::refused(
                "request-not-built",
                "the request could not be written: report it with the version",
            )
            .with_alarm(),
            Self::NotSetUp => Row::refused(
                "not-set-up",
                "a route names a channel that the policy does not set up: run `phoneproof-admin policy check`",
            )
            .with_alarm(),
            Self::Refused => Row::refused(
                "refused",
                "the channel refused for a reason that has no name here: see sandbox, spend limit and sender ids in \
                 infra/RUNBOOK.md, or the receiver's log",
            ),
            Self::NoAnswer => Row::unclear(
                "no-answer",
                "no answer came in time, and the text may arrive: look at the provider's status page, or the receiver's \
                 log",
            ),
            Self::ConnectionLost => Row::unclear(
                "connection-lost",
                "the connection broke before the answer, and the text may arrive: try again",
            ),
            Self::ServerError => Row::unclear(
                "server-error",
                "the channel failed, and the text may arrive: look at the provider's status page, or the receiver's log",
            ),
            Self::UnreadableAnswer => Row::unclear(
                "unreadable-answer",
                "the answer cannot be read, and the text may arrive: does the URL lead to the receiver?",
            ),
        }
    }

    /// Returns the name of the reason on request lines and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// Whether the text may arrive all the same. It decides on the refund and on the caller's status.
    #[must_use]
    pub const fn certainty(self) -> Certainty {
        self.row().certainty
    }

    /// Whether the next channel of the route is tried.
    #[must_use]
    pub const fn tries_next(self) -> bool {
        self.row().tries_next
    }

    /// Whether an operator has to act.
    #[must_use]
    pub const fn alarms(self) -> bool {
        self.row().alarms
    }

    /// Says what the operator can do.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        self.row().advice
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_reason_has_a_row_of_its_own() {
        let names: BTreeSet<_> = Reason::ALL.map(Reason::name).into();
        assert_eq!(names.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            let name = reason.name();
            assert!(
                name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'),
                "{name}: a value of a metric's dimension"
            );
            assert!(!reason.advice().is_empty(), "{name}");
        }
    }

    #[test]
    fn nothing_that_may_arrive_is_tried_again() {
        let unclear: Vec<_> = Reason::ALL
            .into_iter()
            .filter(|reason| reason.certainty() == Certainty::Unclear)
            .collect();
        assert_eq!(unclear.len(), 4);
        assert!(unclear.iter().all(|reason| !reason.tries_next()));
        let stops: Vec<_> = Reason::ALL
            .into_iter()
            .filter(|reason| reason.certainty() == Certainty::NotSent && !reason.tries_next())
            .collect();
        assert_eq!(stops, [Reason::OptedOut]);
    }
}
