//! The counts of texts, and what is given back.

use super::*;

/// Returns the rule that a counter's key names.
fn rule_of(key: &str) -> Rule {
    let name = key.split('#').next().unwrap_or_default();
    let rule = Rule::ALL.into_iter().find(|rule| rule.name() == name);
    rule.expect("a rule")
}

#[tokio::test]
async fn the_store_and_the_domain_decide_alike_on_every_count() {
    let bench = Bench::new().await;
    let limit = 3;
    let mut plan = bench.plan(Reservation::New { id: OWN, slot: 4 });
    plan.gates = bench.gates(limit);
    assert_eq!(bench.reserve(&plan).await, Ok(()));
    let counters = bench.counters().await;
    let counting = Rule::ALL.iter().filter(|rule| rule.window().is_some());
    assert_eq!(counters.len(), counting.count(), "{counters:?}");
    for (full, counted) in counters
        .keys()
        .flat_map(|key| [0, 2, 3, 4].map(|n| (key, n)))
    {
        bench.put(&PhoneRecord::default()).await;
        for key in counters.keys() {
            bench.set_counter(key, 0).await;
        }
        bench.set_counter(full, counted).await;
        let stored = bench.reserve(&plan).await;
        let mut expected = counted;
        let has_room = protocol::count(&mut expected, limit);
        assert_eq!(stored.is_ok(), has_room, "{full} at {counted}");
        if let Err(ReserveError::Refused(SendRefusal::Denied(denial))) = &stored {
            assert_eq!(denial.rule(), rule_of(full).name());
        }
        let after = bench.counters().await;
        assert_eq!(after[full], expected, "{full} at {counted}");
        let others = after.iter().filter(|(key, _)| *key != full);
        let others: u32 = others.map(|(_, n)| n).sum();
        let all = u32::try_from(counters.len() - 1).expect("few rules");
        assert_eq!(others, if has_room { all } else { 0 }, "all or nothing");
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
    assert_eq!(bench.reserve(&plan).await, Ok(()));
    bench.put(&PhoneRecord::default()).await;
    for only in all
        .iter()
        .filter(|gate| matches!(gate.check, Check::Count(_)))
    {
        let is_kept = |gate: &&Gate| gate.rule == Rule::PhoneCooldown || *gate == only;
        plan.gates = all.iter().filter(is_kept).cloned().collect();
        let Err(ReserveError::Refused(SendRefusal::Denied(denial))) = bench.reserve(&plan).await
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
    assert_eq!(bench.reserve(&bench.plan(new)).await, Ok(()));
    let counters = bench.counters().await;
    for slots in slot_kinds(bench.terms.now) {
        let record = PhoneRecord {
            slots,
            ..PhoneRecord::default()
        };
        for reservation in [
            new,
            Reservation::Idempotent { id: OWN, slot: 2 },
            resend(None),
            resend(Some(KEY)),
            renewal(3, None),
            renewal(3, Some(KEY)),
        ] {
            for counted in [0, 1, 2] {
                bench.put(&record).await;
                for key in counters.keys() {
                    bench.set_counter(key, counted).await;
                }
                let plan = bench.plan(reservation);
                let stored = bench.store.refund(&plan, &mut bench.request()).await;
                let (mut expected, mut left) = (record.clone(), counted);
                let given = protocol::give_back(&mut expected, &reservation, &mut left);
                let what = format!("{reservation:?} {record:?} {counted}");
                assert_eq!(stored.is_ok(), given, "{what}");
                assert_eq!(bench.record().await, expected, "{what}");
                for (key, n) in bench.counters().await {
                    let given_back = rule_of(&key).is_refunded();
                    assert_eq!(n, if given_back { left } else { counted }, "{key} {what}");
                }
            }
        }
    }
}
