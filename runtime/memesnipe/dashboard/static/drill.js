// Looking closely: one order from its event to its end, or one strategy with its curve and its gates. Asked for when a person clicks.

import { Curve } from "./chart.js";
import { clock, compact, mood, signed, sol } from "./format.js";
import { at, el, table, tag } from "./dom.js";

function link(kind, id, text) {
  const button = el("button", "link", text);
  button.dataset[kind] = id;
  return button;
}

export const orderButton = (row) => link("order", row.order, row.symbol);
export const strategyButton = (id) => link("strategy", id, id);

const ms = (value) => (value === null ? "" : value >= 10000 ? `${(value / 1000).toFixed(1)} s` : `${value.toLocaleString("en-US")} ms`);
const HOPS = [
  { title: "Hop", show: (h) => el("b", "", h.hop) },
  { title: "By", show: (h) => el("span", "soft", h.stage.replaceAll("_", " ")), kind: "wide" },
  { title: "At", show: (h) => clock(h.time_ns / 1e6), kind: "soft" },
  { title: "After", show: (h) => ms(h.after_ms), kind: "n" },
  { title: "What", show: (h) => el("span", "", h.detail, h.remedy ? el("small", "remedy", h.remedy) : ""), kind: "text" },
];

// A place that scrolls can be scrolled by keyboard too, also where nothing in it is a control.
function scrolled(name, inside, kind = "") {
  const place = el("div", `scroll ${kind}`, inside);
  place.tabIndex = 0;
  place.setAttribute("role", "region");
  place.setAttribute("aria-label", name);
  return place;
}

function order(found) {
  const total = found.total_ms === null ? "" : ` in ${ms(found.total_ms)}`;
  const parts = [
    el("p", "soft", `${found.strategy} · ${found.side} ${found.mint} · ${found.mode || "mode not known"} · ${found.outcome}${total}`),
    scrolled("Hops", table(HOPS, found.hops, "Nothing is known of it."), "hops"),
  ];
  if (found.gone.length) parts.push(el("p", "faint", `No longer known: ${found.gone.join(", ")}. It was said by an earlier release, or before wallet_guard was restarted.`));
  parts.push(el("p", "faint id", found.id));
  return parts;
}

const VERDICTS = { True: "good", False: "bad", Waived: "warn" };
const GATES = [
  { title: "Gate", show: (g) => el("b", "", g.type) },
  { title: "", show: (g) => el("span", VERDICTS[g.status] || "", g.status) },
  { title: "Why", show: (g) => g.message, kind: "text" },
];
const FILLS = [
  { title: "Time", show: (f) => clock(f.time_ms), kind: "soft" },
  { title: "", show: (f) => tag(f.status === "failed" ? "failed" : f.side) },
  { title: "Token", show: (f) => orderButton(f) },
  { title: "SOL", show: (f) => el("span", mood(f.lamports), signed(f.lamports)), kind: "n" },
  { title: "Tokens", show: (f) => compact(f.units), kind: "n wide" },
  { title: "Why", show: (f) => el("span", "faint", f.cause.replaceAll("_", " ")), kind: "why" },
];
const REFUSALS = [
  { title: "Time", show: (r) => clock(r.time_ms), kind: "soft" },
  { title: "Token", show: (r) => orderButton(r) },
  { title: "Reason", show: (r) => r.reason.replaceAll("_", " ") },
  { title: "Detail", show: (r) => r.detail, kind: "text wide" },
];

function promotion(found) {
  if (!found.promotion) return "";
  const { stage, reason, step, steps } = found.promotion;
  return el("p", "", tag(stage), steps ? ` step ${step} of ${steps}` : "", reason ? ` ${reason}` : "");
}

// One for all strategies: each curve listens to the screen's colours for as long as the page is open.
const place = el("div", "chart small");
place.id = "detail-curve";
const curve = new Curve(place, "No curve yet: it begins with the first fill.");

function strategy(found) {
  const gates = found.gates.length ? scrolled("Gates to live", table(GATES, found.gates, "")) : el("p", "soft", found.gates_note);
  return [
    el("p", "soft", tag(found.mode), ` capital ${sol(found.capital_lamports, 2)} SOL`), promotion(found), place,
    el("h4", "", "Gates to live"), gates,
    el("h4", "", "Last fills"), scrolled("Last fills", table(FILLS, found.fills, "No fills yet.")),
    el("h4", "", "Refused"), scrolled("Refused", table(REFUSALS, found.refusals, "Nothing was refused.")),
  ];
}

async function open(title, path, draw) {
  at("detail-title").textContent = title;
  at("detail-body").replaceChildren(el("p", "soft", "…"));
  if (!at("detail").open) at("detail").showModal();
  try {
    const answer = await fetch(path), said = await answer.json();
    if (!answer.ok) throw new Error(said.detail);
    draw(said);
  } catch (error) {
    at("detail-body").replaceChildren(el("p", "bad", error.message || "No answer."));
  }
}

function showOrder(id) {
  return open("Order", `/api/order/${encodeURIComponent(id)}`, (found) => at("detail-body").replaceChildren(...order(found)));
}

function showStrategy(id) {
  return open(id, `/api/strategy/${encodeURIComponent(id)}`, (found) => {
    at("detail-body").replaceChildren(...strategy(found).filter((part) => part !== ""));
    curve.clear(); // nothing of the strategy before: neither its scale nor what the mouse pointed at
    curve.show(found.equity, found.capital_lamports);
  });
}

export function listen() {
  at("detail-close").addEventListener("click", () => at("detail").close());
  document.addEventListener("click", (event) => {
    const chosen = event.target.closest("button.link");
    if (chosen?.dataset.order) showOrder(chosen.dataset.order);
    if (chosen?.dataset.strategy) showStrategy(chosen.dataset.strategy);
  });
}
