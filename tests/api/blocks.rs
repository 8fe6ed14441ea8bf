//! Operators who block, unblock and forget the same subject at the same time: the list and the record that sends check
//! always agree.

use std::time::Duration;

use phoneproof_aws::store::{Block, Store};
use phoneproof_config::process::SystemRandom;
use phoneproof_domain::clock::Clock as _;
use phoneproof_domain::subject::{Subject, SubjectIndex, SubjectKind};
use phoneproof_domain::window::DAY;
use phoneproof_tests::World;
use serde_json::{Value, json};
use tokio::time::sleep;

/// Whether the record of `subject` is blocked.
async fn is_marked(world: &World, subject: &Subject) -> bool {
    let (table, key) = match subject.kind {
        SubjectKind::Phone => ("Challenges", subject.index.as_str().to_owned()),
        _ => ("Limits", subject.key()),
    };
    let request =
        json!({ "TableName": table, "Key": { "pk": { "S": key } }, "ConsistentRead": true });
    let item = world.dynamodb("GetItem", &request).await.json["Item"].take();
    item["blocked_until"] != Value::Null
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_is_blocked_while_its_entry_is_listed_in_every_race() {
    let world = World::start().await;
    let client = world.database.clients().dynamodb;
    let store = Store::new(client, world.database.tables.clone());
    let now = world.clock.now();
    for (kind, rounds) in [(SubjectKind::Phone, 70), (SubjectKind::Device, 35)] {
        for round in 0..rounds {
            let index = SubjectIndex::from_text(format!("{round:0>43}"));
            let subject = Subject::new(kind, index);
            let block = Block {
                subject: subject.clone(),
                label: None,
                reason: "race".to_owned(),
                created_at: Some(now),
                expires_at: (round % 2 == 0).then(|| now + DAY),
                is_removed: false,
            };
            if round % 3 > 0 {
                store
                    .block(&block, now, &SystemRandom)
                    .await
                    .expect("blocked");
            }
            let subjects = std::slice::from_ref(&subject);
            let forget = async {
                let index = &subject.index;
                match kind {
                    SubjectKind::Phone => {
                        store
                            .forget(index, &[], |_| false, now, &SystemRandom)
                            .await
                    }
                    _ => Ok(0),
                }
            };
            // One begins between the calls of another, each time at another place.
            let after = |step: u64| sleep(Duration::from_micros(step * 400));
            let on = async {
                after(round % 5).await;
                store.block(&block, now, &SystemRandom).await
            };
            let off = async {
                after(round % 7).await;
                store.unblock(subjects, now, &SystemRandom).await
            };
            let (on, off, forgotten) = tokio::join!(on, off, forget);
            on.expect("blocked");
            off.expect("unblocked");
            forgotten.expect("forgotten");
            let listed = store.find_block(&subject).await.expect("a list").is_some();
            assert_eq!(
                is_marked(&world, &subject).await,
                listed,
                "{kind:?} {round}"
            );
        }
    }
}
