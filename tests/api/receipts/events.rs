//! The events of AWS End User Messaging.

use super::*;

#[tokio::test]
async fn an_event_of_end_user_messaging_gives_the_last_outcome() {
    for channel in [Channel::EndUserMessaging, Channel::Notify] {
        let world = start(channel).await;
        let receipt = send(&world, &phone(1)).await;
        let take =
            |event: Value| phoneproof_receipts::take(Arc::clone(&world.stack.receipts), event);
        let (own, now) = (
            json!({ "phoneproof-receipt": receipt }),
            world.clock.now().unix(),
        );
        take(event("TEXT_PENDING", now, &own)).await.expect("taken");
        assert!(
            outcome_of(&world, &phone(1)).await.is_null(),
            "it is on its way"
        );
        take(event("TEXT_TTL_EXPIRED", now, &own))
            .await
            .expect("taken");
        let item = outcome_of(&world, &phone(1)).await;
        let words = &kept_of(&world, &phone(1)).await[0];
        assert_eq!(words[2..5], [channel.as_str(), "undelivered", "expired"]);
        // Another sender of the account has no value in its context, or one that this stack did not seal.
        take(event("TEXT_DELIVERED", now, &Value::Null))
            .await
            .expect("taken");
        let forged = json!({ "phoneproof-receipt": format!("{receipt}A") });
        take(event("TEXT_DELIVERED", now, &forged))
            .await
            .expect("taken");
        take(json!({ "source": "aws.sms-voice", "detail": [1] }))
            .await
            .expect("given up");
        let lines = lines(&world);
        let said: Vec<_> = lines
            .iter()
            .map(|line| {
                (
                    line["channel"].as_str(),
                    line["outcome"].as_str(),
                    line["kind"].as_str(),
                )
            })
            .collect();
        assert_eq!(
            said,
            [
                (Some(channel.as_str()), Some("undelivered"), None),
                (Some("unattributed"), Some("delivered"), None),
                (None, None, Some("foreign")),
                (None, None, Some("form")),
            ]
        );
        assert_eq!(outcome_of(&world, &phone(1)).await, item, "only its own");
        assert!(!world.lines.text().contains("4155550100"));
        // Without the store, the event is handed over again.
        world.proxy().break_all("UpdateItem", Fault::Throttle);
        assert!(take(event("TEXT_DELIVERED", now + 1, &own)).await.is_err());
    }
}
