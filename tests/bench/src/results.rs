//! Writes the page of results: the goals, a plot, and every figure with the command that measured it.

mod machine;
mod micro;
mod plot;
mod tables;

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use clap::Args;
use serde::de::DeserializeOwned;

use crate::cost::{self, Measured, Prices};
use crate::goals::{self, Goal};
use crate::lambda::{self, Summary};
use crate::report::{self, Kept};
use crate::{calls, memory};

/// The mark where the generated part of the page begins. The text around the two marks is written by hand.
const BEGIN: &str = "<!-- begin: `bench report` writes from here -->";
/// The mark where the generated part of the page ends.
const END: &str = "<!-- end: `bench report` writes to here -->";
/// The command that calls the harness.
const RUN: &str = "cargo run --release -p phoneproof-bench --";

/// The options of `bench report`.
#[derive(Args)]
pub(crate) struct Report {
    /// The folder of `RESULTS.md` and `plot.svg`.
    #[arg(long, default_value = "tests/bench")]
    folder: PathBuf,
}

/// Writes the page and its plot. There is no goal, so it always returns `true`.
pub(crate) fn run(options: &Report) -> bool {
    let page = options.folder.join("RESULTS.md");
    let before =
        fs::read_to_string(&page).unwrap_or_else(|_| format!("# Results\n\n{BEGIN}\n{END}\n"));
    let mut results = Results::default();
    results.lambda(&options.folder);
    results.part("Memory sizes", "memory", |sizes: &Vec<memory::Size>| {
        (memory::table(sizes), Vec::new())
    });
    results.part(
        "Network calls and bytes",
        "calls",
        |steps: &Vec<calls::Step>| (calls::table(steps), goals::calls(steps)),
    );
    results.part("The service's own time in a warm request", "own", |own| {
        (tables::own(own), goals::own(*own))
    });
    results.part(
        "Instructions of a warm request",
        "instructions",
        |counted| (tables::instructions(counted), Vec::new()),
    );
    results.micro();
    results.part(
        "Whole flows on the local stack",
        "flows",
        |rates: &Vec<_>| (tables::flows(rates), goals::flows(rates)),
    );
    results.part("Flows as the tables fill", "growth", |grown| {
        (tables::growth(grown), goals::growth(grown))
    });
    results.part("Cost", "cost", |measured: &Measured| {
        let prices = Prices::load();
        let table = cost::table(&prices, measured);
        let shown = format!("{}\n{}", table.markdown(), prices.markdown());
        (shown, goals::cost(&table))
    });
    fs::write(&page, replace_between_marks(&before, &results.page()))
        .expect("the page can be written");
    println!("{}", page.display());
    true
}

/// Replaces the text between the marks of `page` by `between`.
fn replace_between_marks(page: &str, between: &str) -> String {
    let (before, rest) = page.split_once(BEGIN).expect("the page has a begin mark");
    let (_, after) = rest.split_once(END).expect("the page has an end mark");
    format!("{before}{BEGIN}\n\n{between}\n{END}{after}")
}

/// The parts and goals of the page collected so far.
#[derive(Default)]
struct Results {
    parts: String,
    goals: Vec<Goal>,
    has_plot: bool,
}

impl Results {
    /// Adds the section of the figures kept under `name`, or a note that they were not measured.
    fn part<T: DeserializeOwned>(
        &mut self,
        title: &str,
        name: &str,
        shown: impl FnOnce(&T) -> (String, Vec<Goal>),
    ) {
        let Some(Kept {
            command,
            day,
            figures,
        }) = report::read::<T>(name)
        else {
            self.section(title, &format!("Not measured: `{RUN} {name}`"), "");
            return;
        };
        let (table, goals) = shown(&figures);
        self.goals.extend(goals);
        self.section(title, &format!("`{RUN} {command}`, {day}"), &table);
    }

    fn section(&mut self, title: &str, origin: &str, table: &str) {
        let gap = if table.is_empty() { "" } else { "\n" };
        _ = writeln!(self.parts, "## {title}\n\n{origin}\n{gap}{table}");
    }

    /// Adds the cold starts without and with TLS, and plots those without.
    fn lambda(&mut self, folder: &std::path::Path) {
        self.part(
            "Cold starts and warm invocations",
            "lambda",
            |figures: &Vec<Summary>| (lambda::table(figures), goals::lambda(figures)),
        );
        self.part(
            "Cold starts and warm invocations over TLS",
            "lambda-tls",
            |figures: &Vec<Summary>| (lambda::table(figures), Vec::new()),
        );
        if let Some(kept) = report::read::<Vec<Summary>>("lambda") {
            let plot = plot::svg(&kept.figures);
            fs::write(folder.join("plot.svg"), plot).expect("the plot can be written");
            self.has_plot = true;
        }
    }

    /// Adds the micro-benchmarks, whose figures criterion keeps.
    fn micro(&mut self) {
        let origin = "`cargo bench -p phoneproof-bench`";
        let table = micro::table();
        if table.is_empty() {
            self.section("Parts of a request", &format!("Not measured: {origin}"), "");
        } else {
            self.section(
                "Parts of a request, with the bare library calls as floors",
                origin,
                &table,
            );
        }
    }

    fn page(&self) -> String {
        let mut page = format!("Machine: {}\n\n", machine::description());
        if self.has_plot {
            page.push_str("![Cold starts and peak memory](plot.svg)\n\n");
        }
        _ = writeln!(
            page,
            "## Goals\n\n{}\n{}",
            goals::markdown(&self.goals),
            self.parts.trim_end()
        );
        page
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_text_around_the_marks() {
        let page = format!("# Title\n{BEGIN}\nold\n{END}\n## Notes\n");
        let page = replace_between_marks(&page, "new");
        assert_eq!(page, format!("# Title\n{BEGIN}\n\nnew\n{END}\n## Notes\n"));
        assert_eq!(replace_between_marks(&page, "new"), page);
    }
}
