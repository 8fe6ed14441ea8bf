//! Operators who change the block list at the same time.

use super::*;

#[tokio::test]
async fn two_operators_at_once_both_block() {
    let site = Site::start().await;
    let block = async |country: &'static str| {
        site.run_done(&["block", "country", country, "--reason", "r"])
            .await;
    };
    tokio::join!(block("US"), block("GB"), block("DE"));
    for phone in ["+14152001234", "+447400123456", "+4915123456789"] {
        assert_eq!(site.client.send(phone).await.status, 403, "{phone}");
    }
}

/// Counts the copies that hold each range, by the beginning of its index.
async fn count_copies(site: &Site, range: &Value) -> usize {
    let index = range["index"].as_str().expect("an index");
    let kind = range["kind"].as_str().expect("a kind");
    let attribute = format!("\"{kind}_{}\":", index.get(..16).unwrap_or(index));
    let blocks = site.dump().await.pop().expect("the table of blocks");
    json!(blocks).to_string().matches(&attribute).count()
}

/// Operators at six machines change six ranges at once, and begin a little after each other, so that the second changes
/// between them. A command that succeeded did its work, and one that did not says with exit code 4 that it has to be
/// repeated.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_at_once_change_every_range_or_are_told_to_repeat() {
    let site = Site::start().await;
    let ranges = [
        ("network", "11.0.0.0/8"),
        ("network", "12.0.0.0/8"),
        ("network", "2001:db8::/32"),
        ("country", "DE"),
        ("country", "FR"),
        ("network", "13.0.0.0/8"),
    ];
    let block = async |(kind, value): (&str, &str)| {
        site.run_done(&["block", kind, value, "--reason", "r"])
            .await
    };
    let mut entries = Vec::new();
    for range in ranges {
        entries.push(block(range).await);
    }
    let (unblocked, kept) = (&ranges[..3], &ranges[3..]);
    for round in 0..2_u64 {
        let later = async |at: u64, arguments: &[&str]| {
            sleep(Duration::from_millis(at * 310 + round * 170)).await;
            site.run_json(arguments).await
        };
        let off = async |at: u64| {
            let (kind, value) = unblocked[usize::try_from(at).expect("small")];
            later(at, &["unblock", kind, value, "--yes"]).await
        };
        let on = async |at: u64| {
            let (kind, value) = kept[usize::try_from(at).expect("small")];
            later(at, &["block", kind, value, "--reason", "r", "--for", "7d"]).await
        };
        let answers: [(i32, Value); 6] =
            tokio::join!(off(0), off(1), off(2), on(0), on(1), on(2)).into();
        for (place, (code, said)) in answers.iter().enumerate() {
            let wanted = if place < 3 { 0 } else { 1_024 };
            match code {
                0 => assert_eq!(
                    count_copies(&site, &entries[place]).await,
                    wanted,
                    "{place}: {said}"
                ),
                4 => assert!(
                    said["error"]
                        .as_str()
                        .expect("words")
                        .contains("other operators"),
                    "{said}"
                ),
                _ => panic!("{place}: exit {code}: {said}"),
            }
        }
        for (place, (code, _)) in answers
            .iter()
            .enumerate()
            .filter(|(_, (code, _))| *code == 4)
        {
            let (kind, value) = ranges[place];
            let again = if place < 3 {
                ["unblock", kind, value, "--yes"]
            } else {
                ["block", kind, value, "--reason=r"]
            };
            assert!(
                [0, 3].contains(&site.run_json(&again).await.0),
                "{place} after {code}"
            );
        }
        for range in unblocked {
            assert_eq!(
                site.run_json(&["unblock", range.0, range.1, "--yes"])
                    .await
                    .0,
                3
            );
            block(*range).await;
        }
        for entry in &entries {
            assert_eq!(count_copies(&site, entry).await, 1_024, "{entry}");
        }
    }
    assert_eq!(
        site.run_done(&["blocks"]).await.as_array().map(Vec::len),
        Some(6)
    );
}

/// Somebody blocks and unblocks the same range at once: what the list says then is what sends meet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_and_its_copies_agree_after_a_block_and_an_unblock_at_once() {
    let site = Site::start().await;
    let block = ["block", "country", "DE", "--reason", "r"];
    let entry = site.run_done(&block).await;
    for _ in 0..2 {
        let unblock = ["unblock", "country", "DE", "--yes"];
        let (on, off) = tokio::join!(site.run_json(&block), site.run_json(&unblock));
        for (code, said) in [&on, &off] {
            assert!([0, 3, 4].contains(code), "{code}: {said}");
        }
        let listed = site.run_done(&["blocks"]).await;
        let is_listed = listed.as_array().is_some_and(|listed| !listed.is_empty());
        let copies = count_copies(&site, &entry).await;
        assert_eq!(copies, if is_listed { 1_024 } else { 0 }, "{on:?} {off:?}");
        site.run_done(&block).await;
    }
}

/// A writer that never rests keeps the copies from being right. The command gives up in words.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_is_always_overtaken_ends_with_exit_code_4() {
    let site = Site::start().await;
    let endpoints = &site.stack.backends.endpoints;
    let proxy = Proxy::start(&endpoints.dynamodb, &endpoints.sns).await;
    let item = json!({ "pk": { "S": "ranges#7" }, "country_FR": { "N": "1" } });
    let table = phoneproof_local::stack::tables().blocks;
    let put = json!({ "TableName": table, "Item": item });
    proxy.overtake("BatchWriteItem", put);
    let block = ["block", "country", "DE", "--reason", "r"];
    let overtaken = [("AWS_ENDPOINT_URL_DYNAMODB", proxy.dynamodb.as_str())];
    let (code, said) = site.run_json_with(&block, &overtaken).await;
    assert_eq!(code, 4, "{said}");
    let error = said["error"].as_str().expect("words");
    assert!(error.contains("other operators"), "{error}");
    let again = site.run_json(&block).await;
    assert_eq!(again.0, 0, "{}", again.1);
}
