//! Draws the plot: cold starts and peak memory of every measured function, as bars side by side.
//!
//! It has a background of its own, so that it is legible on light and on dark pages.

use std::fmt::Write as _;

use crate::lambda::Summary;

const WIDTH: f64 = 880.0;
/// The x position at which the names end and the first panel begins.
const NAMES: f64 = 152.0;
const PANEL: f64 = 352.0;
/// The width that the longest bar of a panel leaves for its value.
const VALUE: f64 = 76.0;
const ROW: f64 = 26.0;
const BAR: f64 = 14.0;
/// The y position of the middle of the first row.
const TOP: f64 = 62.0;
const BOTTOM: f64 = 40.0;
/// The smallest width of a bar, so that it stays visible.
const LEAST: f64 = 1.5;

const STYLE: &str = "\
text{font:13px system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif;fill:#1f2328}\
.head{font-weight:600}.note{font-size:11px;fill:#59636e}.name{text-anchor:end}.own{font-weight:600}\
.card{fill:#fff;stroke:#d1d9e0}.bar{fill:#8c959f}.bar.own{fill:#0969da}.first{opacity:.45}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.note{fill:#9198a1}\
.card{fill:#0d1117;stroke:#3d444d}.bar{fill:#6e7681}.bar.own{fill:#4493f8}}";

/// A panel with a bar for each function.
struct Panel {
    left: f64,
    unit: &'static str,
    /// Returns the lengths of the pieces that a function's bar consists of.
    pieces: fn(&Summary) -> Vec<f64>,
}

const PANELS: [Panel; 2] = [
    Panel {
        left: NAMES,
        unit: "ms",
        pieces: |figures| vec![figures.init_ms, figures.cold_ms - figures.init_ms],
    },
    Panel {
        left: NAMES + PANEL + 12.0,
        unit: "MB",
        pieces: |figures| vec![figures.peak_mb],
    },
];

/// Draws the plot as SVG.
pub(super) fn svg(figures: &[Summary]) -> String {
    let rows: u32 = figures.len().try_into().expect("a few runtimes");
    let height = TOP + f64::from(rows) * ROW + BOTTOM;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\"><title>Cold starts and peak memory, less is better</title>\n\
         <style>{STYLE}</style>\n\
         <rect class=\"card\" x=\".5\" y=\".5\" width=\"{}\" height=\"{}\" rx=\"6\"/>\n",
        WIDTH - 1.0,
        height - 1.0
    );
    legend(&mut svg);
    for (row, figures) in figures.iter().enumerate() {
        let class = if is_own(figures) { "name own" } else { "name" };
        let (x, y) = (NAMES - 12.0, middle(row));
        text(&mut svg, class, x, y + 4.5, &name(figures));
    }
    for panel in &PANELS {
        panel.bars(&mut svg, figures);
    }
    let note = "Medians on loopback; the light part of a cold start is the first invocation. Less is better.";
    text(&mut svg, "note", NAMES, height - 14.0, note);
    svg.push_str("</svg>\n");
    svg
}

fn legend(svg: &mut String) {
    text(
        svg,
        "head",
        PANELS[0].left,
        30.0,
        "Cold start: start and first invocation",
    );
    text(svg, "head", PANELS[1].left, 30.0, "Peak memory");
}

impl Panel {
    fn bars(&self, svg: &mut String, figures: &[Summary]) {
        let total = |figures: &Summary| (self.pieces)(figures).iter().sum::<f64>();
        let longest = figures.iter().map(total).fold(0.0, f64::max);
        let scale = (PANEL - VALUE) / longest.max(f64::MIN_POSITIVE);
        for (row, figures) in figures.iter().enumerate() {
            let own = if is_own(figures) { " own" } else { "" };
            let mut x = self.left;
            for (n, piece) in (self.pieces)(figures).into_iter().enumerate() {
                let part = if n == 0 { "" } else { " first" };
                let width = if n == 0 {
                    (piece * scale).max(LEAST)
                } else {
                    piece * scale
                };
                _ = writeln!(
                    svg,
                    "<rect class=\"bar{own}{part}\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{BAR}\"/>",
                    middle(row) - BAR / 2.0
                );
                x += width;
            }
            let value = format!("{} {}", digits(total(figures)), self.unit);
            text(svg, own.trim(), x + 6.0, middle(row) + 4.5, &value);
        }
    }
}

fn middle(row: usize) -> f64 {
    let row = u32::try_from(row).expect("a few runtimes");
    TOP + f64::from(row) * ROW
}

fn is_own(figures: &Summary) -> bool {
    figures.runtime == "phoneproof"
}

/// Returns the name of the function for readers.
fn name(figures: &Summary) -> String {
    let runtime = match figures.runtime.as_str() {
        "floor" => return "empty function".to_owned(),
        "phoneproof" => "PhoneProof",
        "node" => "Node.js",
        "python" => "Python",
        other => other,
    };
    format!("{runtime} {}", figures.function)
}

fn digits(value: f64) -> String {
    if value < 100.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

fn text(svg: &mut String, class: &str, x: f64, y: f64, text: &str) {
    _ = writeln!(
        svg,
        "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>",
        escape(text)
    );
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(runtime: &str, init_ms: f64, first_ms: f64, peak_mb: f64) -> Summary {
        Summary {
            runtime: runtime.to_owned(),
            function: "send".to_owned(),
            init_ms,
            init_cpu_ms: 0.0,
            first_ms,
            first_cpu_ms: 0.0,
            cold_ms: init_ms + first_ms,
            warm_p50_ms: 0.0,
            warm_p99_ms: 0.0,
            warm_cpu_ms: 0.0,
            peak_mb,
            zip_mb: None,
        }
    }

    #[test]
    fn bars_are_proportional_to_their_values() {
        let svg = svg(&[
            figures("phoneproof", 8.0, 2.0, 12.0),
            figures("python", 360.0, 40.0, 60.0),
        ]);
        // The longest bar is 276 wide: 360 and 40 of 400 ms.
        for part in [
            "x=\"152.0\" y=\"81.0\" width=\"248.4\"",
            "x=\"400.4\" y=\"81.0\" width=\"27.6\"",
            "width=\"5.5\"",
            ">400 ms</text>",
            ">10.0 ms</text>",
            "<rect class=\"bar own\" x=\"516.0\" y=\"55.0\" width=\"55.2\"",
            ">Python send</text>",
        ] {
            assert!(svg.contains(part), "{part} is not in\n{svg}");
        }
    }

    #[test]
    fn escapes_markup_in_names() {
        let svg = svg(&[figures("a<b>&\"c\"", 1.0, 1.0, 1.0)]);
        assert!(svg.contains(">a&lt;b&gt;&amp;\"c\" send</text>"), "{svg}");
    }
}
