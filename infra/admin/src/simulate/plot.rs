//! Draws what attackers got over time, with and without each defence, as SVG.
//!
//! Money has a logarithmic axis, because the defences differ by factors. The drawing follows the reader's light or dark
//! colours, and says in words and numbers what its lines say in colours.

use std::fmt::Write as _;

use phoneproof_simulator::attack::{Attack, START};
use phoneproof_simulator::play::Outcome;
use phoneproof_simulator::scenario::Scenario;

/// The sizes of a panel, in pixels.
const PANEL: (f64, f64) = (480.0, 420.0);
/// The place and the size of its chart.
const CHART: (f64, f64, f64, f64) = (58.0, 44.0, 402.0, 196.0);
/// The steps in which a line is drawn.
const STEPS: u32 = 200;
/// The least amount on the axis, in dollars, as a power of ten.
const LEAST: i32 = -1;
const HOUR: f64 = 3_600.0;

/// The looks of the lines, in the order of the defences. Dashes tell apart what colours may not.
const DASHES: [&str; 7] = ["", "8 3", "2 2", "9 3 2 3", "5 2 1 2 1 2", "4 4", "1 3"];

const STYLE: &str = "\
svg { background: #fff; color: #1b1b1f; --grid: #d9d9e0; --dim: #5d5d66; }
text { font: 12px system-ui, sans-serif; fill: currentColor; }
.title { font-size: 14px; font-weight: 600; }
.dim { fill: var(--dim); }
.number { text-anchor: end; font-variant-numeric: tabular-nums; }
.grid { stroke: var(--grid); }
path { fill: none; stroke-width: 2; stroke-linejoin: round; }
.l0 { stroke: #0b57d0; stroke-width: 3; } .l1 { stroke: #b3261e; } .l2 { stroke: #7b3fb8; } .l3 { stroke: #8a5a00; }
.l4 { stroke: #a8005c; } .l5 { stroke: #006a6a; } .l6 { stroke: #5d5d66; }
@media (prefers-color-scheme: dark) {
  svg { background: #16161a; color: #ececf1; --grid: #3a3a43; --dim: #a9a9b5; }
  .l0 { stroke: #8ab4f8; } .l1 { stroke: #ff8a80; } .l2 { stroke: #c9a3ff; } .l3 { stroke: #f0b850; }
  .l4 { stroke: #ff80c0; } .l5 { stroke: #5fd3d3; } .l6 { stroke: #a9a9b5; }
}";

/// One attack: a diagram with a line per defence.
#[derive(Debug)]
pub(super) struct Panel {
    title: String,
    /// How long the attack lasts, in seconds.
    lasts: f64,
    lines: Vec<Line>,
}

/// What one attack cost over time, against one defence.
#[derive(Debug)]
struct Line {
    title: &'static str,
    /// What the attacker got until the end of each step, in dollars.
    spent: Vec<f64>,
    /// The honest sends that were lost, in percent; `None` without any send.
    lost: Option<f64>,
}

impl Panel {
    pub(super) fn new(scenario: &Scenario) -> Self {
        Self {
            title: scenario.title.clone(),
            lasts: scenario.attack.as_ref().map_or(HOUR, Attack::lasts),
            lines: vec![],
        }
    }

    /// Adds what came of the attack under the defence with this title.
    pub(super) fn add(&mut self, title: &'static str, outcome: &Outcome) {
        let step = self.lasts / f64::from(STEPS);
        let mut texts = outcome.spending.iter().peekable();
        let mut sum = 0;
        let spent = (1..=STEPS).map(|n| {
            // The last step also has what comes after the end: texts that were begun before it.
            let is_last = n == STEPS;
            let end = START + step * f64::from(n);
            while let Some((_, cost)) = texts.next_if(|(at, _)| is_last || *at < end) {
                sum += *cost;
            }
            #[expect(clippy::cast_precision_loss, reason = "far below 2^53 millionths")]
            let dollars = sum as f64 / 1e6;
            dollars
        });
        let spent = spent.collect();
        let lost = (outcome.honest.sends > 0).then(|| outcome.honest.percent());
        self.lines.push(Line { title, spent, lost });
    }

    /// Returns the power of ten that bounds the axis.
    fn most(&self) -> i32 {
        let ends = self.lines.iter().filter_map(|line| line.spent.last());
        let most = ends.copied().fold(1.0, f64::max);
        let exact = (LEAST + 1..7).find(|power| 10_f64.powi(*power) >= most);
        exact.unwrap_or(7)
    }

    fn draw(&self, out: &mut String) -> std::fmt::Result {
        let (left, top, width, height) = CHART;
        writeln!(
            out,
            "<text class=\"title\" x=\"{left}\" y=\"24\">{}</text>",
            escape(&self.title)
        )?;
        self.draw_axes(out)?;
        let most = self.most();
        let decades = f64::from(most - LEAST);
        let y = |dollars: f64| {
            top + height * (f64::from(most) - dollars.log10()).clamp(0.0, decades) / decades
        };
        // The policy's line comes last, on top of the others.
        for (place, line) in self.lines.iter().enumerate().rev() {
            let mut path = String::new();
            let points = (1..).zip(&line.spent).filter(|(_, spent)| **spent > 0.0);
            for (n, spent) in points {
                let x = left + width * f64::from(n) / f64::from(STEPS);
                let command = if path.is_empty() { 'M' } else { 'L' };
                write!(path, "{command}{x:.1} {:.1}", y(*spent))?;
            }
            let dash = DASHES.get(place).copied().unwrap_or_default();
            writeln!(
                out,
                "<path class=\"l{place}\" stroke-dasharray=\"{dash}\" d=\"{path}\"/>"
            )?;
        }
        self.draw_legend(out)
    }

    fn draw_axes(&self, out: &mut String) -> std::fmt::Result {
        let (left, top, width, height) = CHART;
        let (right, bottom) = (left + width, top + height);
        let most = self.most();
        for power in LEAST..=most {
            let y = top + height * f64::from(most - power) / f64::from(most - LEAST);
            let label = if power < 0 {
                format!("${:.1}", 10_f64.powi(power))
            } else {
                format!("${:.0}", 10_f64.powi(power))
            };
            writeln!(
                out,
                "<line class=\"grid\" x1=\"{left}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\"/>"
            )?;
            writeln!(
                out,
                "<text class=\"dim number\" x=\"{}\" y=\"{:.1}\">{label}</text>",
                left - 6.0,
                y + 4.0
            )?;
        }
        let (unit, name, step) = if self.lasts > 48.0 * HOUR {
            (24.0 * HOUR, "d", 1.0)
        } else if self.lasts > 12.0 * HOUR {
            (HOUR, "h", 6.0)
        } else {
            (HOUR, "h", 2.0)
        };
        let mut at = 0.0;
        while at * unit <= self.lasts {
            let x = left + width * at * unit / self.lasts;
            writeln!(
                out,
                "<text class=\"dim\" text-anchor=\"middle\" x=\"{x:.1}\" y=\"{}\">{at:.0} {name}</text>",
                bottom + 18.0
            )?;
            at += step;
        }
        Ok(())
    }

    fn draw_legend(&self, out: &mut String) -> std::fmt::Result {
        let (left, top, width, height) = CHART;
        let right = left + width;
        let first = top + height + 40.0;
        writeln!(
            out,
            "<text class=\"dim number\" x=\"{}\" y=\"{first}\">paid</text>",
            right - 90.0
        )?;
        writeln!(
            out,
            "<text class=\"dim number\" x=\"{right}\" y=\"{first}\">honest lost</text>"
        )?;
        for (place, line) in self.lines.iter().enumerate() {
            let y = (1..)
                .zip(0..=place)
                .last()
                .map_or(first, |(n, _)| first + 18.0 * f64::from(n));
            let dash = DASHES.get(place).copied().unwrap_or_default();
            let lost = line
                .lost
                .map_or_else(|| "-".to_owned(), |lost| format!("{lost:.1} %"));
            let spent = line.spent.last().copied().unwrap_or(0.0);
            writeln!(
                out,
                "<path class=\"l{place}\" stroke-dasharray=\"{dash}\" d=\"M{left} {}h28\"/>\
                 <text x=\"{}\" y=\"{y}\">{}</text>\
                 <text class=\"number\" x=\"{}\" y=\"{y}\">${spent:.2}</text>\
                 <text class=\"number\" x=\"{right}\" y=\"{y}\">{lost}</text>",
                y - 4.0,
                left + 36.0,
                escape(line.title),
                right - 90.0,
            )?;
        }
        Ok(())
    }
}

/// Draws the panels, two in a row.
pub(super) fn draw(panels: &[Panel]) -> String {
    let mut out = String::new();
    // Writing to a text does not fail.
    let _: std::fmt::Result = write_svg(panels, &mut out);
    out
}

fn write_svg(panels: &[Panel], out: &mut String) -> std::fmt::Result {
    let (panel_width, panel_height) = PANEL;
    let places: Vec<(u32, u32)> = (0..)
        .map(|n: u32| (n % 2, n / 2))
        .take(panels.len())
        .collect();
    let columns = places
        .iter()
        .map(|(column, _)| column + 1)
        .max()
        .unwrap_or(1);
    let rows = places.iter().map(|(_, row)| row + 1).max().unwrap_or(0);
    let (width, height) = (
        panel_width * f64::from(columns),
        panel_height * f64::from(rows) + 40.0,
    );
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         role=\"img\" aria-labelledby=\"t d\">\n<title id=\"t\">What attackers get paid over time</title>"
    )?;
    writeln!(
        out,
        "<desc id=\"d\">{}</desc>\n<style>{STYLE}</style>",
        escape(&describe(panels))
    )?;
    for (panel, (column, row)) in panels.iter().zip(places) {
        let (x, y) = (
            panel_width * f64::from(column),
            panel_height * f64::from(row),
        );
        writeln!(out, "<g transform=\"translate({x} {y})\">")?;
        panel.draw(out)?;
        writeln!(out, "</g>")?;
    }
    let note = "What the attackers' texts cost, on a logarithmic axis. Honest lost: the users of the attacked countries \
                who got no text meanwhile.";
    writeln!(
        out,
        "<text class=\"dim\" x=\"16\" y=\"{}\">{note}</text>\n</svg>",
        height - 14.0
    )
}

/// Says in words what the lines show.
fn describe(panels: &[Panel]) -> String {
    let panels = panels.iter().map(|panel| {
        let lines = panel.lines.iter().map(|line| {
            let spent = line.spent.last().copied().unwrap_or(0.0);
            format!("{} ${spent:.2}", line.title)
        });
        let lines: Vec<String> = lines.collect();
        format!("{}: {}.", panel.title, lines.join(", "))
    });
    panels.collect::<Vec<_>>().join(" ")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use phoneproof_simulator::layers::list_layers;
    use phoneproof_simulator::scenario::find;
    use phoneproof_simulator::service::Defence;

    use super::*;

    #[test]
    fn a_drawing_has_a_line_and_a_row_for_each_defence_and_says_the_sums_in_words() {
        let scenario = find("6b").expect("a scenario");
        let mut panel = Panel::new(&scenario);
        let all = list_layers(&Defence::purses());
        for layer in &all {
            panel.add(layer.title, &scenario.run(&layer.defence, 1));
        }
        let drawn = draw(&[panel]);
        assert_eq!(drawn.matches("<path class=\"l").count(), 2 * all.len());
        assert!(drawn.contains("your policy $1.10"), "{drawn}");
        assert!(drawn.contains("no limits, no purses $1760.00"), "{drawn}");
        assert!(drawn.contains("prefers-color-scheme: dark"));
        assert!(!drawn.contains("NaN") && !drawn.contains("inf"));
        for tag in ["svg", "g", "text", "title", "desc", "style"] {
            let opened = drawn.matches(&format!("<{tag}>")).count()
                + drawn.matches(&format!("<{tag} ")).count();
            assert_eq!(opened, drawn.matches(&format!("</{tag}>")).count(), "{tag}");
        }
    }

    #[test]
    fn text_cannot_end_its_element() {
        assert_eq!(escape("a & <b>"), "a &amp; &lt;b&gt;");
    }
}
