//! The reserve of a phone: texts for the device or the network that it was verified with.

use super::{PhoneRecord, Reservation, SendRefusal, Share, Terms};
use crate::purse::{Caller, Claim};
use crate::subject::SubjectIndex;

impl PhoneRecord {
    /// Returns the claim and the reservation of a text out of the reserve, when the common limits of the phone refuse
    /// it. `texts` is what the reserve has between two typed codes. The record has room for the reservation. `None`
    /// when the reserve is not for this caller, or has nothing now.
    #[must_use]
    pub fn find_reserve(
        &self,
        caller: &Caller,
        texts: u32,
        reservation: &Reservation,
        terms: &Terms,
    ) -> Option<(Claim, Reservation)> {
        if self.cools_down_after(&caller.device, terms) {
            return None;
        }
        let proof = self.proof.as_ref()?;
        let claims = [Claim::Here { texts }, Claim::Near { texts }];
        let bears = |claim: &Claim| proof.bears(*claim, caller, terms.now);
        let claim = claims.into_iter().find(bears)?;
        match self.admits_send_from(Share::Reserve, reservation, terms) {
            Ok(()) => Some((claim, *reservation)),
            Err(SendRefusal::Instead(fitting)) => Some((claim, fitting)),
            Err(_) => None,
        }
    }

    /// Whether a text that this device asked for has started the cooldown that now runs.
    ///
    /// The reserve is for callers whom others keep out, and not for those who do not wait.
    fn cools_down_after(&self, device: &SubjectIndex, terms: &Terms) -> bool {
        let last = self
            .last_sent
            .filter(|sent| *sent + terms.cooldown > terms.now);
        last.is_some() && self.last_sent_by.as_ref() == Some(device)
    }
}
