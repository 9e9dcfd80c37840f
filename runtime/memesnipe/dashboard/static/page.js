// The page: takes each picture the server sends and draws it.

import * as asking from "./ask.js";
import * as attribution from "./attribution.js";
import { Curve, spark } from "./chart.js";
import * as drill from "./drill.js";
import { ago, clock, compact, mood, percent, price, signed, sol } from "./format.js";
import { at, el, put, putTable, say, tag } from "./dom.js";

const STALE_MS = Number(document.querySelector("meta[name=stale-ms]").content);
const OPENED_MS = Date.now();
let heardMs = 0, newestMs = Infinity, last = null;
const lastPrice = new Map();
const curve = new Curve(at("equity"));

const stale = () => Date.now() - (heardMs || OPENED_MS) >= STALE_MS;
const fresh = () => heardMs > 0 && !stale();

function marker(shown) {
  at("marker").className = `marker ${shown.marker.kind}`;
  say("marker", shown.marker.text);
  const sign = { mainnet: "‼ ", paper: "", none: "" }[shown.marker.kind] ?? "";
  document.title = `${stale() ? "‼ STALE " : sign}${shown.halt.state === "active" ? "" : `[${shown.halt.state.toUpperCase()}] `}MemeSnipe`;
}

function halt(shown) {
  const unknown = shown.unknown.includes("redis"), state = shown.halt.state;
  const when = !stale() ? "" : heardMs ? ` at ${clock(heardMs)}: no update since` : ", when last known: no update came";
  // Colour is for what is known now: not for what was, and not for a first picture, which may be old.
  at("halt").className = fresh() && !unknown ? `halt ${state}` : "halt";
  say("halt-state", unknown ? "NOT KNOWN" : state.toUpperCase().replaceAll("_", " ") + when);
  say("halt-allows", shown.halt.allows + (shown.halt.reason ? ` Reason: ${shown.halt.reason}` : ""));
  const own = shown.own_halts.filter((one) => one.state !== "active");
  say("halt-own", own.map((one) => `${one.scope}: ${one.state.replaceAll("_", " ")}${one.reason ? ` (${one.reason})` : ""}`).join(" · "));
  // A state that may have changed meanwhile keeps nobody from asking for it.
  const is = (one) => state === one && !unknown && !stale();
  for (const [id, one] of [["resume", "active"], ["reduce", "reduce_only"], ["kill", "halted"]]) at(id).disabled = state === "frozen" || is(one);
  at("resume").title = state === "frozen" ? "On the command line: memesnipe resume --frozen" : "";
}

function tile(label, value, unit, note, kind = "") {
  const number = el("b", kind, value);
  if (unit) number.append(el("span", "", unit));
  return el("div", "tile", el("label", "", label), number, el("em", "", note));
}

const TILES = ["Equity", "Profit and loss", "Realized", "Unrealized", "Drawdown", "Open positions"];

function tiles(shown) {
  if (shown.unknown.length) return put("tiles", ...TILES.map((label) => tile(label, "–", "", "not known yet")));
  const n = shown.numbers, pnl = n.realized_lamports + n.unrealized_lamports;
  put("tiles",
    tile("Equity", sol(n.equity_lamports), "SOL", `capital ${sol(n.capital_lamports, 2)}`),
    tile("Profit and loss", signed(pnl), "SOL", n.capital_lamports ? percent(pnl / n.capital_lamports * 10000) + " of capital" : "", mood(pnl)),
    tile("Realized", signed(n.realized_lamports), "SOL", `fees and tips ${sol(n.costs_lamports)}`, mood(n.realized_lamports)),
    tile("Unrealized", signed(n.unrealized_lamports), "SOL", "at the last price", mood(n.unrealized_lamports)),
    tile("Drawdown", (n.drawdown_bps / 100).toFixed(2), "%", "from the highest point shown", n.drawdown_bps > 0 ? "warn" : ""),
    tile("Open positions", String(n.open_positions), "", `exposure ${sol(n.exposure_lamports)} SOL`));
  return undefined;
}

const mint = (row) => row.mint;
const noStop = (p) => p.stop_known && p.stop_sol === null;
const toStop = (p) => (p.stop_sol === null || !(p.price_sol > 0) ? "" : ` (${percent((p.stop_sol / p.price_sol - 1) * 10000, 0)})`);
const stopOf = (p) => (noStop(p) ? "" : p.stop_known ? ` · stop ${price(p.stop_sol)}${toStop(p)}` : " · stop not known");

// On a phone, where columns would not fit: whose it is, which money, how much, and where it ends.
function position(p) {
  return el("span", "", el("b", "", p.symbol), noStop(p) ? tag("no stop", "failed") : "",
    el("small", "narrow", tag(p.mode), ` ${p.strategy}`), el("small", "narrow", `${sol(p.cost_lamports, 2)} SOL${stopOf(p)}`));
}

const POSITIONS = [
  { title: "Token", show: position, hint: mint },
  { title: "Strategy", show: (p) => p.strategy, kind: "wide" },
  { title: "Mode", show: (p) => tag(p.mode), kind: "wide" },
  { title: "Held", show: (p) => compact(p.units), hint: (p) => p.units, kind: "n wide" },
  { title: "Cost", show: (p) => sol(p.cost_lamports), kind: "n wide" },
  { title: "Value", show: (p) => sol(p.value_lamports), kind: "n wide", hint: (p) => (p.marked ? "" : "no price since the last fill: shown at cost") },
  { title: "PnL", show: (p) => el("span", mood(p.pnl_lamports), `${signed(p.pnl_lamports)} `, el("span", "nobreak", percent(p.pnl_bps, 1))), kind: "n pnl" },
  { title: "Price", show: (p) => price(p.price_sol), kind: "n wide" },
  { title: "Stop", show: (p) => price(p.stop_sol), kind: "n wide" },
  { title: "Open for", show: (p) => ago(p.opened_s), kind: "n wide" },
  { title: "", show: (p) => asking.closeButton(p), kind: "n" },
];

const FILLS = [
  { title: "Time", show: (f) => clock(f.time_ms), kind: "soft" },
  { title: "What", show: (f) => (f.status === "failed" ? tag("failed") : tag(f.side)) },
  { title: "Token", show: (f) => drill.orderButton(f), hint: mint },
  { title: "Strategy", show: (f) => f.strategy, kind: "wide" },
  { title: "SOL", show: (f) => el("span", mood(f.lamports), signed(f.lamports)), kind: "n" },
  { title: "Tokens", show: (f) => compact(f.units), hint: (f) => f.units, kind: "n wide" },
  { title: "Costs", show: (f) => sol(f.fees_lamports, 6), kind: "n wide" },
  { title: "After", show: (f) => `${f.latency_ms} ms`, kind: "n wide", hint: () => "from the event to the fill" },
  { title: "Why", show: (f) => el("span", "faint", f.cause.replaceAll("_", " ")), hint: (f) => `${f.cause.replaceAll("_", " ")} · ${f.signature}`, kind: "why" },
];

const REFUSALS = [
  { title: "Time", show: (r) => clock(r.time_ms), kind: "soft" },
  { title: "What", show: (r) => tag(r.side) },
  { title: "Token", show: (r) => drill.orderButton(r) },
  { title: "Strategy", show: (r) => r.strategy, kind: "wide" },
  { title: "Reason", show: (r) => r.reason.replaceAll("_", " "), hint: (r) => r.stage },
  { title: "Detail", show: (r) => r.detail, kind: "text wide" },
];

const STRATEGIES = [
  { title: "Strategy", show: (s) => drill.strategyButton(s.id) },
  { title: "Mode", show: (s) => tag(s.mode) },
  { title: "State", show: (s) => (s.paused ? tag("paused") : tag(s.halt)) },
  { title: "Share", show: (s) => percent(s.weight_bps, 0).replace("+", ""), kind: "n wide" },
  { title: "Capital", show: (s) => sol(s.capital_lamports, 2), kind: "n wide" },
  { title: "Used", show: (s) => sol(s.exposure_lamports, 2), kind: "n wide" },
  { title: "Open", show: (s) => String(s.open_positions), kind: "n" },
  { title: "PnL", show: (s) => el("span", mood(s.pnl_lamports), signed(s.pnl_lamports)), kind: "n" },
];

const behind = (count) => (count < 0 ? el("span", "warn", "unknown") : el("span", count > 100 ? "bad" : count > 0 ? "warn" : "faint", String(count)));
const LAGS = [
  { title: "Group", show: (l) => l.group },
  { title: "Stream", show: (l) => el("span", "soft", l.stream) },
  { title: "Unread", show: (l) => behind(l.lag), kind: "n" },
  { title: "In hand", show: (l) => behind(l.pending), kind: "n" },
];

function prices(shown) {
  const lines = shown.prices.map((one) => {
    const before = lastPrice.get(one.mint);
    const flash = before === undefined || before === one.price_sol ? "" : before < one.price_sol ? "flash-up" : "flash-down";
    lastPrice.set(one.mint, one.price_sol);
    const name = el("span", "name", el("i", one.held ? "dot" : "dot none"), one.symbol);
    name.title = one.mint;
    return el("div", "ticker", name, spark(one.spark), el("span", `n ${flash}`, price(one.price_sol)), el("span", `n ${mood(one.change_bps)}`, percent(one.change_bps, 1)));
  });
  put("prices", ...(lines.length ? lines : [el("div", "empty", "No prices yet.")]));
}

function reasons(shown) {
  const most = Math.max(1, ...shown.reasons.map((one) => one.count));
  const lines = shown.reasons.slice(0, 8).map((one) => {
    const bar = el("i");
    bar.style.width = `${one.count / most * 100}%`;
    const line = el("div", "reason", el("span", "", one.reason.replaceAll("_", " ")), el("div", "bar", bar), el("span", "n", String(one.count)));
    line.title = `${one.stage}: ${one.remedy}`;
    return line;
  });
  put("reasons", ...lines);
}

function problems(shown) {
  const since = heardMs ? `since ${clock(heardMs)}: everything below is what was known then` : "came: everything below may be old";
  const all = stale() ? [`No update ${since}`, ...shown.problems] : [...shown.problems];
  if (shown.dead_letters) all.push(`${shown.dead_letters} entries could not be decoded: see the dead-letter stream`);
  at("problems").hidden = !all.length;
  say("problems", all.join(" · "));
}

// What depends on how old the picture is, also when no other one comes.
function standing(shown) {
  document.body.classList.toggle("stale", stale());
  marker(shown); halt(shown); problems(shown);
}

function draw(shown) {
  const nothing = (part, words) => (shown.unknown.includes(part) ? "Not known yet." : words);
  tiles(shown); prices(shown); reasons(shown);
  curve.show(shown.equity, shown.numbers.capital_lamports);
  putTable("positions", POSITIONS, shown.holdings, nothing("ledger", "Nothing is held."), (p) => `${p.strategy} ${p.mode} ${p.mint}`);
  putTable("fills", FILLS, shown.fills, nothing("ledger", "No fills yet."));
  putTable("refusals", REFUSALS, shown.refusals, nothing("ledger", "Nothing was refused."));
  putTable("strategies", STRATEGIES, shown.strategies, nothing("redis", "No strategy is applied."), (s) => s.id);
  putTable("lags", LAGS, shown.lags, nothing("redis", "No consumer group yet."), (l) => `${l.stream} ${l.group}`);
  const unread = shown.lags.reduce((sum, one) => sum + Math.max(0, one.lag), 0);
  at("lag-note").textContent = `${unread} unread in ${shown.lags.length} groups · halt epoch ${shown.halt_epoch} · config ${shown.config_version}`;
  const more = shown.held - shown.holdings.length;
  at("positions-note").textContent = more > 0 ? `the ${shown.holdings.length} largest of ${shown.held}; all: memesnipe positions` : `${shown.holdings.length || ""}`;
}

function showAge() {
  const age = Date.now() - (heardMs || OPENED_MS);
  at("live").className = `live ${fresh() ? "on" : stale() ? "off" : ""}`;
  at("live").querySelector("span").textContent = fresh() ? `live · ${clock(heardMs)}` : stale() ? `no update for ${Math.round(age / 1000)} s` : "connecting";
  if (last) standing(last);
}

// Only a picture that is newer than the one before shows that somebody looks: the first one a server has may be from before it hung.
function take(picture) {
  const isNews = picture.time_ms > newestMs;
  last = picture;
  newestMs = picture.time_ms;
  draw(picture);
  if (isNews) heardMs = Date.now(); // after it was drawn: what cannot be drawn is not "live"
  showAge();
}

function follow() {
  const source = new EventSource("/events");
  source.onopen = () => { newestMs = Infinity; };
  source.onmessage = (event) => take(JSON.parse(event.data));
  source.onerror = () => { if (source.readyState === EventSource.CLOSED) again(); };
}

// A refused stream (all places taken, or a restart) is not tried again by the browser itself. Where the session ended, the door is what
// the page's own address now shows.
async function again() {
  const answer = await fetch("/api/snapshot").catch(() => null);
  if (answer?.status === 401) location.reload();
  else setTimeout(follow, 5000);
}

asking.listen();
attribution.listen();
drill.listen();
follow();
setInterval(showAge, 1000);
