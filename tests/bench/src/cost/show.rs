//! Formats the cost table as text and as Markdown.

use std::fmt::Write as _;

use super::{Architecture, DOLLARS, PLATFORM, Prices, Row, Table};

impl Prices {
    /// Formats every price with its source as a Markdown table, for `RESULTS.md`.
    pub(crate) fn markdown(&self) -> String {
        let mut out = format!(
            "| unit that AWS bills in {} | price | source | date of the source |\n|---|---|---|---|\n",
            self.region
        );
        for (name, price) in self.price.all() {
            _ = writeln!(
                out,
                "| [{}]({}) | {} | <{}> | {} |",
                name.replace('_', " "),
                price.page,
                price.label(),
                price.seen,
                price.as_of
            );
        }
        _ = writeln!(out, "\nMetering: <{}>", self.metering.page);
        out
    }
}

impl Table {
    /// Formats the table for a terminal.
    pub(crate) fn text(&self) -> String {
        let mut out =
            String::from("cost per million verifications, without the texts, in dollars\n");
        let mut line = |component: &str, amount: &str, arm64: &str, x86: &str| {
            _ = writeln!(out, "  {component:<28}{amount:<24}{arm64:>8}{x86:>8}");
        };
        line("", "", "arm64", "x86");
        for row in &self.rows {
            line(
                row.component,
                &row.amount,
                &dollars(row.arm64),
                &dollars(row.x86),
            );
        }
        let [arm64, x86] = self.totals();
        line("total", "", &arm64, &x86);
        _ = writeln!(out, "{}\ncost per month, in dollars", self.comparison());
        for row in &self.month {
            _ = writeln!(
                out,
                "  {:<28}{:<24}{:>8}",
                row.component,
                row.amount,
                dollars(row.arm64)
            );
        }
        _ = writeln!(out, "  {:<52}{:>8}", "total", dollars(self.month_total()));
        _ = writeln!(out, "{}\nways to cut the cost", self.biggest_part());
        for cut in &self.cuts {
            _ = writeln!(
                out,
                "  saves ${:.2}, leaves {} write units per send: {}\n    what it takes: {}",
                cut.dollars, cut.units, cut.name, cut.takes
            );
        }
        _ = writeln!(out, "{}\n{}", self.source, self.assumed);
        out
    }

    /// Formats the table as Markdown, for `RESULTS.md`.
    pub(crate) fn markdown(&self) -> String {
        let mut out = String::from(
            "| cost per million verifications | amount | arm64 | x86-64 |\n|---|---|---:|---:|\n",
        );
        for row in &self.rows {
            _ = writeln!(
                out,
                "| {} | {} | ${} | ${} |",
                row.component,
                row.amount,
                dollars(row.arm64),
                dollars(row.x86)
            );
        }
        let [arm64, x86] = self.totals();
        _ = writeln!(
            out,
            "| **total** | | **${arm64}** | **${x86}** |\n\n{}\n\n{}\n",
            self.comparison(),
            self.biggest_part()
        );
        out.push_str("| cost per month | amount | price |\n|---|---|---:|\n");
        for row in &self.month {
            _ = writeln!(
                out,
                "| {} | {} | ${} |",
                row.component,
                row.amount,
                dollars(row.arm64)
            );
        }
        _ = writeln!(
            out,
            "| **total** | | **${}** |\n",
            dollars(self.month_total())
        );
        out.push_str(
            "| way to cut the cost | saves | write units left per send | what it takes |\n|---|---:|---:|---|\n",
        );
        for cut in &self.cuts {
            _ = writeln!(
                out,
                "| {} | ${:.2} | {} | {} |",
                cut.name, cut.dollars, cut.units, cut.takes
            );
        }
        _ = writeln!(out, "\n{}; {}", self.source, self.assumed);
        out
    }

    fn totals(&self) -> [String; 2] {
        [Architecture::Arm64, Architecture::X86].map(|a| dollars(self.total(a)))
    }

    fn comparison(&self) -> String {
        let total = self.total(Architecture::Arm64);
        let said = if self.is_reached() {
            "reached"
        } else {
            "not reached"
        };
        format!(
            "A platform at $0.05 per verification charges ${PLATFORM:.0}, {:.0} times as much. Goal: under ${DOLLARS:.0}, {said}.",
            PLATFORM / total
        )
    }

    fn biggest_part(&self) -> String {
        let share = |row: &Row| row.arm64 / self.total(Architecture::Arm64) * 100.0;
        self.biggest().map_or_else(String::new, |row| {
            format!(
                "Largest part: {}, {}, {:.0} % of the total.",
                row.component,
                row.amount,
                share(row)
            )
        })
    }
}

fn dollars(amount: f64) -> String {
    format!("{amount:.2}")
}
