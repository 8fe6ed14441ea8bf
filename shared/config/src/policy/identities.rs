//! Checks the ids and ARNs of AWS End User Messaging, each for the kind of resource that it is of.
//!
//! The model of the API (2022-03-31) only says what they are written with. Their forms are those of its documentation:
//! an id begins with the name of its kind, and an ARN ends with the kind and the id.

use phoneproof_domain::country::Country;
use phoneproof_domain::end_user_messaging::{is_number, is_written_with};
use phoneproof_domain::policy::country::{CHINA, has_no_sender_ids};

use super::sender_id::{NO_SENDERS_OF_CHINA, is_sender_id};
use super::value::{are_digits, check_length};

/// The longest id or ARN.
const MAX_ID: usize = 256;

/// A kind of resource.
pub(super) struct Kind {
    /// What stands before the id in an ARN.
    of_arn: &'static str,
    /// What an id begins with; nothing where people give the names.
    prefix: &'static str,
}

const POOL: Kind = Kind {
    of_arn: "pool",
    prefix: "pool-",
};

const PHONE: Kind = Kind {
    of_arn: "phone-number",
    prefix: "phone-",
};

/// Protect configurations, which say where an account sends nothing.
pub(super) const PROTECT: Kind = Kind {
    of_arn: "protect-configuration",
    prefix: "protect-",
};

/// Notify configurations, which stand for AWS's own numbers and words.
pub(super) const NOTIFY: Kind = Kind {
    of_arn: "notify-configuration",
    prefix: "notify-",
};

/// Configuration sets, which have names.
pub(super) const CONFIGURATION_SET: Kind = Kind {
    of_arn: "configuration-set",
    prefix: "",
};

impl Kind {
    fn has_id(&self, id: &str) -> bool {
        let rest = id.strip_prefix(self.prefix);
        rest.is_some_and(|rest| !rest.is_empty() && is_written_with(rest, "_-"))
    }

    /// Whether `text` is an id of this kind, or its ARN.
    fn accepts(&self, text: &str) -> bool {
        let id = match read_arn(text) {
            Some((kind, id)) => (kind == self.of_arn).then_some(id),
            None => Some(text),
        };
        text.len() <= MAX_ID && id.is_some_and(|id| self.has_id(id))
    }
}

/// Reads the kind and the id of an ARN of End User Messaging, as in
/// `arn:aws:sms-voice:us-east-1:111122223333:pool/pool-1`.
fn read_arn(text: &str) -> Option<(&str, &str)> {
    let mut parts = text.splitn(6, ':');
    let mut next = || parts.next();
    let (arn, partition, service, region, account) = (next()?, next()?, next()?, next()?, next()?);
    let is_arn = arn == "arn"
        && (partition == "aws" || partition.starts_with("aws-"))
        && is_written_with(partition, "-")
        && service == "sms-voice"
        && !region.is_empty()
        && is_written_with(region, "-")
        && account.len() == 12
        && are_digits(account);
    next()?.split_once('/').filter(|_| is_arn)
}

/// Reads the sender id and the country of its ARN.
fn read_sender_id(text: &str) -> Option<(&str, &str)> {
    let (kind, id) = read_arn(text)?;
    let (id, country) = id.split_once('/')?;
    (kind == "sender-id" && is_sender_id(id)).then_some((id, country))
}

/// Whether texts from `identity` show a sender id: by its name, or by its ARN.
pub(super) fn names_sender_id(identity: &str) -> bool {
    find_sender_id(identity).is_some()
}

/// Finds the sender id that texts from `identity` show, in its name or in its ARN.
pub(super) fn find_sender_id(identity: &str) -> Option<&str> {
    let by_arn = || read_sender_id(identity).map(|(id, _)| id);
    is_name(identity).then_some(identity).or_else(by_arn)
}

/// Whether texts from `identity` come from one number: as it is written, by its id, or by its ARN.
pub(super) fn names_number(identity: &str) -> bool {
    is_number(identity) || PHONE.accepts(identity)
}

/// Whether `text` is a sender id itself. What begins as an id of AWS is meant as one.
fn is_name(text: &str) -> bool {
    let mut kinds = [POOL, PHONE].into_iter();
    is_sender_id(text) && !kinds.any(|kind| text.starts_with(kind.prefix))
}

/// Whether `text` is a number in E.164, or the digits of a short code.
fn can_text(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let shortest = if digits == text { 3 } else { 5 };
    is_number(text) && (shortest..=15).contains(&digits.len()) && !digits.starts_with('0')
}

/// Accepts what can send texts to `country`, or to all countries.
pub(super) fn check_identity(identity: String, country: Option<Country>) -> Result<String, String> {
    if let (Some((_, of)), Some(country)) = (read_sender_id(&identity), country) {
        return if of == country.as_str() {
            Ok(identity)
        } else {
            Err(format!(
                "a sender id of {country} is needed, and not of another country"
            ))
        };
    }
    if can_text(&identity) {
        check_length(&identity)?;
    }
    let accepted = POOL.accepts(&identity)
        || PHONE.accepts(&identity)
        || can_text(&identity)
        || names_sender_id(&identity);
    accepted
        .then_some(identity)
        .ok_or_else(|| describe_senders(country))
}

/// Says what can send texts to `country`, or to all countries, which have no sender id in common.
fn describe_senders(country: Option<Country>) -> String {
    let kinds = match country {
        Some(country) if country.as_str() == CHINA => return NO_SENDERS_OF_CHINA.to_owned(),
        Some(country) if !has_no_sender_ids(country) => "a pool, a number or a sender id",
        _ => "a pool or a number",
    };
    let needed =
        "is needed, by id or ARN, as in pool-0123456789abcdef0123456789abcdef or +18005550100";
    match country {
        Some(_) => format!("{kinds} {needed}"),
        None => format!("{kinds} {needed}; a sender id for all countries stands in sms.sender_id"),
    }
}

/// Accepts the id of a resource of this kind, or its ARN.
pub(super) fn check_id(id: String, kind: &Kind) -> Result<String, String> {
    kind.accepts(&id).then_some(id).ok_or_else(|| {
        let Kind { of_arn, prefix } = kind;
        let kind = of_arn.replace('-', " ");
        format!(
            "the id or ARN of a {kind} is needed, as in {prefix}0123456789abcdef0123456789abcdef"
        )
    })
}

/// Accepts the name of a resource of this kind, or its ARN.
pub(super) fn check_name(name: String, kind: &Kind) -> Result<String, String> {
    kind.accepts(&name).then_some(name).ok_or_else(|| {
        let kind = kind.of_arn.replace('-', " ");
        format!("the name or ARN of a {kind} is needed, as in phoneproof")
    })
}

/// Accepts the id of a template of AWS. The fault shows an `example`.
pub(super) fn check_template(id: String, example: &str) -> Result<String, String> {
    let is_template = (1..=MAX_ID).contains(&id.len()) && is_written_with(&id, "_-");
    is_template
        .then_some(id)
        .ok_or_else(|| format!("the id of a template is needed, as in {example}"))
}
