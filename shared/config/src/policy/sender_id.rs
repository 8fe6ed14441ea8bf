//! Checks sender ids.

use phoneproof_domain::outgoing::Origination;

use super::faults::Faults;

/// What is said of a sender in the one country that has neither sender ids nor numbers.
pub(super) const NO_SENDERS_OF_CHINA: &str = "AWS has neither sender ids nor numbers for texts to CN: leave it out, and AWS \
                                              chooses the sender";

/// Whether `id` can be a sender id. The guide of SNS accepts 3 to 11 letters, digits and hyphens, with at least one
/// letter. A hyphen comes after one of the others.
pub(super) fn is_sender_id(id: &str) -> bool {
    (3..=11).contains(&id.len())
        && !id.starts_with('-')
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && id.bytes().any(|b| b.is_ascii_alphabetic())
}

/// Notes a fault if SNS would not accept the sender id. A faulty one still counts as one.
pub(super) fn check_sender_id(at: &str, id: String, faults: &mut Faults) -> Origination {
    if !is_sender_id(&id) {
        let needed = "3 to 11 letters, digits and hyphens with at least one letter are needed, and no hyphen at the start";
        faults.add(at, needed);
    }
    Origination::SenderId(id)
}
