//! Calls: the code of an earlier text, spoken.

use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::purse::{CallRecord, Micros, Payer, PurseKey, PursePolicy};

use super::{Sent, Service};

impl Service {
    /// Decides on a call that speaks the code of `text`. In everything but its purse it is a resend.
    ///
    /// # Errors
    ///
    /// The name of the rule that refuses it.
    pub fn call(
        &mut self,
        now: Timestamp,
        text: &Sent,
        price: Micros,
    ) -> Result<Sent, &'static str> {
        let paid = text.payer.clone().map(|payer| (price, payer));
        let sent = self.ask(now, &text.request, paid)?;
        Ok(Sent {
            called: Some(price),
            ..sent
        })
    }

    /// Gives the price of a call back to the calls of its country, for a typed code.
    pub(super) fn credit_calls(
        &mut self,
        policy: &PursePolicy,
        payer: &Payer,
        sent: &Sent,
        now: Timestamp,
    ) {
        let (country, Some(price)) = (sent.request.place.country, sent.called) else {
            return;
        };
        let credit = |seen| payer.credit_calls(country, price, seen, policy);
        if let Some(write) = credit(None)
            && !self.write_credit(&write)
        {
            let item = self.item(&PurseKey::Calls { country });
            let seen = CallRecord::read(&item, now).ok().flatten();
            if let Some(again) = credit(seen.as_ref()) {
                self.write_credit(&again);
            }
        }
    }
}
