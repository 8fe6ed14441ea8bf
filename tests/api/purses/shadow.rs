//! A purse in shadow mode.

use super::*;

#[tokio::test]
async fn a_shadowed_rule_refuses_nobody_and_says_what_it_would_do() {
    let world = World::builder()
        .purses()
        .policy("shadow = []", "shadow = [\"country-purse\"]")
        .start()
        .await;
    for n in 0..8 {
        let answer = world
            .client
            .send_from(&nth(n), &format!("d{n}"), "203.0.113.7")
            .await;
        assert_eq!(answer.status, 202, "{n}: {}", answer.text);
    }
    let said = world
        .lines
        .text()
        .matches("\"wouldRefuse\":\"country-purse\"")
        .count();
    assert_eq!(said, 2);
}

#[tokio::test]
async fn the_money_of_a_day_and_the_blocks_hold_while_the_country_is_in_shadow_mode() {
    let world = World::builder()
        .purses()
        .policy("shadow = []", "shadow = [\"country-purse\"]")
        .policy("usd_per_day = 25.00", "usd_per_day = 0.20")
        .start()
        .await;
    let send = async |number: &str, n: usize| {
        let (device, address) = (format!("d{n}"), format!("203.0.{n}.7"));
        world.client.send_from(number, &device, &address).await
    };
    // A block starts with five texts of a cent.
    for n in 0..6 {
        let answer = send(&format!("+1415555200{n}"), n).await;
        match n {
            5 => assert_refused(&answer, "number-block-purse"),
            _ => assert_eq!(answer.status, 202, "{n}: {}", answer.text),
        }
    }
    for n in 5..21 {
        let answer = send(&nth(n), n).await;
        match n {
            20 => assert_refused(&answer, "money-per-day"),
            _ => assert_eq!(answer.status, 202, "{n}: {}", answer.text),
        }
    }
}
