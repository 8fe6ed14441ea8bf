//! The conditions in DynamoDB and the decisions in the domain agree on every kind of record.
//!
//! Each test puts a record into the table, lets the store write to it, and compares the result with the domain's
//! decision.

mod purses;
mod ranges;

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use phoneproof_aws::store::{ReserveError, SendPlan, Store};
use phoneproof_crypto::keyring::Keyring;
use phoneproof_domain::address::SourceAddress;
use phoneproof_domain::challenge::{ChallengeId, Closed};
use phoneproof_domain::clock::{Clock as _, Timestamp};
use phoneproof_domain::country::Country;
use phoneproof_domain::device::Device;
use phoneproof_domain::gate::{Check, Found, Gate, Settled, gates};
use phoneproof_domain::limits::Limits;
use phoneproof_domain::phone::Phone;
use phoneproof_domain::phone_record::{
    Guess, GuessRefusal, Lockout, PhoneRecord, Predecessor, Reservation, SendRefusal, Slot, Terms,
    Use, WriteId,
};
use phoneproof_domain::policy::BusinessId;
use phoneproof_domain::root::RootId;
use phoneproof_domain::rule::Rule;
use phoneproof_domain::subject::{Subject, SubjectIndex, SubjectKind, Subjects};
use phoneproof_domain::tally::{Begin, PLACES, Tally};
use phoneproof_domain::window::{DAY, Window};
use phoneproof_observe::RequestContext;
use phoneproof_tests::{World, phone, protocol};
use serde_json::{Value, json};

const OWN: ChallengeId = ChallengeId([1; 16]);
const OTHER: ChallengeId = ChallengeId([2; 16]);
const NEXT: ChallengeId = ChallengeId([4; 16]);
const WRITE: WriteId = WriteId([3; 16]);
const EARLIER: WriteId = WriteId([5; 16]);
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
                phone_index: index.phone(&number),
                device_index: index.device(&Device::parse("d").expect("a device")),
                address_index: index.address(&SourceAddress::new(
                    "192.0.2.1".parse().expect("an address"),
                )),
                number_block_index: index.number_block(&number),
                country_index: Country::parse("US").ok().map(SubjectIndex::of_country),
                network_indexes: index.networks(&SourceAddress::new(
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
        let key = json!({ "pk": { "S": self.subjects.phone_index.as_str() } });
        let request = json!({ "TableName": "Challenges", "Key": key, "ConsistentRead": true });
        let item = self.world.dynamodb("GetItem", &request).await.json["Item"].take();
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
            failures_today: read_tally(&item, "wrong").counted(&self.terms.today),
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
        gates(&subjects, &limits, Duration::ZERO, self.terms.now)
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
            kept_until: self.terms.now + DAY * 90,
            stored: None,
        }
    }

    /// The table and the key of a subject's record.
    fn place_of(subject: &Subject) -> (&'static str, String) {
        match subject.kind {
            SubjectKind::Phone => ("Challenges", subject.index.as_str().to_owned()),
            _ => ("Limits", subject.key()),
        }
    }

    /// Puts a record that holds only these tallies.
    async fn put_tallies(&self, subject: &Subject, tallies: &[(&str, Tally)]) {
        let (table, key) = Self::place_of(subject);
        let mut item = json!({ "pk": { "S": key } });
        for (name, tally) in tallies {
            write_tally(&mut item, name, tally);
        }
        let request = json!({ "TableName": table, "Item": item });
        assert_eq!(self.world.dynamodb("PutItem", &request).await.status, 200);
    }

    /// Adds a count to a record, in the window of `gate`.
    async fn set_count(&self, gate: &Gate, n: u32) {
        let (table, key) = Self::place_of(&gate.subject);
        let window = gate.quota().expect("it counts").window;
        let name = tally_name(gate);
        let update = json!({
            "TableName": table,
            "Key": { "pk": { "S": key } },
            "UpdateExpression": format!("SET {name}_at = :at, {name}_{} = :n", Tally::place(&window)),
            "ExpressionAttributeValues": {
                ":at": { "N": window.start.unix().to_string() },
                ":n": { "N": n.to_string() },
            },
        });
        assert_eq!(self.world.dynamodb("UpdateItem", &update).await.status, 200);
    }

    async fn tally(&self, gate: &Gate) -> Tally {
        let (table, key) = Self::place_of(&gate.subject);
        let key = json!({ "pk": { "S": key } });
        let request = json!({ "TableName": table, "Key": key, "ConsistentRead": true });
        let item = self.world.dynamodb("GetItem", &request).await.json["Item"].take();
        read_tally(&item, tally_name(gate))
    }

    /// Reads a tally of the phone's record.
    async fn phone_tally(&self, name: &str) -> Tally {
        let key = json!({ "pk": { "S": self.subjects.phone_index.as_str() } });
        let request = json!({ "TableName": "Challenges", "Key": key, "ConsistentRead": true });
        let item = self.world.dynamodb("GetItem", &request).await.json["Item"].take();
        read_tally(&item, name)
    }

    /// Replaces a tally of the phone's record.
    async fn replace_tally(&self, name: &str, tally: &Tally) {
        let key = json!({ "pk": { "S": self.subjects.phone_index.as_str() } });
        let request = json!({ "TableName": "Challenges", "Key": key, "ConsistentRead": true });
        let mut item = self.world.dynamodb("GetItem", &request).await.json["Item"].take();
        let members = item.as_object_mut().expect("an item");
        members.retain(|member, _| !member.starts_with(name));
        write_tally(&mut item, name, tally);
        let put = json!({ "TableName": "Challenges", "Item": item });
        assert_eq!(self.world.dynamodb("PutItem", &put).await.status, 200);
    }

    /// Empties the records of all gates.
    async fn empty(&self, gates: &[Gate]) {
        for gate in gates {
            self.put_tallies(&gate.subject, &[]).await;
        }
    }

    async fn reserve(&self, plan: &SendPlan) -> Result<(), ReserveError> {
        self.store.reserve(plan, &mut self.request()).await
    }

    /// Every kind of record. Each condition is true, false and on its edge in some of them.
    fn records(&self) -> Vec<PhoneRecord> {
        let now = self.terms.now;
        let mut records = Vec::new();
        for slots in slot_kinds(now) {
            // Locks are combined with the plain kinds of slots only, because there are many others.
            let is_plain = slots.len() <= 1 && slots.values().all(|slot| slot.used.is_none());
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

/// The name of the tally in which a gate counts.
fn tally_name(gate: &Gate) -> &'static str {
    if gate.quota().expect("it counts").window.length == DAY {
        "day"
    } else {
        "hour"
    }
}

fn write_tally(item: &mut Value, name: &str, tally: &Tally) {
    if let Some(at) = tally.at {
        item[format!("{name}_at")] = json!({ "N": at.unix().to_string() });
    }
    for (place, n) in &tally.places {
        item[format!("{name}_{place}")] = json!({ "N": n.to_string() });
    }
}

fn read_tally(item: &Value, name: &str) -> Tally {
    let read = |place| {
        let n = number(&item[format!("{name}_{place}")])?;
        Some((place, u32::try_from(n).expect("small")))
    };
    Tally {
        at: number(&item[format!("{name}_at")]).map(Timestamp::from_unix),
        places: (0..PLACES).filter_map(read).collect(),
    }
}

/// Every kind of tally, as a write in `window` finds it.
fn tally_kinds(window: Window) -> Vec<Tally> {
    let own = Tally::place(&window);
    let starts = [
        None,
        Some(window.start - window.length * u32::from(PLACES)),
        Some(window.start - window.length),
        Some(window.start),
        Some(window.start + window.length),
    ];
    let later = (own + 1) % PLACES;
    let places = [
        BTreeMap::new(),
        BTreeMap::from([(own, 1)]),
        BTreeMap::from([(own, 2)]),
        BTreeMap::from([(own, 3)]),
        BTreeMap::from([(own, 4)]),
        BTreeMap::from([(later, 2)]),
        BTreeMap::from([(later, 3)]),
        BTreeMap::from([(own, 2), (later, 1)]),
        BTreeMap::from([((own + 9) % PLACES, 7)]),
    ];
    let all = starts.into_iter().flat_map(|at| {
        let tally = move |places: &BTreeMap<u8, u32>| Tally {
            at,
            places: places.clone(),
        };
        places.iter().map(tally).collect::<Vec<_>>()
    });
    all.collect()
}

fn number(attribute: &Value) -> Option<i64> {
    attribute["N"].as_str()?.parse().ok()
}

fn read_slot(members: &Value) -> Slot {
    let binary = |name: &str| -> Option<[u8; 16]> {
        let bytes = STANDARD.decode(members[name]["B"].as_str()?).ok()?;
        bytes.try_into().ok()
    };
    let left = number(&members["l"]).expect("a number");
    Slot {
        id: ChallengeId(binary("i").expect("an id")),
        root: RootId::parse(members["r"]["S"].as_str().expect("a text")).expect("an id"),
        expires_at: Timestamp::from_unix(number(&members["e"]).expect("a number")),
        attempts_left: u32::try_from(left).expect("small"),
        used: number(&members["u"]).map(|at| Use {
            at: Timestamp::from_unix(at),
            by: WriteId(binary("ub").expect("a write")),
        }),
        written_by: binary("b").map(WriteId),
    }
}

fn slot_attribute(slot: &Slot) -> Value {
    let mut members = json!({
        "i": { "B": STANDARD.encode(slot.id.0) },
        "r": { "S": slot.root.as_str() },
        "e": { "N": slot.expires_at.unix().to_string() },
        "l": { "N": slot.attempts_left.to_string() },
    });
    if let Some(Use { at, by }) = slot.used {
        members["u"] = json!({ "N": at.unix().to_string() });
        members["ub"] = json!({ "B": STANDARD.encode(by.0) });
    }
    if let Some(WriteId(by)) = slot.written_by {
        members["b"] = json!({ "B": STANDARD.encode(by) });
    }
    json!({ "M": members })
}

/// The slot of the challenge [`OWN`], which ends in a second.
fn open_slot(now: Timestamp) -> Slot {
    Slot {
        id: OWN,
        root: protocol::root(),
        expires_at: now + Duration::from_secs(1),
        attempts_left: 5,
        used: None,
        written_by: None,
    }
}

fn slot_kinds(now: Timestamp) -> Vec<BTreeMap<u8, Slot>> {
    let seconds = Duration::from_secs;
    let slot = |id, expires_at| Slot {
        id,
        root: protocol::root(),
        expires_at,
        attempts_left: 1,
        used: None,
        written_by: None,
    };
    // Entered now, at the last second of a repeat, and a second before it.
    let uses = [0, 29, 30].map(|ago| {
        Some(Use {
            at: now - seconds(ago),
            by: if ago == 0 { WRITE } else { EARLIER },
        })
    });
    let mut kinds = vec![BTreeMap::new()];
    for id in [OWN, OTHER] {
        for expires_at in [now - seconds(1), now, now + seconds(1)] {
            for attempts_left in [0, 1] {
                for used in [&[None], &uses[..]].concat() {
                    for written_by in [None, Some(WRITE)] {
                        let slot = Slot {
                            attempts_left,
                            used,
                            written_by,
                            ..slot(id, expires_at)
                        };
                        kinds.push(BTreeMap::from([(2, slot)]));
                    }
                }
            }
        }
    }
    // An idempotency key that was used before leaves a dead slot of the same challenge, before or after the live one.
    for dead in [1, 3] {
        kinds.push(BTreeMap::from([
            (dead, slot(OWN, now - seconds(1))),
            (2, slot(OWN, now + seconds(1))),
        ]));
    }
    // The slot that a send asks for holds another challenge, which is open, over, or the renewal that is asked for.
    for (id, expires_at) in [
        (OTHER, now + seconds(1)),
        (OTHER, now - seconds(9)),
        (OTHER, now - seconds(10)),
        (NEXT, now + seconds(1)),
    ] {
        for used in [&[None], &uses[..]].concat() {
            let holder = Slot {
                used,
                ..slot(id, expires_at)
            };
            kinds.push(BTreeMap::from([
                (2, slot(OWN, now + seconds(1))),
                (4, holder),
            ]));
        }
    }
    let full = (0..SLOTS).map(|index| (index, slot(OWN, now + seconds(1 + u64::from(index)))));
    kinds.push(full.collect());
    kinds
}

/// A renewal of the challenge in slot 2, planned for so many guesses.
fn renewal(attempts_left: u32) -> Reservation {
    let (id, slot) = (OWN, 2);
    Reservation::Renewal {
        id: NEXT,
        slot: 4,
        of: Predecessor {
            id,
            slot,
            attempts_left,
        },
    }
}

#[tokio::test]
async fn the_store_and_the_domain_decide_alike_on_every_send() {
    let bench = Bench::new().await;
    for record in bench.records() {
        for reservation in [
            Reservation::New { id: OWN, slot: 4 },
            Reservation::Idempotent { id: OWN, slot: 4 },
            Reservation::Resend { id: OWN, slot: 2 },
            renewal(1),
            renewal(5),
        ] {
            bench.put(&record).await;
            let stored = bench.reserve(&bench.plan(reservation)).await;
            let decided = record.admits_send(&reservation, &bench.terms);
            let is_admitted = decided.is_ok();
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
                        let is_denied = matches!(refusal, SendRefusal::Denied(_));
                        let proof = record.proof.clone().filter(|_| is_denied);
                        ReserveError::Refused(refusal, proof.map(Box::new))
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
    for record in bench.records() {
        // A token of the challenge in the slot, and one of an earlier challenge of its key.
        let ends = record
            .slots
            .get(&2)
            .map_or(bench.terms.now, |own| own.expires_at);
        let guesses = [(true, ends), (false, ends), (true, ends - COOLDOWN)];
        for (right, expires_at) in guesses {
            bench.put(&record).await;
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
                .await;
            let decided = record.admits_guess(&guess, &bench.terms);
            let is_admitted = decided.is_ok();
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

#[tokio::test]
async fn the_store_and_the_domain_decide_alike_on_every_count() {
    let bench = Bench::new().await;
    let mut plan = bench.plan(Reservation::New { id: OWN, slot: 4 });
    let gates = bench.gates(3);
    let counting: Vec<Gate> = gates
        .iter()
        .filter(|gate| gate.quota().is_some())
        .cloned()
        .collect();
    for gate in &counting {
        for tally in tally_kinds(gate.quota().expect("it counts").window) {
            bench.empty(&counting).await;
            bench
                .put_tallies(&gate.subject, &[(tally_name(gate), tally.clone())])
                .await;
            plan.gates.clone_from(&gates);
            let mut found = Found::default();
            let length = gate.quota().expect("it counts").window.length;
            *found.record.tally_mut(length) = tally.clone();
            let what = format!("{:?} {tally:?}", gate.rule);
            let (mut expected, mut counts_in) = (tally.clone(), gate.clone());
            let stored = bench.reserve(&plan).await;
            match gate.settle(&found, &plan.reservation, &plan.terms) {
                Settled::Holds => assert_eq!(stored, Ok(()), "{what}"),
                Settled::Refuses(refusal, _) => {
                    assert_eq!(stored, Err(ReserveError::Refused(refusal, None)), "{what}");
                    assert_eq!(bench.tally(gate).await, tally, "{what}");
                    continue;
                }
                Settled::Instead(instead) => {
                    let Err(ReserveError::Again(moved)) = stored else {
                        panic!("{what}: {stored:?}");
                    };
                    assert!(moved.gates.contains(&instead), "{what}");
                    assert_eq!(bench.tally(gate).await, tally, "{what}");
                    plan.take(&moved);
                    assert_eq!(bench.reserve(&plan).await, Ok(()), "{what}");
                    counts_in = instead;
                }
            }
            let quota = counts_in.quota().expect("it counts");
            expected.count(&quota.window);
            assert_eq!(bench.tally(gate).await, expected, "{what}");
            for other in counting.iter().filter(|other| *other != gate) {
                let window = other.quota().expect("it counts").window;
                assert_eq!(bench.tally(other).await.counted(&window), 1, "{what}");
            }
        }
    }
}

/// A send cleans up, so that the wrong codes of days that are over leave the record.
#[tokio::test]
async fn wrong_codes_of_other_days_leave_with_the_next_send() {
    let bench = Bench::new().await;
    let phone = Subject::new(SubjectKind::Phone, bench.subjects.phone_index.clone());
    for tally in tally_kinds(bench.terms.today) {
        bench.put_tallies(&phone, &[("wrong", tally.clone())]).await;
        let mut plan = bench.plan(Reservation::New { id: OWN, slot: 4 });
        let mut stored = bench.reserve(&plan).await;
        if let Err(ReserveError::Again(moved)) = stored {
            plan.take(&moved);
            stored = bench.reserve(&plan).await;
        }
        assert_eq!(stored, Ok(()), "{tally:?}");
        let left = bench.phone_tally("wrong").await;
        let kept = tally.counted(&plan.terms.today);
        assert_eq!(left.counted(&plan.terms.today), kept, "{tally:?}");
        assert_eq!(left.places.values().sum::<u32>(), kept, "{tally:?}");
    }
}

#[tokio::test]
async fn a_wrong_code_is_counted_in_its_day_whatever_was_counted_before() {
    let bench = Bench::new().await;
    for tally in tally_kinds(bench.terms.today) {
        let slots = BTreeMap::from([(2, open_slot(bench.terms.now))]);
        bench
            .put(&PhoneRecord {
                slots,
                ..PhoneRecord::default()
            })
            .await;
        bench.replace_tally("wrong", &tally).await;
        let guess = Guess {
            id: OWN,
            slot: 2,
            expires_at: bench.terms.now + Duration::from_secs(1),
            right: false,
            write: WRITE,
        };
        let index = &bench.subjects.phone_index;
        let mut request = bench.request();
        let stored = bench
            .store
            .record_guess(index, &guess, &bench.terms, None, &mut request)
            .await;
        assert!(matches!(stored, Ok(Ok(_))), "{tally:?}: {stored:?}");
        let (window, _) = tally.begin(bench.terms.today);
        let mut expected = tally.clone();
        expected.count(&window);
        assert_eq!(bench.phone_tally("wrong").await, expected, "{tally:?}");
    }
}

/// DynamoDB lists the reasons of a cancelled transaction in the order of its writes, so they must be matched with the
/// gates that were written.
#[tokio::test]
async fn a_refusal_names_its_rule_when_some_gates_are_left_out() {
    let bench = Bench::new().await;
    let mut plan = bench.plan(Reservation::New { id: OWN, slot: 4 });
    let all = bench.gates(1);
    plan.gates.clone_from(&all);
    bench.put(&PhoneRecord::default()).await;
    for gate in all.iter().filter(|gate| gate.quota().is_some()) {
        bench.set_count(gate, 1).await;
    }
    for only in all.iter().filter(|gate| gate.quota().is_some()) {
        let is_kept = |gate: &&Gate| gate.rule == Rule::PhoneCooldown || *gate == only;
        plan.gates = all.iter().filter(is_kept).cloned().collect();
        let Err(ReserveError::Refused(SendRefusal::Denied(denial), _)) = bench.reserve(&plan).await
        else {
            panic!("{:?} is used up", only.rule);
        };
        assert_eq!(denial.rule(), only.rule.name());
    }
}

#[tokio::test]
async fn the_store_and_the_domain_decide_alike_on_every_refund() {
    let bench = Bench::new().await;
    let new = Reservation::New { id: OWN, slot: 2 };
    let gates = bench.gates(1_000_000);
    let counting: Vec<_> = gates.iter().filter(|gate| gate.quota().is_some()).collect();
    for slots in slot_kinds(bench.terms.now) {
        let record = PhoneRecord {
            slots,
            ..PhoneRecord::default()
        };
        for reservation in [
            new,
            Reservation::Idempotent { id: OWN, slot: 2 },
            Reservation::Resend { id: OWN, slot: 2 },
            renewal(3),
        ] {
            for counted in [0, 1, 2] {
                bench.put(&record).await;
                for gate in &counting {
                    bench.set_count(gate, counted).await;
                }
                let plan = bench.plan(reservation);
                let stored = bench.store.refund(&plan, None, &mut bench.request()).await;
                let (mut expected, mut left) = (record.clone(), counted);
                let given = protocol::give_back(&mut expected, &reservation, &mut left);
                let what = format!("{reservation:?} {record:?} {counted}");
                assert_eq!(stored.is_ok(), given, "{what}");
                assert_eq!(bench.record().await, expected, "{what}");
                for gate in &counting {
                    let window = gate.quota().expect("it counts").window;
                    let given_back = gate.rule.is_refunded();
                    let expected = if given_back { left } else { counted };
                    let n = bench.tally(gate).await.counted(&window);
                    assert_eq!(n, expected, "{:?} {what}", gate.rule);
                }
            }
        }
    }
}
