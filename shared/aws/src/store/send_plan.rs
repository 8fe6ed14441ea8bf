//! What a send is to write, before anything is known of its items.

use phoneproof_domain::attestation::AttestationDigest;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::gate::{Check, Gate};
use phoneproof_domain::phone_record::{Reservation, Share, Terms};
use phoneproof_domain::purse::{
    Caller, Claim, Evidence, Lane, Plan, PlannedCall, PurseItem, PurseKey, Write,
};
use phoneproof_domain::range::Ranges;
use phoneproof_domain::root::RootId;
use phoneproof_domain::subject::{Subject, SubjectIndex};
use phoneproof_domain::tally::Begin;
use std::collections::HashMap;

use super::reference::StoredToken;
use super::reserve_error::Denied;

/// The plan of one send: everything that its transaction holds.
#[derive(Debug, Clone)]
pub struct SendPlan {
    /// The index of the phone that is texted, which is the key of its record.
    pub phone_index: SubjectIndex,
    /// The gates that the send has to pass. Those of one subject stand together in the transaction.
    pub gates: Vec<Gate>,
    /// The challenge that the send is about.
    pub reservation: Reservation,
    /// The root that the code is derived from.
    pub root: RootId,
    /// When the code stops working.
    pub expires_at: Timestamp,
    /// The guesses that a new challenge admits.
    pub attempts: u32,
    /// The terms of the decision on the phone's record.
    pub terms: Terms,
    /// How the count of today's wrong codes is met.
    pub wrong: Begin,
    /// When the evidence on the phone's record has ended, if it has. It then leaves the record.
    pub ended_evidence: Option<Timestamp>,
    /// The caller, to find the phone's allowance; `None` for a test number, which has no allowance.
    pub caller: Option<PhoneCaller>,
    /// Who pays, and how; `None` for a test number.
    pub paid: Option<Plan>,
    /// The attestation of the caller. When the lane of vouched-for callers pays, it is used up.
    pub attestation: Option<AttestationDigest>,
    /// When the phone's record ends, if nothing else happens to it.
    pub kept_until: Timestamp,
    /// The token to store with a new challenge; `None` when tokens are not stored, and for a resend.
    pub stored: Option<StoredToken>,
}

/// Who asks for a text, and how many the phone's allowance has for a caller that it was verified with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneCaller {
    /// The device and the network.
    pub caller: Caller,
    /// The texts of the allowance between two typed codes.
    pub allowance: u32,
}

/// What is known about the evidence on a phone's record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum KnownEvidence {
    /// The record was not read.
    #[default]
    Unread,
    /// The record has this evidence, or none.
    Read(Option<Evidence>),
}

/// What a refused transaction told about the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The gates, with those that count in another way.
    pub gates: Vec<Gate>,
    /// The day whose wrong codes count, and how.
    pub wrong: (Terms, Begin),
    /// The reservation that the phone's record has room for.
    pub reservation: Reservation,
    /// What the text takes out of the phone's allowance, because the limits of the phone refuse it.
    pub allowance: Option<Claim>,
    /// What the limits of the phone say to a caller for whom it has no allowance.
    pub lifted: Option<Denied>,
    /// When the evidence on the phone's record has ended, if it has.
    pub ended_evidence: Option<Timestamp>,
    /// The phone's evidence, as far as the phone's record came back.
    pub evidence: KnownEvidence,
    /// The purses that came back, because they refused.
    pub purses: HashMap<PurseKey, PurseItem>,
    /// Whether somebody else has to pay.
    pub is_unpaid: bool,
}

impl SendPlan {
    /// Takes over what a refused transaction told, except for the reservation and for who pays.
    pub fn take(&mut self, moved: &Moved) {
        self.gates.clone_from(&moved.gates);
        (self.terms, self.wrong) = moved.wrong;
        self.ended_evidence = moved.ended_evidence;
    }

    /// Returns the device or else the network of the caller, if the phone with this evidence was verified there. The
    /// phone has an allowance for such a caller.
    #[must_use]
    pub fn place_of(&self, evidence: &Evidence) -> Option<&SubjectIndex> {
        let caller = &self.caller.as_ref()?.caller;
        if !evidence.holds(self.terms.now) {
            return None;
        }
        if evidence.device == caller.device {
            return Some(&caller.device);
        }
        let network = Some(&caller.network);
        network.filter(|own| evidence.network.as_ref() == Some(own))
    }

    /// Returns the share of the phone that the text uses up.
    pub(super) fn share(&self) -> Share {
        let mut gates = self.gates.iter();
        let own = gates.find(|gate| gate.check == Check::Reserve);
        own.map(|gate| gate.share).unwrap_or_default()
    }

    /// Returns what the text claims of the phone's evidence.
    pub(super) fn claim(&self) -> Claim {
        self.paid.as_ref().map_or(Claim::Nothing, |paid| paid.claim)
    }

    /// Returns the call that the plan pays for.
    pub(super) fn call(&self) -> Option<PlannedCall> {
        self.paid.as_ref()?.call
    }

    /// Lists the items of the transaction, each with what has to be said about it when its condition fails.
    pub(super) fn parts(&self) -> Vec<PlanPart<'_>> {
        let mut parts: Vec<PlanPart<'_>> = Vec::with_capacity(8);
        let mut of_ranges = None;
        for gate in &self.gates {
            if let Check::NotInBlockedRange(ranges) = &gate.check {
                of_ranges = Some(PlanPart::Ranges(gate, ranges));
                continue;
            }
            let own = parts.iter_mut().find_map(|part| match part {
                PlanPart::Record(subject, gates) if **subject == gate.subject => Some(gates),
                _ => None,
            });
            match own {
                Some(gates) => gates.push(gate),
                None => parts.push(PlanPart::Record(&gate.subject, vec![gate])),
            }
        }
        parts.extend(of_ranges);
        let writes = self.paid.iter().flat_map(|paid| &paid.writes);
        parts.extend(writes.map(PlanPart::Purse));
        let vouched = self.paid.as_ref();
        let vouched = vouched.filter(|paid| paid.payer.lane == Lane::Attested);
        parts.extend(vouched.and(self.attestation).map(PlanPart::Attestation));
        parts.extend(self.stored.as_ref().map(PlanPart::Token));
        parts
    }
}

/// An item of the transaction.
pub(super) enum PlanPart<'p> {
    /// The record of a subject, with its gates.
    Record(&'p Subject, Vec<&'p Gate>),
    /// The copy of the blocked ranges, with its gate.
    Ranges(&'p Gate, &'p Ranges),
    /// The purse of a country, number block, network or day.
    Purse(&'p Write),
    /// The attestation that is used up.
    Attestation(AttestationDigest),
    /// The token that is stored.
    Token(&'p StoredToken),
}
