//! Who asks for calls: an attacker after each own text, and honest users whose text did not help them.

use phoneproof_domain::purse::Micros;

use super::{Event, Table};
use crate::service::Sent;
use crate::world::instant;

/// A service that calls people.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calls {
    /// What a call costs.
    pub price: Micros,
    /// The share of honest users without a typed code who ask for a call.
    pub asked_by: f64,
}

/// The calls that an attacker asks for after each text: with the text, as many as a phone gets in a day.
const AFTER_EACH_TEXT: u32 = 9;
/// The seconds between two calls of an attacker who waits for the cooldown and keeps a token alive.
const AFTER: f64 = 62.0;

impl Table<'_> {
    /// Lets the attacker ask for calls after each text that arrived.
    pub(super) fn plan_calls(&mut self, at: f64, text: &Sent) {
        if self.run.calls.is_none() {
            return;
        }
        for n in 1..=AFTER_EACH_TEXT {
            let call = Event::Calls {
                text: Box::new(text.clone()),
                conversion: None,
            };
            self.agenda.add(at + AFTER * f64::from(n), call, None);
        }
    }

    /// Lets an honest user ask for a call, now and then, whose text was not typed in.
    pub(super) fn plan_honest_call(&mut self, at: f64, text: Sent, conversion: f64) {
        if let Some(calls) = self.run.calls
            && self.dice.happens(calls.asked_by)
        {
            let call = Event::Calls {
                text: Box::new(text),
                conversion: Some(conversion),
            };
            let at = at + 65.0 + self.dice.exponential(1.0 / 40.0);
            self.agenda.add(at, call, None);
        }
    }

    /// Decides on a call. `conversion` is how often honest users type its code in; `None` is the attacker.
    pub(super) fn calls(&mut self, at: f64, text: &Sent, conversion: Option<f64>) {
        let Some(calls) = self.run.calls else {
            return;
        };
        let called = self.service.call(instant(at), text, calls.price);
        let Some(conversion) = conversion else {
            match called {
                Ok(_) => {
                    self.outcome.calls += 1;
                    self.outcome.cost += calls.price;
                    self.outcome.spending.push((at, calls.price));
                }
                Err(rule) => *self.outcome.stopped_by.entry(rule).or_default() += 1,
            }
            return;
        };
        let country = text.request.place.country;
        let counted = self.run.counted.as_ref();
        let is_counted = counted.is_none_or(|countries| countries.contains(&country));
        if is_counted && (self.run.window.0..self.run.window.1).contains(&at) {
            self.outcome.honest_calls.count(called.is_err());
        }
        if let Ok(sent) = called
            && self.dice.happens(conversion)
        {
            self.agenda
                .add(at + 20.0, Event::Types(Box::new(sent)), None);
        }
    }
}
