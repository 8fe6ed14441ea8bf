//! The conditions in DynamoDB and the decisions in the domain agree on every kind of record.
//!
//! Each test puts a record into the table, lets the store write to it, and compares the result with the domain's
//! decision.

mod counts;
mod items;
mod kinds;
mod overrides;
mod purses;
mod ranges;
mod tallies;

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use phoneproof_aws::store::{Denied, GuessOutcome, ReserveError, SendPlan, Store};
use phoneproof_crypto::keyring::Keyring;
use phoneproof_domain::address::SourceAddress;
use phoneproof_domain::business_id::BusinessId;
use phoneproof_domain::challenge::{ChallengeId, Closed};
use phoneproof_domain::clock::{Clock as _, Timestamp};
use phoneproof_domain::country::Country;
use phoneproof_domain::device::Device;
use phoneproof_domain::gate::{Check, Found, Gate, Verdict, make_gates};
use phoneproof_domain::limits::Limits;
use phoneproof_domain::phone::Phone;
use phoneproof_domain::phone_record::{
    Guess, GuessRefusal, Lockout, PhoneRecord, Predecessor, ResendId, Reservation, SendRefusal,
    Share, Slot, Terms, Use, WriteId,
};
use phoneproof_domain::purse::Evidence;
use phoneproof_domain::root::RootId;
use phoneproof_domain::rule::Rule;
use phoneproof_domain::subject::{Subject, SubjectIndex, SubjectKind, Subjects};
use phoneproof_domain::tally::{Begin, PLACES, Tally};
use phoneproof_domain::window::{DAY, Window};
use phoneproof_model as protocol;
use phoneproof_observe::RequestContext;
use phoneproof_tests::{World, phone};
use serde_json::{Value, json};

use self::items::*;
use self::kinds::*;
use self::tallies::*;

const OWN: ChallengeId = ChallengeId([1; 16]);
const OTHER: ChallengeId = ChallengeId([2; 16]);
const NEXT: ChallengeId = ChallengeId([4; 16]);
const LAST: ChallengeId = ChallengeId([6; 16]);
const WRITE: WriteId = WriteId([3; 16]);
const EARLIER: WriteId = WriteId([5; 16]);
const KEY: ResendId = ResendId([6; 16]);
const OTHER_KEY: ResendId = ResendId([7; 16]);
/// The number of slots of a phone.
const SLOTS: u8 = 7;
const COOLDOWN: Duration = Duration::from_mins(1);
const LOCKOUT: Lockout = Lockout {
    soft: 20,
    hard: 100,
    remembered: DAY,
};

struct Bench {
    world: World,
    store: Store,
    subjects: Subjects,
    terms: Terms,
}

/// Returns the error of the store for a decision of the domain about `subject`.
fn make_error(decided: SendRefusal, subject: Subject, evidence: Option<Evidence>) -> ReserveError {
    match decided {
        SendRefusal::Denied(denial) => ReserveError::Denied(Box::new(Denied {
            denial,
            subject,
            evidence,
        })),
        other => ReserveError::Refused(other),
    }
}

impl Bench {
    async fn new() -> Self {
        let world = World::start().await;
        let clients = world.database.clients();
        let keyring = json!({ "current": "r1", "r1": "k".repeat(43) }).to_string();
        let keyring = Keyring::from_json(&keyring).expect("valid");
        let (index, number) = (
            keyring.indexer(),
            Phone::from_canonical(&phone(1)).expect("canonical"),
        );
        let now = world.clock.now();
        Self {
            store: Store::new(clients.dynamodb, world.database.tables.clone()),
            subjects: Subjects {
                phone_index: index.index_phone(&number),
                device_index: index.index_device(&Device::parse("d").expect("a device")),
                address_index: index.index_address(&SourceAddress::new(
                    "192.0.2.1".parse().expect("an address"),
                )),
                number_block_index: index.index_number_block(&number),
                country_index: Country::parse("US").ok().map(SubjectIndex::of_country),
                network_indexes: index.index_networks(&SourceAddress::new(
                    "192.0.2.1".parse().expect("an address"),
                )),
                business_index: BusinessId::parse("login")
                    .ok()
                    .map(|id| SubjectIndex::of_business(&id)),
            },
            terms: Terms {
                now,
                today: Window::containing(now, DAY, Duration::ZERO),
                cooldown: COOLDOWN,
                lockout: LOCKOUT,
                slots: SLOTS,
            },
            world,
        }
    }

    async fn put(&self, record: &PhoneRecord) {
        let mut item = json!({
            "pk": { "S": self.subjects.phone_index.as_str() },
            "failures": { "N": record.failures.to_string() },
        });
        let today = Tally {
            at: Some(self.terms.today.start),
            places: BTreeMap::from([(Tally::place(&self.terms.today), record.failures_today)]),
        };
        write_tally(&mut item, "wrong", &today);
        if let Some(at) = record.last_sent {
            item["last_sent"] = json!({ "N": at.unix().to_string() });
        }
        for (index, slot) in &record.slots {
            item[format!("slot_{index}")] = slot_attribute(slot);
        }
        let request = json!({ "TableName": "Challenges", "Item": item });
        assert_eq!(self.world.dynamodb("PutItem", &request).await.status, 200);
    }

    /// Reads the record that the table holds now.
    async fn record(&self) -> PhoneRecord {
        let index = self.subjects.phone_index.as_str();
        let item = self.item("Challenges", index).await;
        let count =
            |name: &str| number(&item[name]).map_or(0, |n| u32::try_from(n).expect("small"));
        let slots = item.as_object().expect("an item").iter();
        let slots = slots.filter_map(|(name, value)| {
            let index = name.strip_prefix("slot_")?.parse().expect("an index");
            Some((index, read_slot(&value["M"])))
        });
        PhoneRecord {
            last_sent: number(&item["last_sent"]).map(Timestamp::from_unix),
            failures: count("failures"),
            failures_today: read_tally(&item, "wrong").count_in(&self.terms.today),
            slots: slots.collect(),
            ..PhoneRecord::default()
        }
    }

    /// The gates of a send when every rule that counts admits `limit` texts.
    fn gates(&self, limit: u32) -> Vec<Gate> {
        let counting = Rule::ALL.into_iter();
        let limits = counting.fold(Limits::new(COOLDOWN, |_| limit), |limits, rule| {
            limits.with(rule, Some(limit))
        });
        let subjects = self.subjects.clone().into();
        make_gates(&subjects, &limits, Duration::ZERO, self.terms.now)
    }

    fn request(&self) -> RequestContext {
        RequestContext::new(
            self.terms.now,
            Duration::from_secs(5),
            self.world.random.clone(),
        )
    }

    fn plan(&self, reservation: Reservation) -> SendPlan {
        SendPlan {
            phone_index: self.subjects.phone_index.clone(),
            gates: self.gates(1_000_000),
            reservation,
            root: protocol::root(),
            expires_at: self.terms.now + Duration::from_mins(5),
            attempts: 5,
            terms: self.terms,
            wrong: Begin::Next,
            ended_evidence: None,
            caller: None,
            paid: None,
            attestation: None,
            kept_until: self.terms.now + DAY * 90,
            stored: None,
        }
    }

    async fn reserve(&self, plan: &SendPlan) -> Result<(), ReserveError> {
        self.store.reserve(plan, &mut self.request()).await
    }

    /// Returns the kinds to try: all on the embedded database, and every fifth on another one, which answers twenty times
    /// more slowly. That one is asked whether it understands the conditions, which are the same for all kinds.
    fn choose<T>(&self, kinds: Vec<T>) -> impl Iterator<Item = T> {
        let step = if self.world.database.is_external() {
            5
        } else {
            1
        };
        kinds.into_iter().step_by(step)
    }

    /// Every kind of record. Each condition is true, false and on its edge in some of them.
    fn records(&self) -> Vec<PhoneRecord> {
        let now = self.terms.now;
        let mut records = Vec::new();
        for slots in slot_kinds(now) {
            // Locks are combined with the plain kinds of slots only, because there are many others.
            let is_plain = |slot: &Slot| slot.used.is_none() && slot.resends.is_empty();
            let is_plain = slots.len() <= 1 && slots.values().all(is_plain);
            let edges = |last: u32| {
                [0, last - 1, last]
                    .into_iter()
                    .take(if is_plain { 3 } else { 1 })
            };
            for failures in edges(LOCKOUT.hard) {
                for failures_today in edges(LOCKOUT.soft) {
                    for last_sent in [
                        None,
                        Some(now - Duration::from_secs(59)),
                        Some(now - COOLDOWN),
                    ] {
                        let slots = slots.clone();
                        records.push(PhoneRecord {
                            last_sent,
                            failures,
                            failures_today,
                            slots,
                            ..PhoneRecord::default()
                        });
                    }
                }
            }
        }
        records
    }
}

#[tokio::test]
async fn the_store_and_the_domain_decide_alike_on_every_send() {
    let bench = Bench::new().await;
    for record in bench.choose(bench.records()) {
        let mut is_stored = false;
        for reservation in [
            Reservation::New { id: OWN, slot: 4 },
            Reservation::Idempotent { id: OWN, slot: 4 },
            resend(1, None),
            resend(5, None),
            resend(1, Some(KEY)),
            renewal(1, None),
            renewal(5, None),
            renewal(1, Some(KEY)),
        ] {
            // A refused send leaves the record as it is, which is checked below.
            if !is_stored {
                bench.put(&record).await;
            }
            let stored = bench.reserve(&bench.plan(reservation)).await;
            let decided = record.admits_send(&reservation, &bench.terms);
            let is_admitted = decided.is_ok();
            is_stored = !is_admitted;
            match decided {
                Err(SendRefusal::Instead(fitting)) => {
                    let Err(ReserveError::Again(moved)) = stored else {
                        panic!("{reservation:?} {record:?}: {stored:?}");
                    };
                    assert_eq!(moved.reservation, fitting, "{reservation:?} {record:?}");
                }
                decided => assert_eq!(
                    stored,
                    decided.map_err(|refusal| {
                        let phone = bench.plan(reservation).phone_index;
                        let phone = Subject::new(SubjectKind::Phone, phone);
                        make_error(refusal, phone, record.evidence.clone())
                    }),
                    "{reservation:?} {record:?}"
                ),
            }
            let mut expected = record.clone();
            if is_admitted {
                let plan = bench.plan(reservation);
                let now = bench.terms.now;
                protocol::send(
                    &mut expected,
                    &reservation,
                    &plan.root,
                    plan.expires_at,
                    plan.attempts,
                    now,
                );
            }
            assert_eq!(bench.record().await, expected, "{reservation:?} {record:?}");
        }
    }
}

#[tokio::test]
async fn the_store_and_the_domain_decide_alike_on_every_guess() {
    let bench = Bench::new().await;
    for record in bench.choose(bench.records()) {
        // A token of the challenge in the slot, and one of an earlier challenge of its key.
        let ends = record
            .slots
            .get(&2)
            .map_or(bench.terms.now, |own| own.expires_at);
        let guesses = [(true, ends), (false, ends), (true, ends - COOLDOWN)];
        let mut is_stored = false;
        for (right, expires_at) in guesses {
            if !is_stored {
                bench.put(&record).await;
            }
            let guess = Guess {
                id: OWN,
                slot: 2,
                expires_at,
                right,
                write: WRITE,
            };
            let stored = bench
                .store
                .record_guess(
                    &bench.subjects.phone_index,
                    &guess,
                    &bench.terms,
                    None,
                    &mut bench.request(),
                )
                .await
                .map(|outcome| match outcome {
                    GuessOutcome::Counted { attempts_left, .. } => Ok(attempts_left),
                    GuessOutcome::Refused(refusal) => Err(refusal),
                });
            let decided = record.admits_guess(&guess, &bench.terms);
            let is_admitted = decided.is_ok();
            is_stored = !is_admitted;
            match decided {
                // A wrong guess takes the last attempt. After a right one the number is not used.
                Ok(()) if right => assert!(matches!(stored, Ok(Ok(_))), "{record:?}"),
                // A wrong code at a used challenge counts, and is answered like every guess at one.
                Ok(()) if record.slots[&2].used.is_some() => {
                    let used = GuessRefusal::Closed(Closed::Used);
                    assert_eq!(stored, Ok(Err(used)), "{record:?}");
                }
                Ok(()) => assert_eq!(stored, Ok(Ok(0)), "{record:?}"),
                Err(GuessRefusal::AlreadyApplied(slot))
                    if slot.used.is_some_and(|used| used.by == WRITE) == right =>
                {
                    let is_late = slot.used.is_some() && !right;
                    let expected = if is_late {
                        Err(GuessRefusal::Closed(Closed::Used))
                    } else {
                        Ok(slot.attempts_left)
                    };
                    assert_eq!(stored, Ok(expected), "{record:?}");
                }
                Err(refusal) => assert_eq!(stored, Ok(Err(refusal)), "{record:?}"),
            }
            let mut expected = record.clone();
            if is_admitted {
                protocol::guess(&mut expected, 2, right, WRITE, bench.terms.now);
            }
            assert_eq!(bench.record().await, expected, "{record:?}");
        }
    }
}
