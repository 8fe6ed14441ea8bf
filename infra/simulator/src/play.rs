//! The virtual clock: plays an attack and honest users to a service.

mod calls;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap, HashSet};
use std::ops::ControlFlow;

use phoneproof_domain::country::Country;
use phoneproof_domain::purse::Micros;

pub use self::calls::Calls;
use crate::attack::{Attack, Hit, START};
use crate::crowd::{Crowd, draw_time_to_type};
use crate::dice::Dice;
use crate::service::{Sent, Service, Tally};
use crate::world::{DAY, Request, instant};

/// What a run consists of, besides the service.
#[derive(Debug, Clone)]
pub struct Run {
    /// The honest users of each country.
    pub crowds: Vec<Crowd>,
    /// The attack, if there is one.
    pub attack: Option<Attack>,
    /// When the run ends, in seconds.
    pub end: f64,
    /// The seconds between which honest sends are counted.
    pub window: (f64, f64),
    /// The countries whose honest sends are counted; `None` counts all.
    pub counted: Option<Vec<Country>>,
    /// A carrier that delivers nothing.
    pub outage: Option<Outage>,
    /// The share of users without a text who ask again, up to three times.
    pub asks_again: f64,
    /// Calls, which users and attackers then ask for; `None` where nobody is called.
    pub calls: Option<Calls>,
}

/// A time in which a country's carriers deliver nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outage {
    /// The country whose carriers fail.
    pub country: Country,
    /// When it begins, in seconds.
    pub from: f64,
    /// When it ends, in seconds.
    pub until: f64,
}

/// Honest sends, and those that were refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Honest {
    /// All honest sends, with those that were refused.
    pub sends: u64,
    /// Those of them that got no text.
    pub lost: u64,
}

impl Honest {
    /// Returns the share that was refused, in percent; 0 without a send.
    #[must_use]
    pub fn percent(&self) -> f64 {
        100.0 * self.lost as f64 / self.sends.max(1) as f64
    }

    fn count(&mut self, is_lost: bool) {
        self.sends += 1;
        self.lost += u64::from(is_lost);
    }
}

/// What came of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// What the attacker tried.
    pub tries: u64,
    /// The texts that the attacker got.
    pub texts: u64,
    /// The texts whose code the attacker typed in.
    pub typed: u64,
    /// The calls that the attacker got.
    pub calls: u64,
    /// What texts and calls cost, in millionths of a dollar.
    pub cost: Micros,
    /// The honest calls of the window.
    pub honest_calls: Honest,
    /// The honest sends of the window.
    pub honest: Honest,
    /// The honest sends of the day on which attacks begin.
    pub on_day: Honest,
    /// The honest sends of the window to phones that were never verified.
    pub new_users: Honest,
    /// The honest sends of the window that each rule refused.
    pub lost_to: BTreeMap<&'static str, u64>,
    /// The attacker's sends that each rule refused.
    pub stopped_by: BTreeMap<&'static str, u64>,
    /// The attacker's texts by the lane that paid for them.
    pub paid_by: BTreeMap<&'static str, u64>,
    /// The attacker's texts: the second of each, and what it cost.
    pub spending: Vec<(f64, Micros)>,
    /// The texts to honest users of all countries, and what they cost.
    pub honest_texts: (u64, Micros),
    /// How the decisions came about.
    pub tally: Tally,
}

/// Something that happens at an instant of a run.
enum Event {
    Asks {
        request: Request,
        conversion: f64,
        tries: u8,
    },
    Attacks(Hit),
    Types(Box<Sent>),
    Calls {
        text: Box<Sent>,
        /// How often its code is typed in; `None` for an attacker.
        conversion: Option<f64>,
    },
}

struct Entry {
    at: f64,
    /// Of two events at the same instant, the earlier made one comes first.
    order: u64,
    event: Event,
    /// The stream that gives the event after this one.
    stream: Option<usize>,
}

/// The entry that comes first is the greatest, as `BinaryHeap` wants it.
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        let later = other.at.total_cmp(&self.at);
        later.then_with(|| other.order.cmp(&self.order))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

type Stream = Box<dyn Iterator<Item = (f64, Event)>>;

/// The events to come, in the order of their instants.
struct Agenda {
    entries: BinaryHeap<Entry>,
    streams: Vec<Stream>,
    made: u64,
}

impl Agenda {
    fn new(streams: Vec<Stream>) -> Self {
        let count = streams.len();
        let mut agenda = Self {
            entries: BinaryHeap::new(),
            streams,
            made: 0,
        };
        for stream in 0..count {
            agenda.pull(stream);
        }
        agenda
    }

    fn pull(&mut self, stream: usize) {
        let next = self.streams.get_mut(stream).and_then(Iterator::next);
        if let Some((at, event)) = next {
            self.add(at, event, Some(stream));
        }
    }

    fn add(&mut self, at: f64, event: Event, stream: Option<usize>) {
        self.made += 1;
        let order = self.made;
        self.entries.push(Entry {
            at,
            order,
            event,
            stream,
        });
    }

    fn next(&mut self) -> Option<(f64, Event)> {
        let entry = self.entries.pop()?;
        if let Some(stream) = entry.stream {
            self.pull(stream);
        }
        Some((entry.at, entry.event))
    }
}

/// Plays a run to `service`. The seeds of `dice` and of the crowds decide everything.
#[must_use]
pub fn play(run: Run, service: &mut Service, dice: Dice) -> Outcome {
    watch(run, service, dice, std::iter::empty(), &mut |_, _, _| {
        ControlFlow::Continue(())
    })
}

/// Plays a run, and shows it to `look` at these seconds of the virtual clock, in their order. `look` gets the second,
/// what came of the run so far, and the service. The run ends early when `look` breaks it off.
#[must_use]
pub fn watch(
    run: Run,
    service: &mut Service,
    mut dice: Dice,
    times: impl Iterator<Item = f64>,
    look: &mut dyn FnMut(f64, &Outcome, &Service) -> ControlFlow<()>,
) -> Outcome {
    let end = run.end;
    let mut streams: Vec<Stream> = vec![];
    for crowd in &run.crowds {
        let conversion = crowd.place.conversion;
        let sends = crowd.clone().sends(end).map(move |(at, request)| {
            let event = Event::Asks {
                request,
                conversion,
                tries: 0,
            };
            (at, event)
        });
        streams.push(Box::new(sends));
    }
    if let Some(attack) = &run.attack {
        let hits = attack.hits(dice.fork());
        let hits = hits.map(|hit| (hit.at, Event::Attacks(hit)));
        streams.push(Box::new(hits));
    }
    let lasts = run.attack.as_ref().map(Attack::lasts);
    let mut table = Table {
        attack_ends: START + lasts.unwrap_or_default(),
        verified: HashSet::new(),
        run,
        service,
        agenda: Agenda::new(streams),
        dice,
        outcome: Outcome::default(),
    };
    let mut times = times.filter(|time| *time <= end).peekable();
    loop {
        let next = table.agenda.next().filter(|(at, _)| *at < end);
        let until = next.as_ref().map_or(end, |(at, _)| *at);
        while let Some(time) = times.next_if(|time| *time <= until) {
            if look(time, &table.outcome, table.service).is_break() {
                return table.outcome;
            }
        }
        let Some((at, event)) = next else {
            break;
        };
        table.happens(at, event);
    }
    table.outcome.tally = table.service.tally();
    table.outcome
}

/// A run that is being played.
struct Table<'a> {
    run: Run,
    /// The second in which the attack is over.
    attack_ends: f64,
    /// The phones whose code an attacker typed in.
    verified: HashSet<u32>,
    service: &'a mut Service,
    agenda: Agenda,
    dice: Dice,
    outcome: Outcome,
}

impl Table<'_> {
    fn happens(&mut self, at: f64, event: Event) {
        match event {
            Event::Types(sent) => self.service.take_code(instant(at), &sent),
            Event::Attacks(hit) => self.attacks(&hit),
            Event::Calls { text, conversion } => self.calls(at, &text, conversion),
            Event::Asks {
                request,
                conversion,
                tries,
            } => self.asks(at, request, conversion, tries),
        }
    }

    fn attacks(&mut self, hit: &Hit) {
        let outcome = &mut self.outcome;
        outcome.tries += 1;
        let (at, price) = (hit.at, hit.request.place.price);
        let sent = match self.service.send(instant(at), &hit.request) {
            Ok(sent) => sent,
            Err(rule) => {
                *outcome.stopped_by.entry(rule).or_default() += 1;
                // Who never got in has nothing to ask for again.
                let again = hit
                    .retry()
                    .filter(|_| self.verified.contains(&hit.request.phone));
                self.plan(again);
                return;
            }
        };
        let types = self.run.attack.as_ref();
        let types = types.is_some_and(|attack| attack.types_another(outcome.texts, outcome.typed));
        outcome.texts += 1;
        outcome.cost += price;
        outcome.spending.push((at, price));
        if let Some(lane) = sent.lane() {
            *outcome.paid_by.entry(lane.name()).or_default() += 1;
        }
        self.plan_calls(at, &sent);
        let outcome = &mut self.outcome;
        if hit.is_typed && types {
            outcome.typed += 1;
            self.agenda
                .add(at + 20.0, Event::Types(Box::new(sent)), None);
            self.verified.insert(hit.request.phone);
            self.plan(hit.list_next());
        } else if self.verified.contains(&hit.request.phone) {
            self.plan(hit.retry());
        }
    }

    /// Plans what an attacker does next, until the attack ends.
    fn plan(&mut self, hits: impl IntoIterator<Item = Hit>) {
        for hit in hits.into_iter().filter(|hit| hit.at < self.attack_ends) {
            self.agenda.add(hit.at, Event::Attacks(hit), None);
        }
    }

    fn asks(&mut self, at: f64, request: Request, conversion: f64, tries: u8) {
        let sent = self.service.send(instant(at), &request);
        self.count(at, &request, sent.as_ref().err().copied());
        let Ok(sent) = sent else {
            return;
        };
        self.outcome.honest_texts.0 += 1;
        self.outcome.honest_texts.1 += request.place.price;
        let country = request.place.country;
        let is_out = |outage: &Outage| {
            outage.country == country && (outage.from..outage.until).contains(&at)
        };
        let is_out = self.run.outage.as_ref().is_some_and(is_out);
        if !is_out && self.dice.happens(conversion) {
            let typed_at = at + draw_time_to_type(&mut self.dice);
            self.agenda
                .add(typed_at, Event::Types(Box::new(sent)), None);
        } else if self.run.calls.is_some() {
            self.plan_honest_call(at, sent, conversion);
        } else if tries < 3 && self.dice.happens(self.run.asks_again) {
            let event = Event::Asks {
                request,
                conversion,
                tries: tries + 1,
            };
            let again_at = at + 65.0 + self.dice.exponential(1.0 / 40.0);
            self.agenda.add(again_at, event, None);
        }
    }

    fn count(&mut self, at: f64, request: &Request, refused_by: Option<&'static str>) {
        let counted = self.run.counted.as_ref();
        if counted.is_some_and(|countries| !countries.contains(&request.place.country)) {
            return;
        }
        let is_lost = refused_by.is_some();
        let day = START - START % DAY;
        if (day..day + DAY).contains(&at) {
            self.outcome.on_day.count(is_lost);
        }
        if !(self.run.window.0..self.run.window.1).contains(&at) {
            return;
        }
        self.outcome.honest.count(is_lost);
        if !request.is_regular {
            self.outcome.new_users.count(is_lost);
        }
        if let Some(rule) = refused_by {
            *self.outcome.lost_to.entry(rule).or_default() += 1;
        }
    }
}
