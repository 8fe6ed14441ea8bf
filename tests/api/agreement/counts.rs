//! The counts of texts, and what is given back.

use phoneproof_domain::challenge::Payment;
use phoneproof_domain::purse::PursePolicy;

use super::*;

#[tokio::test]
async fn the_store_and_the_domain_decide_alike_on_every_count() {
    let bench = Bench::new().await;
    for share in [Share::Common, Share::Here, Share::Near] {
        decide_alike_on_every_count(&bench, share).await;
    }
}

/// The same for a text out of this share of the phone.
async fn decide_alike_on_every_count(bench: &Bench, share: Share) {
    let mut plan = bench.plan(Reservation::New { id: OWN, slot: 4 });
    let mut gates = bench.gates(3);
    for gate in &mut gates {
        if gate.subject.kind == SubjectKind::Phone {
            *gate = gate.with_share(share);
        }
    }
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
            set_tally(&mut found.record, gate, tally.clone());
            let what = format!("{share:?} {:?} {tally:?}", gate.rule);
            let (mut expected, mut counts_in) = (tally.clone(), gate.clone());
            let stored = bench.reserve(&plan).await;
            match gate.examine(&found, &plan.reservation, &plan.terms) {
                Verdict::Holds => assert_eq!(stored, Ok(()), "{what}"),
                Verdict::Refuses(refusal, subject) => {
                    let decided = make_error(refusal, subject, None);
                    assert_eq!(stored, Err(decided), "{what}");
                    assert_eq!(bench.tally(gate).await, tally, "{what}");
                    continue;
                }
                Verdict::Instead(instead) => {
                    let moved = match stored {
                        Err(ReserveError::Again(moved)) => Some(moved),
                        _ => None,
                    };
                    let moved = moved.expect(&what);
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
            let others: Vec<_> = counting
                .iter()
                .filter(|other| *other != gate)
                .cloned()
                .collect();
            for (other, counted) in others.iter().zip(bench.tallies(&others).await) {
                let window = other.quota().expect("it counts").window;
                assert_eq!(counted.count_in(&window), 1, "{what}");
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
        let kept = tally.count_in(&plan.terms.today);
        assert_eq!(left.count_in(&plan.terms.today), kept, "{tally:?}");
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
        assert!(
            matches!(stored, Ok(GuessOutcome::Counted { .. })),
            "{tally:?}: {stored:?}"
        );
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
    let counting: Vec<_> = all
        .iter()
        .filter(|gate| gate.quota().is_some())
        .cloned()
        .collect();
    bench.set_counts(&counting, 1).await;
    for only in &counting {
        let is_kept = |gate: &&Gate| gate.rule == Rule::PhoneCooldown || *gate == only;
        plan.gates = all.iter().filter(is_kept).cloned().collect();
        let Err(ReserveError::Denied(denied)) = bench.reserve(&plan).await else {
            panic!("{:?} is used up", only.rule);
        };
        assert_eq!(denied.denial.rule(), only.rule.name());
        assert_eq!(denied.subject, only.subject);
    }
}

#[tokio::test]
async fn the_store_and_the_domain_decide_alike_on_every_refund() {
    let bench = Bench::new().await;
    let new = Reservation::New { id: OWN, slot: 2 };
    let mut counting = bench.gates(1_000_000);
    counting.retain(|gate| gate.quota().is_some());
    for slots in bench.choose(slot_kinds(bench.terms.now)) {
        let record = PhoneRecord {
            slots,
            ..PhoneRecord::default()
        };
        for counted in [0, 1, 2] {
            let mut is_stored = false;
            for reservation in [
                new,
                Reservation::Idempotent { id: OWN, slot: 2 },
                resend(5, None),
                resend(5, Some(KEY)),
                renewal(3, None),
                renewal(3, Some(KEY)),
            ] {
                // A refused refund leaves everything as it is, which is checked below.
                if !is_stored {
                    bench.put(&record).await;
                    bench.set_counts(&counting, counted).await;
                }
                let plan = bench.plan(reservation);
                let stored = bench.store.refund(&plan, None, &mut bench.request()).await;
                let (mut expected, mut left) = (record.clone(), counted);
                let given = protocol::give_back(&mut expected, &reservation, &mut left);
                let what = format!("{reservation:?} {record:?} {counted}");
                is_stored = !given;
                assert_eq!(stored.is_ok(), given, "{what}");
                assert_eq!(bench.record().await, expected, "{what}");
                for (gate, tally) in counting.iter().zip(bench.tallies(&counting).await) {
                    let window = gate.quota().expect("it counts").window;
                    let given_back = gate.rule.is_refunded();
                    let expected = if given_back { left } else { counted };
                    let n = tally.count_in(&window);
                    assert_eq!(n, expected, "{:?} {what}", gate.rule);
                }
            }
        }
    }
}

#[tokio::test]
async fn the_store_and_the_domain_give_a_typed_text_back_to_its_address_alike() {
    let bench = Bench::new().await;
    let gates = bench.gates(1_000_000);
    let mut gates = gates.iter();
    let gate = gates.find(|gate| gate.rule == Rule::AddressPerHour);
    let gate = gate.expect("every send has an address");
    let window = gate.quota().expect("it counts").window;
    let payment = Payment {
        payer: purses::payer(),
        address: gate.subject.index.clone(),
        hour: window.start,
    };
    let (country, policy) = (
        Country::parse("US").expect("a country"),
        PursePolicy::default(),
    );
    let block = &bench.subjects.number_block_index;
    let mut given_back = 0;
    for mut tally in tally_kinds(window) {
        bench
            .put_tallies(&gate.subject, &[(tally_name(gate), tally.clone())])
            .await;
        let what = format!("{tally:?}");
        let mut request = bench.request();
        let credit = bench
            .store
            .credit(&payment, None, country, block, &policy, &mut request);
        credit.await;
        assert_eq!(request.facts.credits_lost, 0, "{what}");
        given_back += usize::from(tally.give_back(&window));
        assert_eq!(bench.tally(gate).await, tally, "{what}");
    }
    assert_eq!(given_back, 5, "of this hour, and with a count in its place");
}
