//! The table of reasons.

use super::{Certainty, Reason};

/// What follows from a reason.
pub(super) struct Row {
    /// On request lines and metrics.
    pub(super) name: &'static str,
    pub(super) certainty: Certainty,
    /// Whether the next channel of the route is tried. Never when the text may have been sent.
    pub(super) tries_next: bool,
    /// Whether an operator has to act: no later text will fare better.
    pub(super) alarms: bool,
    /// What the operator can do, for `send-test` and the documents.
    pub(super) advice: &'static str,
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

/// The table.
#[expect(clippy::too_many_lines, reason = "one row per reason")]
pub(super) const fn row(reason: Reason) -> Row {
    match reason {
        Reason::Throttled => Row::refused(
            "throttled",
            "the account's texts per second are used up: try again, and ask for a higher rate if it goes on",
        ),
        Reason::InvalidParameter => Row::refused(
            "invalid-parameter",
            "the channel does not text this number, or not with this sender id",
        ),
        Reason::InvalidPhoneNumber => Row::refused(
            "invalid-phone-number",
            "the provider does not know the number, or does not text it",
        ),
        // Another channel would text somebody who asked for no more texts.
        Reason::OptedOut => Row::refused(
            "opted-out",
            "the owner replied STOP; if the owner asks, opt the number in again at the provider",
        )
        .and_stops(),
        Reason::DeliveryRejected => Row::refused(
            "delivery-rejected",
            "the provider refuses this text: look at its sender, template and route for the country",
        ),
        Reason::NotAuthorized => Row::refused(
            "not-authorized",
            "the credentials may not send: `sns:Publish` on `*` is needed, or `sms-voice:SendTextMessage` on what sends \
             (SmsIdentityArns), or `sms-voice:SendNotifyTextMessage` and `sms-voice:SendNotifyVoiceMessage` on the \
             configuration",
        )
        .with_alarm(),
        Reason::AuthenticationFailed => Row::refused(
            "authentication-failed",
            "the receiver does not accept the signature, or its provider does not accept its credentials: compare \
             its secrets with `phoneproof-admin hook-secrets`",
        )
        .with_alarm(),
        Reason::AccountDisabled => Row::refused(
            "account-disabled",
            "the account or the endpoint is switched off: look at the provider's console",
        )
        .with_alarm(),
        Reason::NoOrigination => Row::refused(
            "no-origination",
            "the account has no number, pool or sender id for the country: get one, name it in the policy, or let the \
             country take notify",
        )
        .with_alarm(),
        Reason::WrongOrigination => Row::refused(
            "wrong-origination",
            "the number, pool or sender id does not serve the country: name another one in \
             end_user_messaging.country or sms.country",
        )
        .with_alarm(),
        Reason::MessageTypeMismatch => Row::refused(
            "message-type-mismatch",
            "the number or pool is for texts of another class: compare it with sms.type",
        )
        .with_alarm(),
        Reason::SenderIdNotRegistered => Row::refused(
            "sender-id-not-registered",
            "the country wants the sender id registered: register it at AWS, or leave it out for this country",
        )
        .with_alarm(),
        Reason::SenderIdNotSupported => Row::refused(
            "sender-id-not-supported",
            "the country has no sender ids: name a number or a pool for it",
        )
        .with_alarm(),
        Reason::RegistrationIncomplete => Row::refused(
            "registration-incomplete",
            "a registration of the number or sender id is not complete: see Registrations in the console of AWS End User \
             Messaging",
        )
        .with_alarm(),
        Reason::ResourceNotActive => Row::refused(
            "resource-not-active",
            "the number, pool or sender id is not active yet, or no longer: see its status in the console",
        )
        .with_alarm(),
        Reason::NotifyNotActive => Row::refused(
            "notify-not-active",
            "the Notify configuration is not active, or not for calls: see its status and its channels in the \
             console",
        )
        .with_alarm(),
        Reason::InSandbox => Row::refused(
            "in-sandbox",
            "the account is in the sandbox and the number is not verified there: ask AWS to let the account out",
        )
        .with_alarm(),
        Reason::CountryBlocked => Row::refused(
            "country-blocked",
            "AWS sends no texts of this account to the country: ask its support, or let the country take another channel",
        )
        .with_alarm(),
        Reason::CountryNotEnabled => Row::refused(
            "country-not-enabled",
            "the country is not enabled: enable it in the Notify configuration or the account, or let it take another \
             channel",
        )
        .with_alarm(),
        // The operator decided that no text goes there. Another channel would go round that.
        Reason::ProtectBlocksCountry => Row::refused(
            "protect-blocks-country",
            "a Protect configuration blocks a country that the policy serves: change one of the two",
        )
        .and_stops()
        .with_alarm(),
        Reason::ProtectBlocksNumber => Row::refused(
            "protect-blocks-number",
            "a rule of the Protect configuration blocks the number: remove the rule if the number is no fraud",
        )
        .and_stops(),
        Reason::PriceOverLimit => Row::refused(
            "price-over-limit",
            "the text costs more than sms.max_price_usd: raise it, or take the country off the policy",
        )
        .with_alarm(),
        Reason::SpendLimit => Row::refused(
            "spend-limit",
            "the month's money is spent: raise the spend limit in the console, or ask AWS for more",
        )
        .with_alarm(),
        Reason::DailyLimit => Row::refused(
            "daily-limit",
            "the day's messages of the Notify tier are used up: ask AWS for the advanced tier",
        )
        .with_alarm(),
        // It says something of one number, so no alarm: a stranger could cause it.
        Reason::DestinationLimit => Row::refused(
            "destination-limit",
            "the number got as many messages today as AWS sends to one: it can get the next one tomorrow",
        ),
        Reason::AccountReputation => Row::refused(
            "account-reputation",
            "AWS has stopped the account for its reputation: answer AWS's mail, and look for fraud in the metrics",
        )
        .with_alarm(),
        Reason::KeyUnusable => Row::refused(
            "key-unusable",
            "a key of AWS KMS cannot be used: look at its state and its policy",
        )
        .with_alarm(),
        Reason::NotFound => Row::refused(
            "not-found",
            "what the call names does not exist: compare the ids of end_user_messaging and notify, the hook's URL, or \
             SnsRegion",
        )
        .with_alarm(),
        Reason::Redirected => Row::refused(
            "redirected",
            "the receiver redirects, and redirects are not followed: give its final URL in hook.url",
        )
        .with_alarm(),
        Reason::AddressNotAllowed => Row::refused(
            "address-not-allowed",
            "hook.url leads to an address that is not public: mend the DNS record, or set hook.allow_private = true",
        )
        .with_alarm(),
        Reason::Certificate => Row::refused(
            "certificate",
            "the certificate of the other end has expired, names another host, or has an authority that is not \
             trusted",
        )
        .with_alarm(),
        Reason::NotConnected => Row::refused(
            "no-connection",
            "no connection was made: is the host name right, does the receiver run, does a VPC let the function out?",
        ),
        Reason::NotBuilt => Row::refused(
            "request-not-built",
            "the request could not be written: report it with the version",
        )
        .with_alarm(),
        Reason::NotSetUp => Row::refused(
            "not-set-up",
            "a route names a channel that the policy does not set up: run `phoneproof-admin policy check`",
        )
        .with_alarm(),
        Reason::Refused => Row::refused(
            "refused",
            "the channel refused for a reason that has no name here: see sandbox, spend limit and sender ids in \
             infra/RUNBOOK.md, or the receiver's log",
        ),
        Reason::NoAnswer => Row::unclear(
            "no-answer",
            "no answer came in time, and the text may arrive: look at the provider's status page, or the receiver's \
             log",
        ),
        Reason::ConnectionLost => Row::unclear(
            "connection-lost",
            "the connection broke before the answer, and the text may arrive: try again",
        ),
        Reason::ServerError => Row::unclear(
            "server-error",
            "the channel failed, and the text may arrive: look at the provider's status page, or the receiver's log",
        ),
        Reason::UnreadableAnswer => Row::unclear(
            "unreadable-answer",
            "the answer cannot be read, and the text may arrive: does the URL lead to the receiver?",
        ),
    }
}
