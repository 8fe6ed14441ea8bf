//! `simulate`: plays attacks and honest loads against a policy file.
//!
//! | module | does |
//! |---|---|
//! | `load` | reads the countries and the volume of the operator's own service |
//! | `runs` | plays many runs at once, and says how far it is |
//! | `table` | shows the figures, as a table and as JSON |
//! | `plot` | draws money over time |

mod load;
mod plot;
mod runs;
mod table;

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

use phoneproof_domain::policy::{Policy, PolicyFaults};
use phoneproof_simulator::layers::list_layers;
use phoneproof_simulator::scenario::{
    Market, Scenario, list_attacks, list_calls, list_loads, list_worlds,
};
use phoneproof_simulator::service::Defence;

use self::load::Load;
use self::plot::Panel;
use self::runs::{Job, play_all};
use self::table::{Report, Row};
use crate::cli::{Common, SimulateArguments};
use crate::output::{CommandError, Exit, Reply};

/// The attacks that are drawn where the operator chooses none.
const DRAWN: [&str; 4] = ["1", "2", "4", "6b"];

pub(crate) fn simulate(
    common: &Common,
    arguments: &SimulateArguments,
) -> Result<Reply, CommandError> {
    let Some(file) = &common.policy else {
        return Err(CommandError::usage(
            "--policy: a policy file is needed, as in --policy infra/policy/policy.toml",
        ));
    };
    let text = read("--policy", file)?;
    let policy = match phoneproof_config::policy::from_toml(&text) {
        Ok(policy) => policy,
        Err(PolicyFaults(faults)) => return Ok(crate::policy::report_faults(&faults)),
    };
    let load = match &arguments.load {
        Some(file) => Some(
            Load::parse(&read("--load", file)?, &policy).map_err(|fault| {
                CommandError::usage(format!("--load: {}: {fault}", file.display()))
            })?,
        ),
        None => None,
    };
    let market = match &load {
        Some(load) => load.market.clone(),
        None => Market::from_recordings(),
    };
    let chosen = choose(&market, &arguments.only)?;
    if arguments.plot.is_some() && !chosen.iter().any(|scenario| scenario.attack.is_some()) {
        return Err(CommandError::usage(
            "--plot draws attacks, and --only names none: an id such as 1, 2 or 6b is needed",
        ));
    }
    // A file that cannot be written is told before minutes of play.
    let plot = arguments.plot.as_deref().map(create).transpose()?;
    let defence = Defence::of(&policy);
    let report = Report {
        policy: file.display().to_string(),
        notes: describe(&policy, load.as_ref()),
        first_seed: arguments.first_seed,
        seeds: arguments.seeds,
        rows: play_rows(&chosen, &defence, arguments),
    };
    let mut text = report.to_text();
    if let Some((file, path)) = plot.zip(arguments.plot.as_deref()) {
        let panels = play_panels(&chosen, &defence, arguments);
        write_plot(file, path, &plot::draw(&panels))?;
        text = format!("{text}\n\nThe plot is in {}.", path.display());
    }
    Ok(Reply::with_result(report.to_json(), text))
}

fn create(path: &Path) -> Result<File, CommandError> {
    File::create(path).map_err(|error| not_written(path, &error))
}

fn write_plot(mut file: File, path: &Path, drawn: &str) -> Result<(), CommandError> {
    file.write_all(drawn.as_bytes())
        .map_err(|error| not_written(path, &error))
}

fn not_written(path: &Path, error: &io::Error) -> CommandError {
    CommandError::new(
        Exit::Failed,
        format!("--plot: {}: {error}", path.display()),
        "",
    )
}

fn read(option: &str, file: &Path) -> Result<String, CommandError> {
    std::fs::read_to_string(file)
        .map_err(|error| CommandError::usage(format!("{option}: {}: {error}", file.display())))
}

/// Chooses the scenarios that the operator names, or all attacks and loads.
fn choose(market: &Market, ids: &[String]) -> Result<Vec<Scenario>, CommandError> {
    let mut all = list_attacks(market);
    all.extend(list_loads(market));
    if ids.is_empty() {
        return Ok(all);
    }
    all.extend(list_worlds(market));
    all.extend(list_calls(market));
    let known: Vec<&str> = all.iter().map(|scenario| scenario.id).collect();
    if let Some(unknown) = ids.iter().find(|id| !known.contains(&id.as_str())) {
        let known = known.join(", ");
        let message = if unknown.is_empty() {
            format!("--only: ids of scenarios are needed, as in 1,2,6b; there are {known}")
        } else {
            format!("--only: there is no scenario {unknown}; there are {known}")
        };
        return Err(CommandError::usage(message));
    }
    all.retain(|scenario| ids.iter().any(|id| id == scenario.id));
    Ok(all)
}

/// Plays each scenario without purses once, and with the policy once per seed.
fn play_rows(chosen: &[Scenario], defence: &Defence, arguments: &SimulateArguments) -> Vec<Row> {
    let without = defence.without_purses();
    let mut jobs = vec![];
    for (place, scenario) in chosen.iter().enumerate() {
        let job = |part, defence, seed| Job {
            place,
            part,
            scenario,
            defence,
            seed,
        };
        jobs.push(job(0, &without, arguments.first_seed));
        let seeds = (0..arguments.seeds).map(|n| arguments.first_seed.saturating_add(n));
        jobs.extend(seeds.map(|seed| job(1, defence, seed)));
    }
    let mut rows: Vec<Row> = chosen.iter().map(Row::new).collect();
    play_all("simulating", &jobs, |job, outcome| {
        let row = rows.get_mut(job.place);
        match (row, job.part) {
            (Some(row), 0) => row.without.add(&outcome),
            (Some(row), _) => row.with.add(&outcome),
            (None, _) => {}
        }
    });
    rows
}

/// Plays each drawn attack with and without each part of the defence.
fn play_panels(
    chosen: &[Scenario],
    defence: &Defence,
    arguments: &SimulateArguments,
) -> Vec<Panel> {
    let is_drawn =
        |scenario: &&Scenario| !arguments.only.is_empty() || DRAWN.contains(&scenario.id);
    let attacks = chosen.iter().filter(|scenario| scenario.attack.is_some());
    let attacks: Vec<&Scenario> = attacks.filter(is_drawn).collect();
    let layers = list_layers(defence);
    let mut jobs = vec![];
    for (place, scenario) in attacks.iter().enumerate() {
        jobs.extend(layers.iter().enumerate().map(|(part, layer)| Job {
            place,
            part,
            scenario,
            defence: &layer.defence,
            seed: arguments.first_seed,
        }));
    }
    let mut panels: Vec<Panel> = attacks.into_iter().map(Panel::new).collect();
    play_all("drawing", &jobs, |job, outcome| {
        if let (Some(panel), Some(layer)) = (panels.get_mut(job.place), layers.get(job.part)) {
            panel.add(layer.title, &outcome);
        }
    });
    panels
}

/// Says what the figures stand on.
fn describe(policy: &Policy, load: Option<&Load>) -> Vec<String> {
    let mut notes = match load {
        None => vec![
            "The recorded attacks, at the prices of their bills, on a service of 2,000 sends a day in FR, GB, MA, UZ and ID.".to_owned(),
            "`--load FILE` plays them against your own countries and prices.".to_owned(),
        ],
        Some(load) => load.notes.clone(),
    };
    if !policy.purses.shadowed.is_empty() {
        let names = policy.purses.shadowed.iter().map(|rule| rule.name());
        let names: Vec<_> = names.collect();
        let names = names.join(", ");
        notes.push(format!(
            "In shadow mode, so nobody is refused by them: {names}."
        ));
    }
    notes
}
