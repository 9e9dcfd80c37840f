// Equity with its drawdown below, by uPlot (vendor/uplot, MIT), and the small price courses, as SVG.

import { clock, signed, sol } from "./format.js";
import { el, svg } from "./dom.js";

const { uPlot } = window;
const LAMPORTS = 1e9, CURVE_PART = 0.72;

export function spark(values, width = 72, height = 20) {
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
  if (values.length < 2) return picture;
  const low = Math.min(...values), span = Math.max(...values) - low || 1;
  const points = values.map((value, i) => `${(i / (values.length - 1) * width).toFixed(1)},${(height - 2 - (value - low) / span * (height - 4)).toFixed(1)}`);
  const rises = values[values.length - 1] >= values[0];
  picture.append(svg("path", { d: `M${points.join("L")}`, stroke: rises ? "var(--good)" : "var(--bad)" }));
  return picture;
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const veiled = (name) => `${colour(name)}22`;

// How far below its highest point so far each value is, in percent of that point: 0 or less.
export function drawdowns(values) {
  let peak = -Infinity;
  return values.map((value) => {
    peak = Math.max(peak, value);
    return peak > 0 ? (value - peak) / peak * 100 : 0;
  });
}

// The time is written once, below the drawdown: both pictures share it.
function axes(unit, digits, times = true) {
  const shared = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "11px system-ui" };
  return [
    { ...shared, space: 90, size: times ? 28 : 6, values: (_, ticks) => ticks.map((tick) => (times ? clock(tick * 1000) : "")) },
    { ...shared, size: 64, space: 26, values: (_, values) => values.map((value) => value.toFixed(digits) + unit) },
  ];
}

// A place on the page that shows one curve, keeps its picture between updates and draws it anew when size or colours change.
export class Curve {
  constructor(place, nothing = "The curve begins with the first minutes of trading.") {
    this.place = place;
    this.nothing = nothing;
    this.plots = [];
    new ResizeObserver(() => this.fit()).observe(place);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { this.clear(); this.draw(); });
  }

  show(points, capital) {
    this.points = points;
    this.capital = capital;
    if (this.plots.length && points.length > 1 && this.mood === this.moodNow()) this.feed();
    else { this.clear(); this.draw(); }
  }

  moodNow() {
    return this.points[this.points.length - 1][1] >= this.capital ? "--good" : "--bad";
  }

  columns() {
    const times = this.points.map((point) => point[0] / 1000), values = this.points.map((point) => point[1] / LAMPORTS);
    return [[times, values, values.map(() => this.capital / LAMPORTS)], [times, drawdowns(values)]];
  }

  feed() {
    this.columns().forEach((columns, i) => this.plots[i].setData(columns));
    this.label();
  }

  clear() {
    this.plots.forEach((plot) => plot.destroy());
    this.plots = [];
  }

  draw() {
    if (!this.points) return;
    if (this.points.length < 2) { this.place.replaceChildren(el("div", "empty", this.nothing)); return; }
    this.mood = this.moodNow();
    const [curve, fall] = this.columns(), key = `curve-${this.place.id}`;
    const shared = { legend: { show: false }, padding: [8, 8, 0, 0], cursor: { sync: { key }, y: false, points: { size: 7 } } };
    this.tip = el("div", "tip");
    this.tip.hidden = true;
    this.place.replaceChildren();
    this.plots = [
      new uPlot({
        ...shared, ...this.size(0), axes: axes("", 2, false), hooks: { setCursor: [(plot) => this.point(plot)] },
        series: [{}, { stroke: colour(this.mood), fill: veiled(this.mood), width: 2, points: { show: false } }, { stroke: colour("--faint"), dash: [4, 4], width: 1, points: { show: false } }],
      }, curve, this.place),
      new uPlot({
        ...shared, ...this.size(1), axes: axes(" %", 1), scales: { y: { range: (_, low) => [Math.min(low * 1.15, -0.5), 0] } },
        series: [{}, { stroke: colour("--warn"), fill: veiled("--warn"), width: 1.5, points: { show: false } }],
      }, fall, this.place),
    ];
    this.place.append(this.tip);
    this.label();
  }

  size(part) {
    const height = this.place.clientHeight || 300;
    return { width: this.place.clientWidth || 600, height: Math.round(part === 0 ? height * CURVE_PART : height * (1 - CURVE_PART)) };
  }

  fit() {
    this.plots.forEach((plot, part) => plot.setSize(this.size(part)));
  }

  label() {
    const last = this.points[this.points.length - 1][1], worst = Math.min(...this.columns()[1][1]);
    this.place.setAttribute("role", "img");
    this.place.setAttribute("aria-label", `Equity over time: now ${sol(last)} SOL, ${signed(last - this.capital)} SOL of profit; deepest fall ${worst.toFixed(1)} percent`);
  }

  point(plot) {
    const { idx, left } = plot.cursor;
    const here = idx === null || idx === undefined ? undefined : this.points[idx];
    this.tip.hidden = !here || left < 0;
    if (this.tip.hidden) return;
    const fall = this.columns()[1][1][idx];
    this.tip.textContent = `${clock(here[0])}  ${sol(here[1])} SOL  (${signed(here[1] - this.capital)})  fall ${(-fall).toFixed(2)}%`;
    const x = left + plot.bbox.left / devicePixelRatio;
    this.tip.style.left = `${Math.min(Math.max(0, x - this.tip.offsetWidth / 2), this.place.clientWidth - this.tip.offsetWidth)}px`;
  }
}
