// Draws lines over time as SVG. It uses no library: a chart has axes, lines, a span that is marked, and words.

const SVG = "http://www.w3.org/2000/svg";

function draw(tag, attributes, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

/** Draws a piece of a line, for a legend: it looks as in the chart. */
export function sample(look) {
  const svg = draw("svg", { class: "sample", viewBox: "0 0 32 8", width: 32, height: 8, "aria-hidden": "true" });
  svg.append(draw("line", { class: `line ${look}`, x1: 0, x2: 32, y1: 4, y2: 4 }));
  return svg;
}

/** An axis whose steps are powers of ten. What is less than the first one lies on the ground. */
export function logarithmic(least, most) {
  const steps = [least];
  while (steps.at(-1) < most) steps.push(steps.at(-1) * 10);
  const decades = Math.max(1, steps.length - 1);
  return { steps, place: (value) => Math.log10(Math.max(value, least) / least) / decades };
}

/** An axis from 0 to the last step. */
export const linear = (steps) => ({ steps, place: (value) => Math.min(1, Math.max(0, value / steps.at(-1))) });

/**
 * Draws a chart in place of what stands in `node`.
 *
 * - `lines`: each has a `look`, which is a class, and `points`: pairs of time and value, in the order of their times.
 * - `from`, `until`: the times at the ends. `times`: those with a label, as pairs.
 * - `axis`: of the values. `unit(value)` writes one.
 * - `marked`: a span of time that is shaded, or `null`. `now`: the time until which the lines are drawn.
 * - `label`: what the chart shows, in words.
 */
export function chart(node, { lines, from, until, times, axis, unit, marked, now, label }) {
  const [width, height] = [Math.max(240, node.clientWidth), 210];
  const [left, right, top, bottom] = [50, 10, 8, 24];
  const x = (time) => left + ((width - left - right) * (time - from)) / (until - from);
  const y = (value) => top + (height - top - bottom) * (1 - axis.place(value));
  const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label });
  if (marked) {
    svg.append(draw("rect", { class: "span", x: x(marked[0]), y: top, width: x(marked[1]) - x(marked[0]), height: height - top - bottom }));
  }
  for (const step of axis.steps) {
    svg.append(draw("line", { class: "grid", x1: left, x2: width - right, y1: y(step), y2: y(step) }));
    svg.append(draw("text", { x: left - 6, y: y(step) + 4, "text-anchor": "end" }, unit(step)));
  }
  // Labels that would touch each other are left out.
  let free = 0;
  for (const [time, text] of times) {
    if (x(time) - 18 < free || x(time) + 18 > width) continue;
    svg.append(draw("text", { x: x(time), y: height - 6, "text-anchor": "middle" }, text));
    free = x(time) + 26;
  }
  for (const { look, points } of lines) {
    const shown = points.filter(([time]) => time <= now);
    if (shown.length === 0) continue;
    const path = shown.map(([time, value], index) => `${index ? "L" : "M"}${x(time).toFixed(1)} ${y(value).toFixed(1)}`);
    svg.append(draw("path", { class: `line ${look}`, d: path.join("") }));
    const [time, value] = shown.at(-1);
    svg.append(draw("circle", { class: `dot ${look}`, cx: x(time), cy: y(value), r: 4 }));
  }
  node.replaceChildren(svg);
}
