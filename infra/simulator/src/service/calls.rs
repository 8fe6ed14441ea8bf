//! Calls: the code of an earlier text, spoken.

use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::purse::Micros;

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
        let payment = text.payment.as_ref();
        let paid = payment.map(|payment| (price, payment.payer.clone()));
        let sent = self.ask(now, &text.request, paid)?;
        Ok(Sent {
            called: Some(price),
            ..sent
        })
    }
}
