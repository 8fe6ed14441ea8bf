//! The condition on the copies of the blocked ranges, and the domain's decision.

use super::*;
use phoneproof_domain::range::{BlockedRanges, Ranges};

/// Names the attribute of a copy that holds the end of a range's block.
fn range_attribute(range: &Subject) -> String {
    let index = range.index.as_str();
    format!(
        "{}_{}",
        range.kind.prefix(),
        index.get(..16).unwrap_or(index)
    )
}

/// Every kind of copy: the attributes of no range, of each range alone, of the first and the last, and of a stranger's.
fn copy_kinds(ranges: &Ranges, now: Timestamp) -> Vec<BTreeMap<Subject, Timestamp>> {
    let second = Duration::from_secs(1);
    let never = Timestamp::from_unix(253_402_300_799);
    let stranger = Subject::new(
        SubjectKind::Country,
        SubjectIndex::from_text("GB".to_owned()),
    );
    let mut kinds = vec![BTreeMap::new()];
    for until in [now - second, now, now + second, never] {
        for range in ranges.members.iter().chain([&stranger]) {
            kinds.push(BTreeMap::from([(range.clone(), until)]));
        }
        let (first, last) = (ranges.members.first(), ranges.members.last());
        let ended = (first.expect("ranges").clone(), now);
        kinds.push(BTreeMap::from([
            ended,
            (last.expect("ranges").clone(), until),
        ]));
    }
    kinds
}

#[tokio::test]
async fn the_store_and_the_domain_decide_alike_on_every_range() {
    let bench = Bench::new().await;
    let mut plan = bench.plan(Reservation::New { id: OWN, slot: 4 });
    let gate = plan.gates.iter().find_map(|gate| match &gate.check {
        Check::NotInBlockedRange(ranges) => Some(ranges.clone()),
        _ => None,
    });
    let ranges = gate.expect("a gate of ranges");
    assert_eq!(
        ranges.members.len(),
        1 + 1 + 6,
        "block, country and networks"
    );
    for copy in copy_kinds(&ranges, bench.terms.now) {
        let mut item = json!({ "pk": { "S": format!("ranges#{}", ranges.shard) } });
        for (range, until) in &copy {
            item[range_attribute(range)] = json!({ "N": until.unix().to_string() });
        }
        let put = json!({ "TableName": "Blocks", "Item": item });
        assert_eq!(bench.world.dynamodb("PutItem", &put).await.status, 200);
        bench.put(&PhoneRecord::default()).await;
        let blocked: BlockedRanges = copy
            .iter()
            .map(|(range, until)| (range.clone(), Some(*until)))
            .collect();
        let decided = ranges.find_blocked(&blocked, bench.terms.now);
        let mut request = bench.request();
        let stored = bench.store.reserve(&plan, &mut request).await;
        assert_eq!(stored.is_ok(), decided.is_none(), "{copy:?}");
        let denied = match &stored {
            Err(ReserveError::Denied(denied)) => Some(denied),
            _ => None,
        };
        let subject = denied.map(|denied| &denied.subject);
        assert_eq!(subject, decided, "{copy:?}");
        if let Some(denied) = denied {
            assert_eq!(denied.denial.rule(), "blocked-range");
        }
    }
    // Without any range there is no gate, and a copy of another shard says nothing.
    plan.gates.retain(|gate| gate.rule != Rule::BlockedRange);
    bench.put(&PhoneRecord::default()).await;
    assert_eq!(bench.reserve(&plan).await, Ok(()));
}
