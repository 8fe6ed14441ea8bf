//! The purses beside operators, in every order of steps. Texts are planned on what was read, and written later.
//! Operators give grants, budgets and a new start. Their ends and a new day come meanwhile.
//!
//! The product's own functions plan every write, and [`Write::apply`] says what a store does with it.

use std::time::Duration;

use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::country::Country;
use phoneproof_domain::purse::{
    Ask, Attribute, Budget, Grant, PurseItem, PurseKey, PurseSettings, Records, Write, decide,
    give_budget, give_grant, plan_first_try, reset_country, view_purses,
};
use phoneproof_domain::subject::SubjectIndex;
use phoneproof_domain::window::{DAY, Window};
use stateright::{Checker, Model, Property};

const PRICE: i64 = 1_000;
/// In seconds after noon. Grants and budgets end at the second one, and the last one lies on the next day.
const MOMENTS: [i64; 3] = [0, 60, 50_000];
const TOMORROW: usize = 2;
/// The texts of the grant, of the policy's money stop and of the budget's.
const GRANTED: i64 = 1;
const STOP: i64 = 1;
const BUDGET: i64 = 2;

/// What an actor wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    /// A text for a caller from a familiar network.
    Neighbour,
    /// A text for a stranger.
    Stranger,
    Grant,
    Budget,
    Reset,
}

/// How far an actor has come.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
enum Phase {
    Ahead,
    /// It has read the items at a moment, and will write what it plans on them.
    Planned(usize, Items),
    /// It was overtaken once, and reads again.
    Overtaken,
    Done,
    Refused,
}

/// The items of the country, the number block, the network and the service.
type Items = [PurseItem; 4];

#[derive(Clone, Debug, Hash, PartialEq, Eq)]
struct State {
    moment: usize,
    items: Items,
    actors: Vec<Phase>,
    /// The texts of each day, and those that the grant paid.
    texts: [i64; 2],
    granted: i64,
    /// Whether a grant paid after its end.
    late: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    TimePasses,
    /// An actor reads, or writes what it planned.
    Goes(usize),
}

struct Purses(Vec<Wish>);

fn settings() -> PurseSettings {
    let mut settings = PurseSettings::default();
    let policy = &mut settings.policy;
    policy.money.least = STOP * PRICE;
    policy.start_texts = 1;
    policy.number_block.start.texts = 100;
    policy.number_block.cap.texts = 100;
    settings
}

fn ask(moment: usize, wish: Wish) -> Ask {
    let now = Timestamp::from_unix(1_795_435_200 + MOMENTS[moment]);
    let today = Window::containing(now, DAY, Duration::ZERO);
    let country = Country::parse("MA").expect("a country");
    let mut ask = Ask::of_stranger(country, 0, 1, PRICE, now, today);
    let index = |text: &str| SubjectIndex::from_text(text.to_owned());
    let network = if wish == Wish::Neighbour {
        "home"
    } else {
        "vpn"
    };
    (ask.number_block, ask.caller.network) = (index("block"), index(network));
    ask
}

/// Returns the place of a purse among the items; `None` for the network of a stranger, which has none.
fn place(ask: &Ask, key: &PurseKey) -> Option<usize> {
    match key {
        PurseKey::Country { .. } => Some(0),
        PurseKey::NumberBlock(_) => Some(1),
        PurseKey::Network { network, .. } => (network.as_str() == "home").then_some(2),
        // The model has no calls.
        PurseKey::Calls { .. } => None,
        PurseKey::Service { day } => (*day == ask.day()).then_some(3),
    }
}

fn read(ask: &Ask, items: &Items, key: &PurseKey) -> PurseItem {
    place(ask, key).map_or_else(PurseItem::default, |at| items[at].clone())
}

fn apply(ask: &Ask, items: &Items, writes: &[Write]) -> Option<Items> {
    let mut after = items.clone();
    for write in writes {
        let own = write.apply(&read(ask, items, &write.key))?;
        if let Some(at) = place(ask, &write.key) {
            after[at] = own;
        }
    }
    Some(after)
}

impl Purses {
    /// A country that spent nothing today, whose open lane is empty, with one familiar network.
    fn start() -> Items {
        let (ask, settings) = (ask(0, Wish::Neighbour), settings());
        let mut items = Items::default();
        let records = Records::read(&ask, None, |key| read(&ask, &items, key)).expect("whole");
        let first = decide(&ask, &settings, &records)
            .outcome
            .expect("a new country");
        items = apply(&ask, &items, &first.writes).expect("it holds");
        items[0].set(Attribute::Left, STOP * PRICE);
        items[0].set(Attribute::cost_on(ask.day()), 0);
        for (attribute, value) in [
            (Attribute::Room, 100 * PRICE),
            (Attribute::Codes, 9),
            (Attribute::Needed, 4),
            (Attribute::Since, ask.now.unix()),
            (Attribute::ExpiresAt, ask.now.unix() + 1_000_000),
        ] {
            items[2].set(attribute, value);
        }
        items
    }

    fn write_text(&self, state: &mut State, actor: usize, read_at: usize, seen: Option<&Items>) {
        let (ask, settings) = (ask(read_at, self.0[actor]), settings());
        let plan = match seen {
            None => plan_first_try(&ask, &settings.policy),
            Some(seen) => {
                let records = Records::read(&ask, None, |key| read(&ask, seen, key));
                let Ok(plan) = decide(&ask, &settings, &records.expect("whole")).outcome else {
                    state.actors[actor] = Phase::Refused;
                    return;
                };
                plan
            }
        };
        match (apply(&ask, &state.items, &plan.writes), seen) {
            (Some(after), _) => {
                state.items = after;
                state.actors[actor] = Phase::Done;
                state.texts[usize::from(read_at == TOMORROW)] += 1;
                if let Some(until) = plan.granted_until {
                    state.granted += 1;
                    state.late |= ask.now >= until;
                }
            }
            // A refused transaction returns the items.
            (None, None) => {
                state.actors[actor] = Phase::Planned(read_at, state.items.clone());
            }
            (None, Some(_)) => state.actors[actor] = Phase::Overtaken,
        }
    }

    fn write_as_operator(&self, state: &mut State, actor: usize, read_at: usize, seen: &Items) {
        let (ask, policy) = (ask(read_at, self.0[actor]), settings().policy);
        let until = Timestamp::from_unix(1_795_435_200 + MOMENTS[1]);
        let key = ask.country_key();
        let write = match self.0[actor] {
            Wish::Grant => {
                let room = GRANTED * PRICE;
                let given = Some(Grant { room, until });
                give_grant(key, &policy, &seen[0], given, ask.now).expect("whole")
            }
            Wish::Budget => {
                let per_day = BUDGET * PRICE;
                let given = Some(Budget { per_day, until });
                give_budget(&ask, &policy, &seen[0], given).expect("whole")
            }
            _ => reset_country(&ask, &policy, &seen[0]),
        };
        state.actors[actor] = match write.apply(&state.items[0]) {
            Some(after) => {
                state.items[0] = after;
                Phase::Done
            }
            None => Phase::Overtaken,
        };
    }
}

impl Model for Purses {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            moment: 0,
            items: Self::start(),
            actors: vec![Phase::Ahead; self.0.len()],
            texts: [0; 2],
            granted: 0,
            late: false,
        }]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        if state.moment + 1 < MOMENTS.len() {
            steps.push(Step::TimePasses);
        }
        let goes = |phase: &Phase| !matches!(phase, Phase::Done | Phase::Refused);
        let goes = state
            .actors
            .iter()
            .enumerate()
            .filter(|(_, phase)| goes(phase));
        steps.extend(goes.map(|(actor, _)| Step::Goes(actor)));
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        let mut state = last.clone();
        let Step::Goes(actor) = step else {
            state.moment += 1;
            return Some(state);
        };
        let moment = state.moment;
        let is_text = matches!(self.0[actor], Wish::Neighbour | Wish::Stranger);
        match last.actors[actor].clone() {
            Phase::Ahead if is_text => self.write_text(&mut state, actor, moment, None),
            Phase::Ahead | Phase::Overtaken => {
                state.actors[actor] = Phase::Planned(moment, state.items.clone());
            }
            // A request takes seconds at most, so it does not write on the next day.
            Phase::Planned(at, _) if moment == TOMORROW && at < TOMORROW => {
                state.actors[actor] = Phase::Refused;
            }
            Phase::Planned(at, seen) if is_text => {
                self.write_text(&mut state, actor, at, Some(&seen));
            }
            Phase::Planned(at, seen) => self.write_as_operator(&mut state, actor, at, &seen),
            Phase::Done | Phase::Refused => return None,
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("no purse is below nothing", |_, state: &State| {
                let mut values = state.items.iter().flat_map(PurseItem::iter);
                values.all(|(_, value)| value >= 0)
            }),
            Property::always("every text is counted once", |_, state: &State| {
                let spent = |moment| {
                    let day = ask(moment, Wish::Stranger).day();
                    state.items[0].get(Attribute::cost_on(day)).unwrap_or(0)
                };
                spent(0) == state.texts[0] * PRICE && spent(TOMORROW) == state.texts[1] * PRICE
            }),
            Property::always(
                "what is left is the money stop in force",
                |_, state: &State| {
                    let ask = ask(state.moment, Wish::Stranger);
                    let records = Records::read(&ask, None, |key| read(&ask, &state.items, key));
                    let money =
                        view_purses(&ask, &settings().policy, &records.expect("whole")).money;
                    let stop = money.budget.map_or(STOP, |_| BUDGET) * PRICE;
                    let texts = state.texts[usize::from(state.moment == TOMORROW)];
                    money.left == (stop - texts * PRICE).max(0)
                },
            ),
            Property::always(
                "a grant pays its texts once, and none after its end",
                |model: &Self, state: &State| {
                    let grants = model.0.iter().filter(|wish| **wish == Wish::Grant).count();
                    let most = i64::try_from(grants).expect("few") * GRANTED;
                    state.granted <= most && !state.late
                },
            ),
            Property::sometimes("a grant pays", |_, state: &State| state.granted > 0),
            Property::sometimes("a budget pays", |_, state: &State| state.texts[0] > STOP),
            Property::sometimes("an actor is overtaken", |_, state: &State| {
                state.actors.contains(&Phase::Overtaken)
            }),
        ]
    }
}

#[test]
fn no_order_of_texts_and_operators_breaks_a_purse() {
    use Wish::{Budget, Grant, Neighbour, Reset, Stranger};
    for wishes in [
        vec![Stranger, Neighbour, Grant, Budget, Reset],
        vec![Stranger, Neighbour, Grant, Budget, Budget],
    ] {
        let checker = Purses(wishes).checker().threads(2).spawn_bfs().join();
        checker.assert_properties();
        let states = checker.unique_state_count();
        println!("{states} states");
        assert!(states > 5_000, "only {states} states");
    }
}
