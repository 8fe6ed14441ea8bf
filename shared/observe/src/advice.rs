//! What an operator can do when a channel did not take a text.

use phoneproof_domain::delivery::Reason;

/// Says what an operator can do about a reason, in the words of AWS's consoles, the policy and the stack's parameters.
/// `send-test` prints it.
#[must_use]
#[expect(clippy::too_many_lines, reason = "one arm per reason")]
pub const fn advise(reason: Reason) -> &'static str {
    match reason {
        Reason::Throttled => {
            "the account's texts per second are used up: try again, and ask for a higher rate if it goes on"
        }
        Reason::InvalidParameter => {
            "the channel does not text this number, or not with this sender id"
        }
        Reason::InvalidPhoneNumber => "the provider does not know the number, or does not text it",
        Reason::OptedOut => {
            "the owner replied STOP; if the owner asks, opt the number in again at the provider"
        }
        Reason::DeliveryRejected => {
            "the provider refuses this text: look at its sender, template and route for the country"
        }
        Reason::NotAuthorized => {
            "the credentials may not send: `sns:Publish` on `*` is needed, or `sms-voice:SendTextMessage` on \
             what sends (SmsIdentityArns), or `sms-voice:SendNotifyTextMessage` and \
             `sms-voice:SendNotifyVoiceMessage` on the configuration"
        }
        Reason::AuthenticationFailed => {
            "the receiver does not accept the signature, or its provider does not accept its credentials: \
             compare its secrets with `phoneproof-admin hook-secrets`"
        }
        Reason::AccountDisabled => {
            "the account or the endpoint is switched off: look at the provider's console"
        }
        Reason::NoOrigination => {
            "the account has no number, pool or sender id for the country: get one, name it in the policy, \
             or let the country take notify"
        }
        Reason::WrongOrigination => {
            "the number, pool or sender id does not serve the country: name another one in \
             end_user_messaging.country or sms.country"
        }
        Reason::MessageTypeMismatch => {
            "the number or pool is for texts of another class: compare it with sms.type"
        }
        Reason::SenderIdNotRegistered => {
            "the country wants the sender id registered: register it at AWS, or leave it out for this \
             country"
        }
        Reason::SenderIdNotSupported => {
            "the country has no sender ids: name a number or a pool for it"
        }
        Reason::RegistrationIncomplete => {
            "a registration of the number or sender id is not complete: see Registrations in the console of \
             AWS End User Messaging"
        }
        Reason::ResourceNotActive => {
            "the number, pool or sender id is not active yet, or no longer: see its status in the console"
        }
        Reason::NotifyNotActive => {
            "the Notify configuration is not active, or not for calls: see its status and its channels in \
             the console"
        }
        Reason::InSandbox => {
            "the account is in the sandbox and the number is not verified there: ask AWS to let the account \
             out"
        }
        Reason::CountryBlocked => {
            "AWS sends no texts of this account to the country: ask its support, or let the country take \
             another channel"
        }
        Reason::CountryNotEnabled => {
            "the country is not enabled: enable it in the Notify configuration or the account, or let it \
             take another channel"
        }
        Reason::ProtectBlocksCountry => {
            "a Protect configuration blocks a country that the policy serves: change one of the two"
        }
        Reason::ProtectBlocksNumber => {
            "a rule of the Protect configuration blocks the number: remove the rule if the number is \
             a real user"
        }
        Reason::PriceOverLimit => {
            "the text costs more than sms.max_price_usd: raise it, or take the country off the policy"
        }
        Reason::SpendLimit => {
            "the month's money is spent: raise the spend limit in the console, or ask AWS for more"
        }
        Reason::DailyLimit => {
            "the day's messages of the Notify tier are used up: ask AWS for the advanced tier"
        }
        Reason::DestinationLimit => {
            "the number got as many messages today as AWS sends to one: it can get the next one tomorrow"
        }
        Reason::AccountReputation => {
            "AWS has stopped the account for its reputation: answer AWS's mail, and look for fraud in the \
             metrics"
        }
        Reason::KeyUnusable => "a key of AWS KMS cannot be used: look at its state and its policy",
        Reason::NotFound => {
            "what the call names does not exist: compare the ids of end_user_messaging and notify, the \
             hook's URL, or SnsRegion"
        }
        Reason::Redirected => {
            "the receiver redirects, and redirects are not followed: give its final URL in hook.url"
        }
        Reason::AddressNotAllowed => {
            "hook.url leads to an address that is not public: mend the DNS record, or set hook.allow_private \
             = true"
        }
        Reason::Certificate => {
            "the certificate of the other end has expired, names another host, or has an authority that is \
             not trusted"
        }
        Reason::NotConnected => {
            "no connection was made: is the host name right, does the receiver run, does a VPC let the \
             function out?"
        }
        Reason::NotBuilt => "the request could not be written: report it with the version",
        Reason::NotSetUp => {
            "a route names a channel that the policy does not set up: run `phoneproof-admin policy check`"
        }
        Reason::Refused => {
            "the channel refused for a reason that has no name here: see sandbox, spend limit and sender ids \
             in infra/RUNBOOK.md, or the receiver's log"
        }
        Reason::NoAnswer => {
            "no answer came in time, and the text may arrive: look at the provider's status page, or the \
             receiver's log"
        }
        Reason::ConnectionLost => {
            "the connection broke before the answer, and the text may arrive: try again"
        }
        Reason::ServerError => {
            "the channel failed, and the text may arrive: look at the provider's status page, or the \
             receiver's log"
        }
        Reason::UnreadableAnswer => {
            "the answer cannot be read, and the text may arrive: does the URL lead to the receiver?"
        }
    }
}
