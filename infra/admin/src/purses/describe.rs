//! What purses hold, in words and in JSON.

use phoneproof_domain::purse::{
    Budget, Grant, Lane, Micros, MoneyView, Outlook, PurseView, Standing,
};
use serde_json::{Map, Value, json};

use crate::money::{format_texts, format_usd, usd};
use crate::output::{format_or_dash, make_row};

/// Makes the heading of the table of countries.
pub(crate) fn make_heading(with_attested: bool) -> Vec<String> {
    let mut heading = make_row(["purse"]);
    let lanes = Lane::ALL.into_iter();
    let lanes = lanes.filter(|lane| *lane != Lane::Attested || with_attested);
    heading.extend(lanes.map(|lane| lane.name().to_owned()));
    heading.extend(make_row([
        "spent today",
        "left",
        "sent",
        "typed",
        "conversion",
        "",
    ]));
    heading
}

/// Makes the row of a country: room and cap per lane, the money of the day, and the texts of the week.
pub(crate) fn make_row_of(name: &str, outlook: Option<&Outlook>, is_used: bool) -> Vec<String> {
    let Some(outlook) = outlook else {
        return make_row([name, "damaged"]);
    };
    let of_most = |lane: PurseView| format!("{}/{}", format_usd(lane.holds), format_usd(lane.cap));
    let lanes = Lane::ALL.into_iter().filter_map(|lane| outlook.lanes[lane]);
    let mut row = make_row([name]);
    row.extend(lanes.map(of_most));
    let money = &outlook.money;
    let share = compute_conversion(outlook).map(|share| format!("{share:.0} %"));
    row.extend([
        format_usd(money.spent),
        format_usd(money.left),
        outlook.sent.to_string(),
        outlook.typed.to_string(),
        format_or_dash(share),
        if is_used { "" } else { "new" }.to_owned(),
    ]);
    row
}

/// Returns the typed codes of the week in percent of its texts; `None` without texts.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
fn compute_conversion(outlook: &Outlook) -> Option<f64> {
    (outlook.sent > 0).then(|| outlook.typed as f64 * 100.0 / outlook.sent as f64)
}

/// Says what an operator gave, one line each.
pub(crate) fn give_lines(outlook: &Outlook, price: Micros) -> Vec<String> {
    let grant = outlook.grant.map(|grant| name_grant(Some(&grant), price));
    let budget = outlook.money.budget;
    let budget = budget.map(|budget| name_budget(Some(&budget)));
    grant.into_iter().chain(budget).collect()
}

/// Says what an operator's grant has left.
pub(crate) fn name_grant(grant: Option<&Grant>, price: Micros) -> String {
    grant.map_or("no grant".to_owned(), |grant| {
        let room = format_texts(grant.room, price);
        format!("a grant of {room} until {}", grant.until)
    })
}

/// Says what an operator's budget is.
pub(crate) fn name_budget(budget: Option<&Budget>) -> String {
    budget.map_or("no budget".to_owned(), |budget| {
        let money = format_usd(budget.per_day);
        format!("a budget of {money} per day until {}", budget.until)
    })
}

pub(crate) fn describe_grant(grant: Option<&Grant>, price: Micros) -> Value {
    grant.map_or(Value::Null, |grant| {
        json!({ "usd": usd(grant.room), "texts": grant.room / price.max(1), "until": grant.until })
    })
}

pub(crate) fn describe_budget(budget: Option<&Budget>) -> Value {
    budget.map_or(
        Value::Null,
        |budget| json!({ "perDayUsd": usd(budget.per_day), "until": budget.until }),
    )
}

fn describe_purse(view: &PurseView, price: Micros) -> Value {
    describe_room(view, price, ["texts", "capTexts"])
}

/// Describes what a purse holds, in dollars and in what `names` its number and the most of it.
pub(super) fn describe_room(view: &PurseView, price: Micros, names: [&str; 2]) -> Value {
    let [number, most] = names;
    json!({
        "usd": usd(view.holds),
        number: view.holds / price.max(1),
        "capUsd": usd(view.cap),
        most: view.cap / price.max(1),
        "freesAt": view.pays_at,
    })
}

fn describe_money(money: &MoneyView) -> Value {
    json!({
        "spentUsd": usd(money.spent),
        "leftUsd": usd(money.left),
        "perDayUsd": usd(money.per_day),
        "budget": describe_budget(money.budget.as_ref()),
        "freesAt": money.pays_at,
    })
}

/// Describes the purses of a country for `--json`.
pub(crate) fn describe_outlook(outlook: &Outlook, price: Micros) -> Map<String, Value> {
    let lanes = Lane::ALL.into_iter().filter_map(|lane| {
        let view = outlook.lanes[lane]?;
        Some((lane.name().to_owned(), describe_purse(&view, price)))
    });
    Map::from_iter([
        ("lanes".to_owned(), Value::Object(lanes.collect())),
        (
            "grant".to_owned(),
            describe_grant(outlook.grant.as_ref(), price),
        ),
        ("money".to_owned(), describe_money(&outlook.money)),
        (
            "week".to_owned(),
            json!({
                "sent": outlook.sent,
                "typed": outlook.typed,
                "conversion": compute_conversion(outlook).map(|percent| percent / 100.0),
            }),
        ),
    ])
}

/// Describes the purses of one text that are not the country's, for `--json`.
pub(crate) fn describe_others(outlook: &Outlook, price: Micros) -> Map<String, Value> {
    let mut block = describe_purse(&outlook.number_block, price);
    if let Some(members) = block.as_object_mut() {
        let grant = describe_grant(outlook.number_block_grant.as_ref(), price);
        members.insert("grant".to_owned(), grant);
    }
    let network = &outlook.network;
    Map::from_iter([
        ("numberBlock".to_owned(), block),
        (
            "network".to_owned(),
            json!({
                "usd": usd(network.holds),
                "texts": network.holds / price.max(1),
                "capUsd": usd(network.cap),
                "codes": network.codes,
                "codesNeeded": network.codes_needed,
                "isFamiliar": network.standing == Standing::Familiar,
                "standing": network.standing.name(),
            }),
        ),
        ("unearnedLeftUsd".to_owned(), json!(usd(outlook.unearned))),
        (
            "unearnedFreesAt".to_owned(),
            json!(outlook.unearned_pays_at),
        ),
    ])
}

/// When an empty purse of a network pays again: time gives it nothing.
const FREES_BY_CODE: &str = "codes typed there";

/// Says what an empty purse of the network does, where it is empty.
pub(crate) fn name_empty_network(outlook: &Outlook) -> Option<String> {
    (outlook.network.standing == Standing::Empty).then(|| {
        "the purse of the network is empty: the lane crowd is closed to it until codes that are typed there fill it".to_owned()
    })
}

/// Makes the rows of the purses that a text needs: what they hold, their caps, and when they can pay. `pays` is the
/// lane that would pay.
pub(crate) fn make_rows(outlook: &Outlook, price: Micros, pays: Option<Lane>) -> Vec<Vec<String>> {
    let mut rows = vec![make_row(["purse", "room", "cap", "frees at", ""])];
    for lane in Lane::ALL {
        if let Some(view) = &outlook.lanes[lane] {
            let says = if pays == Some(lane) { "would pay" } else { "" };
            rows.push(make_row_of_purse(
                &format!("lane {}", lane.name()),
                view,
                price,
                says,
            ));
        }
    }
    rows.extend(make_row_of_grant(
        "grant to strangers",
        outlook.grant.as_ref(),
        price,
    ));
    let money = &outlook.money;
    let given = money.budget.map(|budget| name_budget(Some(&budget)));
    rows.push(vec![
        "money of the day".to_owned(),
        format_texts(money.left, price),
        format_usd(money.per_day),
        format_or_dash(money.pays_at),
        given.unwrap_or_default(),
    ]);
    rows.push(make_row_of_purse(
        "number block",
        &outlook.number_block,
        price,
        "",
    ));
    rows.extend(make_row_of_grant(
        "grant to number block",
        outlook.number_block_grant.as_ref(),
        price,
    ));
    let network = &outlook.network;
    let (codes, needed) = (network.codes, network.codes_needed);
    let is_empty = network.standing == Standing::Empty;
    rows.push(vec![
        "network".to_owned(),
        format_texts(network.holds, price),
        format_texts(network.cap, price),
        if is_empty { FREES_BY_CODE } else { "-" }.to_owned(),
        format!("{}: {codes} codes of {needed}", network.standing.name()),
    ]);
    rows.push(vec![
        "unearned of today".to_owned(),
        format_texts(outlook.unearned, price),
        "-".to_owned(),
        format_or_dash(outlook.unearned_pays_at),
        String::new(),
    ]);
    rows
}

fn make_row_of_purse(name: &str, view: &PurseView, price: Micros, says: &str) -> Vec<String> {
    vec![
        name.to_owned(),
        format_texts(view.holds, price),
        format_texts(view.cap, price),
        format_or_dash(view.pays_at),
        says.to_owned(),
    ]
}

fn make_row_of_grant(name: &str, grant: Option<&Grant>, price: Micros) -> Option<Vec<String>> {
    let grant = grant?;
    let (room, until) = (
        format_texts(grant.room, price),
        format!("until {}", grant.until),
    );
    Some(make_row([name, &room, "-", "-", &until]))
}
