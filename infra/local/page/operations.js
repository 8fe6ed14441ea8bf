// The operations page: attacks and loads against the policy of the stack, as the simulator plays them.
//
// The stack sends the frames of a run as fast as it makes them. The page shows them at its own pace, so that one can stop
// and go back.

import { chart, linear, logarithmic, sample } from "./chart.js";
import { $, announce, base, make, makeButton } from "./common.js";
import { languageTag, onLanguage, put, startWords, t } from "./words.js";

// What one can watch: its name in the stack, its title, and its story.
const SHOWS = [
  ["luma", "Luma", "20,000 addresses ask for 13,000 texts to one block of ten thousand numbers, in 8 hours."],
  ["healthchecks", "Healthchecks", "VPNs ask for 8,000 texts to random numbers of one country, in 12 hours. Its own users keep coming."],
  ["launch", "Launch day", "Twenty times as many users come for an hour. Nobody attacks."],
  ["outage", "Outage", "The carriers of a country deliver nothing for 2 hours, so nobody types a code in. Texts that are refused meanwhile would not have arrived."],
];

const LANES = [
  ["crowd", "Networks whose users typed codes in"],
  ["known", "Phones that were verified before"],
  ["moved", "Such phones at a new device, in a strange network"],
  ["attested", "Callers that you vouch for"],
  ["open", "Everybody else"],
];

// What a refusal by a rule means to an operator.
const RULES = {
  "country-purse": "The country's purses are empty",
  "number-block-purse": "The purse of the number block is empty",
  "money-per-day": "The country has spent its money of the day",
  "call-purse": "The purse of the country's calls is empty",
  "call-money-per-day": "The country's calls have spent their money of the day",
  "address-per-hour": "Too many texts from one address in an hour",
  "device-per-day": "Too many texts from one device in a day",
  "phone-cooldown": "The phone was texted a moment ago",
  "phone-per-hour": "Too many texts to one phone in an hour",
  "phone-per-day": "Too many texts to one phone in a day",
};

const PACE = 90; // milliseconds per frame
const HOUR = 3600;
const still = matchMedia("(prefers-reduced-motion: reduce)");

/** The run that is shown; `null` before the first one. */
let run = null;
let seeds = 0;

// ------------------------------------------------------------------------------- figures in words

const number = (value) => new Intl.NumberFormat(languageTag()).format(value);
const money = { style: "currency", currency: "USD", currencyDisplay: "narrowSymbol" };
const dollars = (micros) => new Intl.NumberFormat(languageTag(), money).format(micros / 1e6);
const onAxis = (value) => `$${value < 1 ? value.toFixed(1) : number(Math.round(value))}`;
const share = { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 };
const percent = (value) => new Intl.NumberFormat(languageTag(), share).format(value);

/** Writes a second of the day as `15:05`. After midnight the hours begin at 0 again. */
function clock(seconds) {
  const minutes = Math.round(seconds / 60) % (24 * 60);
  return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
}

/** The share of the honest users who got a text; `null` before the first of them. */
const served = ({ sends, lost }) => (sends === 0 ? null : 1 - lost / sends);
const servedInWords = (frame) => (served(frame) === null ? "–" : percent(served(frame)));

// ---------------------------------------------------------------------------------------- the run

async function start(name) {
  if (run) stop(run);
  run?.leave.abort();
  seeds += 1;
  const mine = { name, leave: new AbortController(), head: null, policy: [], limits: [], shown: 0, isPlaying: !still.matches, timer: 0 };
  run = mine;
  for (const button of $("shows").children) button.setAttribute("aria-pressed", String(button.dataset.show === name));
  $("run-notice").replaceChildren();
  try {
    const answer = await fetch(`${base}/operations/run?show=${name}&seed=${seeds}`, { signal: mine.leave.signal });
    if (answer.status === 429) fail(mine, "Other pages are watching runs. Close one, then try again.");
    else if (!answer.ok) fail(mine, "The local stack does not answer as it should.");
    else for await (const line of readLines(answer.body)) take(mine, line);
  } catch (error) {
    if (mine.leave.signal.aborted) return;
    fail(mine, "The local stack does not answer. Start it, then try again.");
    if (!(error instanceof TypeError)) throw error;
  }
}

/** Reads lines of JSON. */
async function* readLines(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n");
    rest = parts.pop();
    for (const part of parts) yield JSON.parse(part);
  }
}

function take(mine, line) {
  if (run !== mine) return;
  if (line.head) {
    mine.head = line.head;
    $("run").hidden = false;
    $("run-empty").hidden = true;
    clear();
    showStory();
    announce($("run-title").textContent);
  } else if (line.side) {
    mine[line.side].push(line);
    if (mine.shown === 0 && ready(mine) > 0) play(mine);
    else if (still.matches && !mine.isHeld) finishStill(mine);
  }
}

/** Without motion, only the last frame is shown. */
function finishStill(mine) {
  if (ready(mine) < mine.head.frames) return;
  show(ready(mine));
  stop(mine);
}

/** How many frames both sides have. */
const ready = ({ policy, limits }) => Math.min(policy.length, limits.length);

function fail(mine, why) {
  if (run !== mine) return;
  const notice = make("div", { class: "notice", "data-tone": "bad" }, put(make("p", {}), why));
  $("run-notice").replaceChildren(notice);
  stop(mine);
}

function play(mine) {
  clearInterval(mine.timer);
  show(Math.max(1, mine.shown));
  if (!mine.isPlaying) return;
  mine.timer = setInterval(() => {
    if (mine.shown < ready(mine)) show(mine.shown + 1);
    else if (mine.shown === mine.head.frames) stop(mine);
  }, PACE);
}

function stop(mine) {
  mine.isPlaying = false;
  clearInterval(mine.timer);
  if (run !== mine || mine.shown === 0) return;
  showButton();
  if (mine.shown === mine.head.frames) announce(summary());
}

function toggle() {
  if (run.shown === 0) return;
  run.isHeld = true;
  if (run.isPlaying) {
    stop(run);
    return;
  }
  run.isPlaying = true;
  if (run.shown === run.head.frames) run.shown = 1;
  play(run);
}

function seek() {
  if (ready(run) === 0) return;
  run.isHeld = true;
  const wanted = Math.min(Number($("time").value), ready(run));
  run.isPlaying = false;
  clearInterval(run.timer);
  show(wanted);
}

// ---------------------------------------------------------------------------------- what is shown

/** Takes away what the run before showed. */
function clear() {
  $("time").max = run.head.frames;
  $("time").value = 1;
  $("clock-time").textContent = "";
  for (const id of ["sums", "money", "money-title", "purses", "purses-title", "lanes", "refusals", "figures"]) $(id).replaceChildren();
  showButton();
}

/** Shows the frame `n`, from 1 on. */
function show(n) {
  run.shown = n;
  const [policy, limits] = [run.policy[n - 1], run.limits[n - 1]];
  $("time").value = n;
  $("time").setAttribute("aria-valuetext", clock(policy.at));
  $("clock-time").textContent = clock(policy.at);
  showButton();
  showSums(policy, limits);
  showMoney(policy.at);
  showPurses(policy);
  showRefusals(policy);
  showFigures(n);
}

function showStory() {
  const [, title, story] = SHOWS.find(([name]) => name === run.name);
  const { seed, country, price } = run.head;
  put($("run-title"), "{title}, seed {seed}", { title: () => t(title), seed });
  put($("run-story"), "{story} The purses are those of {country}, where a text costs {price}.", {
    story: () => t(story),
    country: () => new Intl.DisplayNames([languageTag()], { type: "region" }).of(country),
    price: () => dollars(price),
  });
}

function showButton() {
  const rest = run.shown === run.head.frames ? "Play again" : "Play";
  put($("play"), run.isPlaying ? "Pause" : rest);
}

function makeSum(name, value, more, values, tone = "") {
  const figure = make("dd", { class: "sum-value", "data-tone": tone }, value);
  return make("div", { class: "sum" }, put(make("dt"), name), figure, put(make("dd", { class: "sum-more" }), more, values));
}

function showSums(policy, limits) {
  const users = (name, frame) =>
    makeSum(name, servedInWords(frame), "{count} of {sends} got no text", { count: number(frame.lost), sends: number(frame.sends) });
  const left = policy.left === null ? "–" : dollars(policy.left);
  const stopLeaves = makeSum("The money stop leaves", left, "for the texts of the day");
  if (!run.head.isAttack) {
    $("sums").replaceChildren(users("Honest users served", policy), users("With the limits alone", limits), stopLeaves);
    return;
  }
  $("sums").replaceChildren(
    makeSum("The attacker's texts", number(policy.texts), "of {count} that they asked for", { count: number(policy.tries) }, "bad"),
    makeSum("They cost you", dollars(policy.cost), "with this policy", {}, "bad"),
    makeSum("They would cost", dollars(limits.cost), "with the limits alone (texts: {count} of {tries})", { count: number(limits.texts), tries: number(limits.tries) }),
    users("Honest users served", policy),
    stopLeaves,
  );
}

/** The times of the run, for a chart. Every second hour has a label. */
function axisOfTime() {
  const { from, until, marked } = run.head;
  const times = [];
  for (let at = Math.ceil(from / (2 * HOUR)) * 2 * HOUR; at <= until; at += 2 * HOUR) times.push([at, clock(at)]);
  return { from, until, times, marked };
}

const makeKey = (look, label) => make("span", { class: "key" }, sample(look), put(make("span"), label));

/** The share of the honest users of the last six frames who got a text, in percent. */
function servedLately(frames, index) {
  const [now, before] = [frames[index], frames[index - 6] ?? { sends: 0, lost: 0 }];
  const share = served({ sends: now.sends - before.sends, lost: now.lost - before.lost });
  return 100 * (share ?? 1);
}

function showMoney(now) {
  const { isAttack } = run.head;
  const title = isAttack ? "What the attacker's texts cost" : "Honest users of the last half hour who got a text, in percent";
  const keys = [makeKey("policy", "This policy"), makeKey("limits", "The limits alone")];
  $("money-title").replaceChildren(put(make("span", { class: "panel-title" }), title), ...keys);
  const value = isAttack ? (frames, index) => frames[index].cost / 1e6 : servedLately;
  const points = (frames) => frames.map(({ at }, index) => [at, value(frames, index)]).filter(([, shown]) => shown > 0 || !isAttack);
  const lines = ["limits", "policy"].map((look) => ({ look, points: points(run[look]) }));
  const most = Math.max(10, ...lines[0].points.map(([, cost]) => cost));
  const axis = isAttack ? logarithmic(0.1, most) : linear([0, 25, 50, 75, 100]);
  const unit = isAttack ? onAxis : (step) => `${step} %`;
  chart($("money"), { ...axisOfTime(), lines, axis, unit, now, label: `${t(title)}. ${summary()}` });
}

/** How full a lane is, in percent of what it earns up to. */
function fill(frame, lane) {
  const [holds, full] = frame.lanes?.[lane] ?? [0, 1];
  return (100 * holds) / full;
}

function showPurses(policy) {
  const title = "What the purses hold, in percent of what they earn up to";
  const shown = LANES.filter(([lane]) => policy.lanes?.[lane]);
  put($("purses-title"), title);
  const lines = shown.map(([look]) => ({ look, points: run.policy.map((frame) => [frame.at, fill(frame, look)]) }));
  const words = shown.map(([lane, who]) => `${t(who)}: ${percent(fill(policy, lane) / 100)}`);
  const axis = linear([0, 50, 100, 150, 200]);
  chart($("purses"), { ...axisOfTime(), lines, axis, unit: (step) => `${step} %`, now: policy.at, label: [t(title), ...words].join(". ") });
  $("lanes").replaceChildren(...shown.map(([lane, who]) => makeLane(lane, who, policy.lanes[lane])));
}

function makeLane(lane, who, [holds, full]) {
  const values = { holds: dollars(holds), full: dollars(full), count: number(Math.floor(holds / run.head.price)) };
  const name = make("span", { class: "key" }, sample(lane), make("code", {}, lane));
  const amount = put(make("span", { class: "lane-amount" }), "{holds} of {full} (texts: {count})", values);
  return make("li", { class: "lane" }, name, put(make("span"), who), amount);
}

/** Fills a table. The first cell of a row names it. */
function fillTable(table, heading, rows) {
  const head = make("tr", {}, ...heading.map((text) => put(make("th", { scope: "col" }), text)));
  const makeRow = ([first, ...cells]) => make("tr", {}, make("th", { scope: "row" }, first), ...cells.map((cell) => make("td", {}, cell)));
  table.replaceChildren(make("thead", {}, head), make("tbody", {}, ...rows.map(makeRow)));
}

function nameRule(rule) {
  const meaning = RULES[rule] ? put(make("span", { class: "rule-meaning" }), RULES[rule]) : null;
  return make("span", {}, make("code", {}, rule), " ", meaning);
}

function showRefusals({ stoppedBy, lostTo }) {
  const columns = run.head.isAttack ? [["Attacker", stoppedBy], ["Honest users", lostTo]] : [["Honest users", lostTo]];
  const rules = [...new Set(columns.flatMap(([, counts]) => Object.keys(counts)))].sort();
  const rows = rules.map((rule) => [nameRule(rule), ...columns.map(([, counts]) => number(counts[rule] ?? 0))]);
  if (rows.length === 0) rows.push([put(make("span"), "Nobody yet"), ...columns.map(() => "")]);
  fillTable($("refusals"), ["Rule", ...columns.map(([name]) => name)], rows);
}

/** Lists every twelfth of the frames up to `n`. */
function showFigures(n) {
  const { isAttack } = run.head;
  const rows = run.policy.slice(0, n).flatMap((policy, index) => {
    const limits = run.limits[index];
    if ((index + 1) % 12 !== 0) return [];
    const attack = isAttack ? [number(policy.texts), dollars(policy.cost), dollars(limits.cost)] : [];
    return [[clock(policy.at), ...attack, number(policy.sends), number(policy.lost), number(limits.lost)]];
  });
  const attack = isAttack ? ["The attacker's texts", "They cost you", "They would cost"] : [];
  fillTable($("figures"), ["Time", ...attack, "Honest sends", "Got no text", "Got no text, with the limits alone"], rows);
}

/** Says in a sentence what came of the run so far. */
function summary() {
  const [policy, limits] = [run.policy[run.shown - 1], run.limits[run.shown - 1]];
  const values = { time: clock(policy.at), texts: number(policy.texts), cost: dollars(policy.cost), limits: dollars(limits.cost), users: servedInWords(policy) };
  const ofAttack = "At {time}, the attacker's texts ({texts}) had cost {cost}. With the limits alone they would have cost {limits}. {users} of the honest users were served.";
  return t(run.head.isAttack ? ofAttack : "At {time}, {users} of the honest users were served.", values);
}

// --------------------------------------------------------------------------------------- start-up

function startOperations() {
  for (const [name, title] of SHOWS) {
    const button = makeButton(title, "secondary", () => start(name));
    button.dataset.show = name;
    button.setAttribute("aria-pressed", "false");
    $("shows").append(button);
  }
  $("play").addEventListener("click", toggle);
  $("time").addEventListener("input", seek);
  addEventListener("pagehide", () => run?.leave.abort());
  const redraw = () => {
    if (run && run.shown > 0) show(run.shown);
  };
  onLanguage(redraw);
  let width = 0;
  new ResizeObserver(([{ contentRect }]) => {
    if (contentRect.width !== width) redraw();
    width = contentRect.width;
  }).observe($("run"));
}

startOperations();
startWords();
