// Where each strategy's money came from and went: asked for by itself while somebody looks at it, and drawn as bars and a table.

import { mood, percent, signed, sol } from "./format.js";
import { at, el, put, tag } from "./dom.js";

const EVERY_MS = 5000;
const COSTS = [
  ["venue", "Pool fees", "the pools' own fees, inside their prices"],
  ["slippage", "Slippage", "what fills brought less than their quotes promised"],
  ["fees", "Network", "base and priority fees, failed attempts too"],
  ["tips", "Tips", "for a place in a block"],
  ["rent", "Rent", "paid for accounts and not come back"],
  ["funding", "Funding", "for holding perpetuals; here every position is a token held outright: none"],
];
let seen = false;

const ratio = (value) => (value === null ? "–" : value.toFixed(2));
const part = (value) => `${(value / 100).toFixed(0)}%`;

// Gross on one side, each cost and the rest on the other, all on one scale: what took the money is the longest bar.
function bar(title, hint, lamports, most, kind) {
  const fill = el("i", kind);
  fill.style.width = `${Math.min(100, (Math.abs(lamports) / most) * 100)}%`;
  const line = el("div", "took", el("span", "", title), el("div", "bar", fill), el("span", `n ${kind === "net" ? mood(lamports) : ""}`, signed(lamports)));
  line.title = hint;
  return line;
}

function flow(one) {
  const most = Math.max(1, Math.abs(one.gross_lamports), Math.abs(one.net_lamports), ...COSTS.map(([name]) => Math.abs(one.costs[name])));
  return el("div", "flow",
    bar("Gross", "what prices gave: net with every cost put back", one.gross_lamports, most, "gross"),
    ...COSTS.map(([name, title, hint]) => bar(title, hint, 0 - one.costs[name], most, "cost")),
    bar("Net", "what is left", one.net_lamports, most, "net"));
}

function fact(title, value, hint, kind = "") {
  const made = el("div", "fact", el("span", "", title), el("b", kind, value));
  made.title = hint;
  return made;
}

function facts(one) {
  return el("div", "facts",
    fact("Trades", String(one.trades), "closed; the newest 10,000 at most"),
    fact("Hit rate", part(one.hit_bps), "trades that brought money"),
    fact("Net", `${one.net_bps} bps`, "of all that was paid for what was bought", mood(one.net_bps)),
    fact("Sharpe", ratio(one.sharpe), "mean of the trades' returns by their deviation; not annualised"),
    fact("Sortino", ratio(one.sortino), "by the deviation of losses"),
    fact("Calmar", ratio(one.calmar), "net by the deepest fall"),
    fact("Deepest fall", `${sol(one.drawdown_lamports)} SOL`, "of the summed net results, from their highest"),
    fact("Held", part(one.exposure_bps), "of the time between the first buy and the last sale"),
    fact("By age, bps", one.by_age_bps.join(" → ") || "–", "net of the first, second and last third of the trades: an edge that decays falls from left to right"),
    fact("Slippage", `${one.slippage_bps} bps`, "of all that was paid, against the quotes"),
    fact("Execution, bps", one.paired ? `${one.expected_bps} → ${one.realized_bps}` : "–",
      `what the paper model expected ${one.paired} live orders to cost, and what they did`));
}

function card(one) {
  const head = el("div", "owner", el("b", "", one.strategy), tag(one.mode), el("span", `n ${mood(one.net_lamports)}`, `${signed(one.net_lamports)} SOL  ${percent(one.net_bps)}`));
  return el("article", "attributed", head, el("div", "split", flow(one), facts(one)));
}

async function ask() {
  if (!seen || document.hidden) return;
  const answer = await fetch("/api/attribution").catch(() => null);
  if (!answer || !answer.ok) return;  // the page's own line says that nothing answers
  const found = await answer.json();
  put("attribution", ...(found.length ? found.map(card) : [el("div", "empty", "No trade was closed yet.")]));
}

export function listen() {
  new IntersectionObserver((entries) => { seen = entries.some((one) => one.isIntersecting); ask(); }).observe(at("attribution"));
  setInterval(ask, EVERY_MS);
}
