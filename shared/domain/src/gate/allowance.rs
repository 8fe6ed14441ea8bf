//! The allowance of a phone: texts for the device or the network that it was verified with.

use super::{Found, Gate, Verdict};
use crate::phone_record::{PhoneRecord, Reservation, SendRefusal, Share, Terms};
use crate::purse::{Caller, Claim};
use crate::subject::{SubjectIndex, SubjectKind};

/// A text out of a phone's allowance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowance {
    /// What the text takes out of it.
    pub claim: Claim,
    /// The reservation that the record has room for.
    pub reservation: Reservation,
    /// The gates of the send. Those of the phone ask the limits of the allowance.
    pub gates: Vec<Gate>,
}

impl Found {
    /// Returns the text out of the phone's allowance, when the common limits of the phone refuse it. `texts` is what the
    /// allowance has between two typed codes. `None` when the allowance is not for this caller, or has nothing now.
    ///
    /// What was found must be the whole record of the phone.
    #[must_use]
    pub fn find_allowance(
        &self,
        gates: &[Gate],
        caller: &Caller,
        texts: u32,
        reservation: &Reservation,
        terms: &Terms,
    ) -> Option<Allowance> {
        if cools_down_after(&self.phone, &caller.device, terms) {
            return None;
        }
        let evidence = self.phone.evidence.as_ref()?;
        let claims = [Claim::Here { texts }, Claim::Near { texts }];
        let mut bears = claims
            .into_iter()
            .filter(|claim| evidence.bears(*claim, caller, terms.now));
        bears.find_map(|claim| self.admit_allowance(gates, claim, *reservation, terms))
    }

    /// Asks the phone's gates about the share of `claim`. Returns the text that they admit.
    fn admit_allowance(
        &self,
        gates: &[Gate],
        claim: Claim,
        mut reservation: Reservation,
        terms: &Terms,
    ) -> Option<Allowance> {
        let mut gates = gates.to_vec();
        let of_phone = gates.iter_mut();
        for gate in of_phone.filter(|gate| gate.subject.kind == SubjectKind::Phone) {
            *gate = gate.with_share(Share::of(claim));
            match gate.examine(self, &reservation, terms) {
                Verdict::Holds => {}
                Verdict::Instead(fitting) => *gate = fitting,
                Verdict::Refuses(SendRefusal::Instead(fitting), _) => reservation = fitting,
                Verdict::Refuses(..) => return None,
            }
        }
        Some(Allowance {
            claim,
            reservation,
            gates,
        })
    }
}

/// Whether a text that this device asked for has started the cooldown of the phone that now runs.
///
/// The allowance is for callers that others keep out. It is not for callers that do not wait.
fn cools_down_after(phone: &PhoneRecord, device: &SubjectIndex, terms: &Terms) -> bool {
    let last = phone
        .last_sent
        .filter(|sent| *sent + terms.cooldown > terms.now);
    last.is_some() && phone.last_sent_by.as_ref() == Some(device)
}
