//! Attacks with the refresh tokens of the account service.

use phoneproof_tests::{World, phone};

use crate::account::{get_me, read_tokens, refresh, register_and_log_in};

/// One session in two tabs, and a thief who has copied the first token of another one.
#[tokio::test]
async fn a_copied_refresh_token_among_two_tabs() {
    let (mut lived, mut ended) = (0, 0);
    for n in 0..10 {
        let world = World::start().await;
        let (_, first) = register_and_log_in(&world, &phone(n)).await;
        let (_, second) = read_tokens(&refresh(&world, &first).await);
        let (_, third) = read_tokens(&refresh(&world, &second).await);
        // The slower tab presents the first token two seconds later, and up to the last second of the grace.
        for seconds in [2, 27] {
            world.advance(seconds);
            let (access, same) = read_tokens(&refresh(&world, &first).await);
            assert_eq!(same, third);
            assert_eq!(get_me(&world, &access).await.status, 200);
            lived += 1;
        }
        // The thief comes at 31 seconds.
        world.advance(2);
        let stolen = refresh(&world, &first).await;
        assert_eq!(stolen.problem(), "invalid-refresh-token");
        assert_eq!(world.lines.last()["event"], "reuse-detected");
        for held in [&first, &second, &third] {
            assert_eq!(refresh(&world, held).await.problem(), "session-over");
        }
        ended += 1;
    }
    assert_eq!((lived, ended), (20, 10));
}
