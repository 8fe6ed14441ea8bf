//! The writes of purses and the claims on a phone's evidence, as the domain means them.

use phoneproof_domain::purse::{
    Attribute, Caller, Change, Claim, Condition, Evidence, Lane, Payer, Plan, PurseItem, PurseKey,
    Stored, Taken, Write,
};

use super::*;

pub(super) fn index(text: &str) -> SubjectIndex {
    SubjectIndex::from_text(text.to_owned())
}

pub(super) fn payer() -> Payer {
    Payer {
        lane: Lane::Open,
        shard: 0,
        price: 1,
        day: 0,
        network: index("network"),
        codes_needed: None,
        heals: false,
    }
}

impl Bench {
    pub(super) async fn put_purse(&self, key: &PurseKey, purse: &PurseItem) {
        let mut item = json!({ "pk": { "S": key.to_string() } });
        for (attribute, value) in purse.iter() {
            item[&*attribute.name()] = json!({ "N": value.to_string() });
        }
        for attribute in purse.others() {
            item[&*attribute.name()] = json!({ "S": "much" });
        }
        let has_item = !purse.is_empty();
        let (operation, member) = if has_item {
            ("PutItem", "Item")
        } else {
            ("DeleteItem", "Key")
        };
        let mut request = json!({ "TableName": "Limits" });
        request[member] = item;
        let answer = self.world.dynamodb(operation, &request).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }

    pub(super) async fn purse(&self, key: &PurseKey) -> PurseItem {
        let item = self.item("Limits", &key.to_string()).await;
        PurseItem::read(|name| match &item[name] {
            Value::Null => Stored::Absent,
            value => number(value).map_or(Stored::Other, Stored::Integer),
        })
    }
}

#[tokio::test]
async fn the_store_and_the_domain_write_purses_alike() {
    use Attribute::{At, Codes, Needed, Room};
    let bench = Bench::new().await;
    let key = PurseKey::Service { day: 7 };
    let item = |attributes: &[(Attribute, i64)]| attributes.iter().copied().collect::<PurseItem>();
    let items = [
        item(&[]),
        item(&[(Room, 4)]),
        item(&[(Room, 5), (At, 1)]),
        item(&[(Room, 6), (Codes, 3), (Needed, 3)]),
        item(&[(Codes, 2), (Needed, 3)]),
        item(&[(Codes, 4)]),
        PurseItem::read(|name| match name {
            "room" => Stored::Other,
            "codes" => Stored::Integer(4),
            _ => Stored::Absent,
        }),
    ];
    let conditions = [
        Condition::Absent(Room),
        Condition::Is(Room, 5),
        Condition::AtLeast(Room, 5),
        Condition::Below(Room, 5),
        Condition::AbsentOrAtLeast(Room, 5),
        Condition::AbsentOrBelow(Room, 5),
        Condition::NotBelow(Codes, Needed),
    ];
    for before in &items {
        for condition in conditions {
            let write = Write {
                key: key.clone(),
                conditions: vec![condition, Condition::AbsentOrBelow(At, 100)],
                changes: vec![
                    Change::Set(At, 9),
                    Change::Add(Codes, 2),
                    Change::Remove(Needed),
                    Change::AddFrom {
                        attribute: Room,
                        start: 10,
                        by: -3,
                    },
                ],
            };
            bench.put_purse(&key, before).await;
            bench.put(&PhoneRecord::default()).await;
            let mut plan = bench.plan(Reservation::New { id: OWN, slot: 4 });
            plan.paid = Some(Plan {
                payer: payer(),
                claim: Claim::Nothing,
                granted_until: None,
                taken: Taken::ALL,
                call: None,
                writes: vec![write.clone()],
                empty: None,
            });
            let stored = bench.reserve(&plan).await;
            let what = format!("{condition:?} {before:?}");
            let after = write.apply(before);
            assert_eq!(stored.is_ok(), after.is_some(), "{what}: {stored:?}");
            if let Err(stored) = stored {
                let ReserveError::Again(moved) = stored else {
                    panic!("{what}: {stored:?}");
                };
                assert!(moved.is_unpaid, "{what}");
                // An item that the update does not fit is not returned.
                if let Some(found) = moved.purses.get(&key) {
                    assert_eq!(found, before, "{what}");
                }
            }
            let expected = after.as_ref().unwrap_or(before);
            assert_eq!(bench.purse(&key).await, *expected, "{what}");
        }
    }
}

impl Bench {
    async fn put_evidence(&self, evidence: Option<&Evidence>) {
        let mut item = json!({ "pk": { "S": self.subjects.phone_index.as_str() } });
        if let Some(evidence) = evidence {
            item["proved"] = json!({ "N": evidence.until.unix().to_string() });
            item["proved_since"] = json!({ "N": evidence.since.unix().to_string() });
            item["proved_device"] = json!({ "S": evidence.device.as_str() });
            if let Some(network) = &evidence.network {
                item["proved_network"] = json!({ "S": network.as_str() });
            }
            for (name, owed) in [
                ("owed_here", evidence.owed_here),
                ("owed_near", evidence.owed_near),
                ("owed_elsewhere", evidence.owed_elsewhere),
            ] {
                // An absent count is 0.
                if owed > 0 {
                    item[name] = json!({ "N": owed.to_string() });
                }
            }
        }
        let request = json!({ "TableName": "Challenges", "Item": item });
        assert_eq!(self.world.dynamodb("PutItem", &request).await.status, 200);
    }

    async fn read_owed(&self) -> [i64; 3] {
        let index = self.subjects.phone_index.as_str();
        let item = self.item("Challenges", index).await;
        ["owed_here", "owed_near", "owed_elsewhere"].map(|name| number(&item[name]).unwrap_or(0))
    }
}

#[tokio::test]
async fn the_store_and_the_domain_decide_alike_on_every_claim() {
    let bench = Bench::new().await;
    let now = bench.terms.now;
    let second = Duration::from_secs(1);
    let caller = Caller {
        device: index("device"),
        network: index("network"),
    };
    let mut evidence_cases = vec![None];
    for until in [now - second, now, now + second] {
        for device in ["device", "other"] {
            for network in [None, Some("network"), Some("other")] {
                for owed in [0, 1, 2] {
                    evidence_cases.push(Some(Evidence {
                        until,
                        since: now - second,
                        device: index(device),
                        network: network.map(index),
                        owed_here: owed,
                        owed_near: owed,
                        owed_elsewhere: owed,
                    }));
                }
            }
        }
    }
    for evidence in &evidence_cases {
        for claim in [
            Claim::Nothing,
            Claim::Here { texts: 2 },
            Claim::Near { texts: 2 },
            Claim::Elsewhere { texts: 2 },
        ] {
            bench.put_evidence(evidence.as_ref()).await;
            let mut plan = bench.plan(Reservation::New { id: OWN, slot: 4 });
            plan.caller = Some(phoneproof_aws::store::PhoneCaller {
                caller: caller.clone(),
                allowance: 2,
            });
            plan.paid = Some(Plan {
                payer: payer(),
                claim,
                granted_until: None,
                taken: Taken::ALL,
                call: None,
                writes: vec![],
                empty: None,
            });
            let stored = bench.reserve(&plan).await;
            let bears = |evidence: &Evidence| evidence.bears(claim, &caller, now);
            let ended = evidence
                .as_ref()
                .is_some_and(|evidence| !evidence.holds(now));
            let admitted = match claim {
                // Evidence that has ended leaves the record first.
                Claim::Nothing => !ended,
                _ => evidence.as_ref().is_some_and(bears),
            };
            let what = format!("{claim:?} {evidence:?}");
            assert_eq!(stored.is_ok(), admitted, "{what}: {stored:?}");
            let mut expected = evidence.clone();
            if admitted && let Some(expected) = &mut expected {
                expected.count(claim);
            }
            let owed = expected.map_or([0; 3], |evidence| {
                [
                    evidence.owed_here,
                    evidence.owed_near,
                    evidence.owed_elsewhere,
                ]
                .map(i64::from)
            });
            assert_eq!(bench.read_owed().await, owed, "{what}");
            if claim == Claim::Nothing && ended {
                let Err(ReserveError::Again(moved)) = stored else {
                    panic!("{what}: {stored:?}");
                };
                plan.take(&moved);
                assert_eq!(bench.reserve(&plan).await, Ok(()), "{what}");
                assert_eq!(bench.read_owed().await, [0; 3], "{what}");
            }
        }
    }
}
