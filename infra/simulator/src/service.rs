//! The service: the product's decisions on tables in memory.

mod calls;
mod credits;
mod defence;
mod history;
mod outcome;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use phoneproof_domain::challenge::ChallengeId;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::gate::{Check, Gate, make_gates, make_payment};
use phoneproof_domain::limits::Limits;
use phoneproof_domain::phone_record::{Lockout, PhoneRecord, Reservation, Share, Terms};
use phoneproof_domain::purse::{
    Ask, Caller, Claim, CountryRecord, Evidence, Lanes, Micros, Payer, Plan, PurseItem, PurseKey,
    PurseSettings, Records, Write, decide, plan_first_try,
};
use phoneproof_domain::rule::Rule;
use phoneproof_domain::subject::{SubjectIndex, SubjectKind, Subjects};
use phoneproof_domain::tally::Tally as Counted;
use phoneproof_domain::window::{DAY, Window};

use crate::world::{Place, Request};

pub use self::defence::Defence;
pub use self::outcome::{Sent, Tally, View};

/// The service, with what it stores.
#[derive(Debug, Clone)]
pub struct Service {
    limits: Limits,
    day_starts_at: Duration,
    purse_settings: Option<Arc<PurseSettings>>,
    /// What each rule has counted for a subject.
    counters: HashMap<(Rule, Share, SubjectIndex), Counted>,
    phones: HashMap<SubjectIndex, PhoneRecord>,
    purses: HashMap<PurseKey, PurseItem>,
    /// What an instance of `verify` saw last of each country.
    seen: HashMap<PurseKey, CountryRecord>,
    tally: Tally,
}

impl Service {
    /// Creates a service that has never sent a text.
    #[must_use]
    pub fn new(defence: Defence) -> Self {
        Self {
            limits: defence.limits,
            day_starts_at: defence.day_starts_at,
            purse_settings: defence.purses.map(Arc::new),
            counters: HashMap::new(),
            phones: HashMap::new(),
            purses: HashMap::new(),
            seen: HashMap::new(),
            tally: Tally::default(),
        }
    }

    /// Returns how the decisions came about.
    #[must_use]
    pub const fn tally(&self) -> Tally {
        self.tally
    }

    /// Decides on a send.
    ///
    /// # Errors
    ///
    /// The name of the rule that refuses it.
    pub fn send(&mut self, now: Timestamp, request: &Request) -> Result<Sent, &'static str> {
        self.ask(now, request, None)
    }

    /// Decides on a text, or on a call after a text. `call` is its price, and who paid for the text.
    fn ask(
        &mut self,
        now: Timestamp,
        request: &Request,
        call: Option<(Micros, Payer)>,
    ) -> Result<Sent, &'static str> {
        let subjects = request.subjects();
        let terms = self.make_terms(now);
        let gates = self.make_gates(&subjects, now);
        let (gates, allowance) = self.admit(gates, &subjects, request, &terms)?;
        let payer = match self.purse_settings.clone() {
            Some(settings) => {
                Some(self.pay(&settings, now, (request, allowance, call), &subjects)?)
            }
            None => None,
        };
        let payment = payer.and_then(|payer| make_payment(payer, &gates));
        for gate in &gates {
            if let Check::Count(quota, _) = gate.check {
                let counted = self.counters.entry(counter(gate)).or_default();
                counted.count(&quota.window);
            }
        }
        let phone = self.phones.entry(subjects.phone_index.clone());
        let phone = phone.or_default();
        match allowance.map_or(Share::Common, Share::of) {
            Share::Here => phone.reserved_here = Some(now),
            Share::Near => phone.reserved_near = Some(now),
            Share::Common => {
                phone.last_sent = Some(now);
                phone.last_sent_by = Some(subjects.device_index.clone());
            }
        }
        Ok(Sent {
            request: *request,
            subjects,
            payment,
            called: None,
        })
    }

    fn make_gates(&self, subjects: &Subjects, now: Timestamp) -> Vec<Gate> {
        let all = subjects.clone().into();
        make_gates(&all, &self.limits, self.day_starts_at, now)
    }

    /// Asks the limits. Those of a phone's allowance follow where strangers have used up the phone's own.
    fn admit(
        &self,
        gates: Vec<Gate>,
        subjects: &Subjects,
        request: &Request,
        terms: &Terms,
    ) -> Result<(Vec<Gate>, Option<Claim>), &'static str> {
        let refused = match self.check(&gates, subjects, terms) {
            Ok(()) => return Ok((gates, None)),
            Err(rule) => rule,
        };
        let phone = self.phones.get(&subjects.phone_index);
        let settings = self.purse_settings.as_ref();
        let (Some(phone), Some(settings)) = (phone, settings) else {
            return Err(refused);
        };
        let cooldown_ends = phone.last_sent.map(|sent| sent + terms.cooldown);
        let own_cooldown = cooldown_ends.is_some_and(|end| end > terms.now)
            && phone.last_sent_by.as_ref() == Some(&subjects.device_index);
        let texts = settings.policy.known_texts;
        let caller = caller_of(request, subjects);
        for claim in [Claim::Here { texts }, Claim::Near { texts }] {
            let evidence = phone.evidence.as_ref();
            let bears = evidence.is_some_and(|evidence| evidence.bears(claim, &caller, terms.now));
            if own_cooldown || !bears {
                continue;
            }
            let of_phone = |gate: &Gate| gate.subject.kind == SubjectKind::Phone;
            let in_allowance = gates.iter().map(|gate| {
                if of_phone(gate) {
                    gate.with_share(Share::of(claim))
                } else {
                    gate.clone()
                }
            });
            let in_allowance: Vec<_> = in_allowance.collect();
            if self.check(&in_allowance, subjects, terms).is_ok() {
                return Ok((in_allowance, Some(claim)));
            }
        }
        Err(refused)
    }

    fn check(
        &self,
        gates: &[Gate],
        subjects: &Subjects,
        terms: &Terms,
    ) -> Result<(), &'static str> {
        let nothing = PhoneRecord::default();
        let record = self.phones.get(&subjects.phone_index).unwrap_or(&nothing);
        let reservation = Reservation::New {
            id: ChallengeId([0; 16]),
            slot: 0,
        };
        for gate in gates {
            let holds = match &gate.check {
                Check::NotBlocked | Check::NotInBlockedRange(_) => true,
                Check::Reserve => {
                    let decided = record.admits_send_from(gate.share, &reservation, terms);
                    decided.is_ok()
                }
                Check::Count(quota, _) => {
                    let counted = self.counters.get(&counter(gate));
                    counted.is_none_or(|counted| counted.count_in(&quota.window) < quota.limit)
                }
            };
            if !holds {
                return Err(gate.rule.name());
            }
        }
        Ok(())
    }

    /// Lets a purse pay: the first try, or a second one after a read.
    fn pay(
        &mut self,
        settings: &PurseSettings,
        now: Timestamp,
        (request, allowance, call): (&Request, Option<Claim>, Option<(Micros, Payer)>),
        subjects: &Subjects,
    ) -> Result<Payer, &'static str> {
        let policy = &settings.policy;
        let country = request.place.country;
        let shards = settings.shards_of(country);
        let ask = Ask {
            now,
            today: Window::containing(now, DAY, self.day_starts_at),
            country,
            shard: Ask::shard_of(&subjects.phone_index, shards),
            shards,
            price: call
                .as_ref()
                .map_or(request.place.price, |(price, _)| *price),
            number_block: subjects.number_block_index.clone(),
            caller: caller_of(request, subjects),
            allowance,
            is_attested: request.is_attested,
            call_after: call.map(|(_, payer)| payer),
        };
        let first = plan_first_try(&ask, policy);
        if self.write_all(&first.writes) {
            self.tally.first_tries += 1;
            return Ok(first.payer);
        }
        let phone = self.phones.get(&subjects.phone_index);
        let evidence = phone.and_then(|phone| phone.evidence.clone());
        let records = Records::read(&ask, evidence, |key| self.item(key));
        let decision = decide(&ask, settings, &records.map_err(|_| "damaged-purse")?);
        self.tally.would_refuse += u64::from(!decision.passed_over.is_empty());
        let plan = decision.outcome.map_err(|refusal| refusal.rule.name())?;
        self.apply(plan, &ask, subjects)
    }

    /// Returns what the shards of a country hold together; `None` without purses, and before its first text.
    #[must_use]
    pub fn look_at(&self, place: &Place, now: Timestamp) -> Option<View> {
        let settings = self.purse_settings.as_ref()?;
        let country = place.country;
        let shards = 0..settings.shards_of(country);
        let records = shards.filter_map(|shard| {
            let item = self.purses.get(&PurseKey::Country { country, shard })?;
            CountryRecord::read(item, now).ok().flatten()
        });
        records
            .map(|record| {
                let cap = |lane| settings.policy.cap(lane, place.price, record.best);
                View {
                    lanes: Lanes::new(|lane| (record.holds(lane), cap(lane))),
                    left: record.left,
                }
            })
            .reduce(|sum, more| View {
                lanes: Lanes::new(|lane| {
                    let (own, other) = (sum.lanes[lane], more.lanes[lane]);
                    (own.0 + other.0, own.1 + other.1)
                }),
                left: sum.left + more.left,
            })
    }

    /// The terms of a decision about a phone's record. Nobody types a wrong code here.
    fn make_terms(&self, now: Timestamp) -> Terms {
        Terms {
            now,
            today: Window::containing(now, DAY, self.day_starts_at),
            cooldown: self.limits.cooldown,
            lockout: Lockout {
                soft: u32::MAX,
                hard: u32::MAX,
                remembered: DAY,
            },
            slots: 1,
        }
    }

    /// Writes a plan that was made from what is stored. Nobody else writes in between.
    fn apply(&mut self, plan: Plan, ask: &Ask, subjects: &Subjects) -> Result<Payer, &'static str> {
        let phone = self.phones.entry(subjects.phone_index.clone()).or_default();
        let bears = |evidence: &Evidence| evidence.bears(plan.claim, &ask.caller, ask.now);
        let holds = phone.evidence.as_ref().is_none_or(bears);
        if !holds || !self.write_all(&plan.writes) {
            return Err("contradiction");
        }
        let phone = self.phones.entry(subjects.phone_index.clone()).or_default();
        if let Some(evidence) = &mut phone.evidence {
            evidence.count(plan.claim);
        }
        self.tally.second_tries += 1;
        Ok(plan.payer)
    }

    fn item(&self, key: &PurseKey) -> PurseItem {
        self.purses.get(key).cloned().unwrap_or_default()
    }

    /// Writes all or nothing.
    fn write_all(&mut self, writes: &[Write]) -> bool {
        let nothing = PurseItem::default();
        let after = writes.iter().map(|write| {
            let item = self.purses.get(&write.key).unwrap_or(&nothing);
            Some((write.key.clone(), write.apply(item)?))
        });
        let Some(after) = after.collect::<Option<Vec<_>>>() else {
            return false;
        };
        self.purses.extend(after);
        true
    }
}

fn caller_of(request: &Request, subjects: &Subjects) -> Caller {
    Caller {
        device: subjects.device_index.clone(),
        network: request.network.index(),
    }
}

fn counter(gate: &Gate) -> (Rule, Share, SubjectIndex) {
    (gate.rule, gate.share, gate.subject.index.clone())
}
