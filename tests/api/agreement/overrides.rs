//! What operators write to purses, and how sends meet it, as the domain means it.

use phoneproof_config::process::SystemRandom;
use phoneproof_domain::purse::{
    Ask, Attribute, Budget, Grant, Lane, Plan, PurseItem, PurseKey, PurseSettings, Records, Write,
    decide, give_budget, give_grant, plan_first_try, reset, reset_country,
};

use super::purses::index;
use super::*;

const PRICE: i64 = 200_000;

/// A send from a familiar network or a strange one, this many seconds from now.
fn ask(bench: &Bench, seconds: u64, network: &str) -> Ask {
    let country = Country::parse("MA").expect("a country");
    let now = bench.terms.now + Duration::from_secs(seconds);
    let today = Window::containing(now, DAY, Duration::ZERO);
    let mut ask = Ask::of_stranger(country, 0, 1, PRICE, now, today);
    (ask.number_block, ask.caller.network) = (index("block"), index(network));
    ask
}

/// The items of the three purses of a text.
type Items = [(PurseKey, PurseItem); 3];

fn item_of(items: &Items, key: &PurseKey) -> PurseItem {
    let own = items.iter().find(|(own, _)| own == key);
    own.map(|(_, item)| item.clone()).unwrap_or_default()
}

/// Applies writes to items, all or nothing.
fn apply(items: &Items, writes: &[Write]) -> Option<Items> {
    let mut after = items.clone();
    for write in writes {
        let own = after.iter_mut().find(|(key, _)| *key == write.key);
        match own {
            Some((_, item)) => *item = write.apply(item)?,
            // The service's purse, and the network of a stranger.
            None => drop(write.apply(&PurseItem::default())?),
        }
    }
    Some(after)
}

/// Purses that an operator gave something, in force, over, or on their edge: with money and without.
fn kinds(bench: &Bench, settings: &PurseSettings) -> Vec<Items> {
    let ask = ask(bench, 0, "home");
    let start = [
        (ask.country_key(), PurseItem::default()),
        (ask.number_block_key(), PurseItem::default()),
        (ask.network_key(), PurseItem::default()),
    ];
    let read = |items: &Items| Records::read(&ask, None, |key| item_of(items, key)).expect("whole");
    let first = decide(&ask, settings, &read(&start));
    let first = first.outcome.expect("a new country");
    let used = apply(&start, &first.writes).expect("it holds");
    let mut empty = used.clone();
    for (key, attributes) in [
        (0, vec![(Attribute::Lane(Lane::Open), 0)]),
        (1, vec![(Attribute::Room, 0)]),
        (
            2,
            vec![
                (Attribute::Room, PRICE),
                (Attribute::Codes, 9),
                (Attribute::Needed, 4),
                (Attribute::Since, ask.now.unix()),
                (Attribute::ExpiresAt, ask.now.unix() + 1_000_000),
            ],
        ),
    ] {
        for (attribute, value) in attributes {
            empty[key].1.set(attribute, value);
        }
    }
    let mut kinds = vec![];
    for items in [start, used, empty] {
        for lasts in [None, Some(0), Some(1), Some(90_000)] {
            let mut items = items.clone();
            if let Some(lasts) = lasts {
                let until = ask.now.unix() + lasts;
                for (key, amount, end, value) in [
                    (0, Attribute::Granted, Attribute::GrantedUntil, PRICE),
                    (0, Attribute::Budget, Attribute::BudgetUntil, 30_000_000),
                    (1, Attribute::Granted, Attribute::GrantedUntil, PRICE),
                ] {
                    items[key].1.set(amount, value);
                    items[key].1.set(end, until);
                }
            }
            kinds.push(items);
        }
    }
    kinds
}

impl Bench {
    async fn put_all(&self, items: &Items) {
        for (key, item) in items {
            self.put_purse(key, item).await;
        }
    }

    async fn assert_all(&self, items: &Items, what: &str) {
        for (key, item) in items {
            assert_eq!(self.purse(key).await, *item, "{key} {what}");
        }
    }
}

#[tokio::test]
async fn the_store_and_the_domain_pay_alike_beside_what_operators_gave() {
    let (bench, settings) = (Bench::new().await, PurseSettings::default());
    let mut granted = 0;
    for (n, items) in kinds(&bench, &settings).iter().enumerate() {
        for (network, seconds) in [("home", 0), ("strange", 0), ("strange", 50_000)] {
            let ask = ask(&bench, seconds, network);
            let records = Records::read(&ask, None, |key| item_of(items, key)).expect("whole");
            let decided = decide(&ask, &settings, &records).outcome.ok();
            granted += usize::from(
                decided
                    .as_ref()
                    .is_some_and(|plan| plan.granted_until.is_some()),
            );
            for plan in [Some(plan_first_try(&ask, &settings.policy)), decided]
                .into_iter()
                .flatten()
            {
                let what = format!("{n} {network} {seconds} {plan:?}");
                bench.put_all(items).await;
                bench.put(&PhoneRecord::default()).await;
                let mut send = bench.plan(Reservation::New { id: OWN, slot: 4 });
                send.paid = Some(Plan {
                    claim: phoneproof_domain::purse::Claim::Nothing,
                    ..plan.clone()
                });
                let stored = bench.reserve(&send).await;
                // The service's purse is empty, so that a grant of it holds.
                let key = json!({ "pk": { "S": ask.service_key().to_string() } });
                let delete = json!({ "TableName": "Limits", "Key": key });
                assert_eq!(
                    bench.world.dynamodb("DeleteItem", &delete).await.status,
                    200
                );
                let after = apply(items, &plan.writes);
                assert_eq!(stored.is_ok(), after.is_some(), "{what}: {stored:?}");
                bench
                    .assert_all(after.as_ref().unwrap_or(items), &what)
                    .await;
                if after.is_some() {
                    let refund = plan.refund(ask.country);
                    let after = after.as_ref().unwrap_or(items);
                    let back = apply(after, std::slice::from_ref(&refund));
                    let mut request = bench.request();
                    let done = bench.store.refund(&send, Some(ask.country), &mut request);
                    assert!(done.await.is_ok(), "{what}");
                    bench
                        .assert_all(back.as_ref().unwrap_or(after), &what)
                        .await;
                }
            }
        }
    }
    assert!(granted >= 2, "{granted}");
}

#[tokio::test]
async fn the_store_and_the_domain_write_what_operators_give_alike() {
    let (bench, settings) = (Bench::new().await, PurseSettings::default());
    let ask = ask(&bench, 10, "home");
    let until = ask.now + DAY;
    let grant = Some(Grant {
        room: 3 * PRICE,
        until,
    });
    let budgets = [27_000_000, 90_000_000].map(|per_day| Some(Budget { per_day, until }));
    for (n, items) in kinds(&bench, &settings).iter().enumerate() {
        let [
            (country, of_country),
            (block, of_block),
            (network, of_network),
        ] = items;
        let grant_of = |key: &PurseKey, item: &PurseItem, given| {
            give_grant(key.clone(), &settings.policy, item, given, ask.now).expect("whole")
        };
        let budget = |given| give_budget(&ask, &settings.policy, of_country, given).expect("whole");
        let anew = |key| reset(key, &settings.policy, ask.now).expect("no country");
        let writes = [
            grant_of(country, of_country, grant),
            grant_of(country, of_country, None),
            grant_of(block, of_block, grant),
            grant_of(block, of_block, None),
            budget(budgets[0]),
            budget(budgets[1]),
            budget(None),
            reset_country(&ask, &settings.policy, of_country),
            anew(block),
            anew(network),
        ];
        for write in writes {
            let what = format!("{n} {write:?}");
            let before = item_of(items, &write.key);
            let seen = if write.key == *network {
                of_network
            } else {
                &before
            };
            assert_eq!(*seen, before, "{what}");
            // As it was seen, and when another operator was faster.
            for faster in [false, true] {
                let mut item = before.clone();
                if faster {
                    for (attribute, value) in [
                        (Attribute::GrantedUntil, until.unix() + 1),
                        (Attribute::BudgetUntil, until.unix() + 1),
                    ] {
                        item.set(attribute, value);
                    }
                }
                bench.put_purse(&write.key, &item).await;
                let once = std::cell::Cell::new(true);
                let make = |_: &PurseItem| once.take().then(|| write.clone()).ok_or(());
                let stored = bench
                    .store
                    .change_purse(&write.key, make, &SystemRandom)
                    .await;
                let after = write.apply(&item);
                assert_eq!(stored.is_ok(), after.is_some(), "{what}: {stored:?}");
                if let (Ok((was, is)), Some(after)) = (&stored, &after) {
                    assert_eq!((was, is), (&item, after), "{what}");
                }
                let expected = after.as_ref().unwrap_or(&item);
                assert_eq!(bench.purse(&write.key).await, *expected, "{what}");
            }
        }
    }
}
