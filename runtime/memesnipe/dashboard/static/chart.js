// The equity curve and the small price courses, as SVG. No library: two shapes and a cross-hair.

import { clock, signed, sol } from "./format.js";
import { at, el, svg } from "./dom.js";

const LEFT = 62, RIGHT = 8, TOP = 10, BOTTOM = 22;

export function spark(values, width = 72, height = 20) {
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
  if (values.length < 2) return picture;
  const low = Math.min(...values), span = Math.max(...values) - low || 1;
  const points = values.map((value, i) => `${(i / (values.length - 1) * width).toFixed(1)},${(height - 2 - (value - low) / span * (height - 4)).toFixed(1)}`);
  const rises = values[values.length - 1] >= values[0];
  picture.append(svg("path", { d: `M${points.join("L")}`, stroke: rises ? "var(--good)" : "var(--bad)" }));
  return picture;
}

let drawn = null;

export function equity(points, capital) {
  const place = at("equity");
  if (points.length < 2) {
    place.replaceChildren(el("div", "empty", "The curve begins with the first minutes of trading."));
    drawn = null;
    return;
  }
  drawn = { points, capital };
  const scale = scaleOf(place, points, capital);
  const rises = points[points.length - 1][1] >= capital ? "up" : "down";
  const line = points.map(([time, value]) => `${scale.x(time).toFixed(1)},${scale.y(value).toFixed(1)}`).join("L");
  const floor = scale.height - BOTTOM;
  const picture = svg("svg", { viewBox: `0 0 ${scale.width} ${scale.height}`, role: "img", "aria-label": "Equity over time" },
    ...rulers(scale, capital),
    svg("path", { class: `area ${rises}`, d: `M${scale.x(points[0][0])},${floor}L${line}L${scale.x(points[points.length - 1][0])},${floor}Z` }),
    svg("path", { class: `curve ${rises}`, d: `M${line}` }));
  place.replaceChildren(picture);
}

function scaleOf(place, points, capital) {
  const width = place.clientWidth || 600, height = place.clientHeight || 260;
  const values = points.map((point) => point[1]);
  let low = Math.min(...values), high = Math.max(...values);
  if (capital >= low - (high - low) && capital <= high + (high - low)) { low = Math.min(low, capital); high = Math.max(high, capital); }
  const margin = (high - low || Math.max(1e6, Math.abs(high) * 0.001)) * 0.12;
  low -= margin; high += margin;
  const first = points[0][0], last = points[points.length - 1][0];
  return {
    width, height, low, high, first, last,
    x: (time) => LEFT + (time - first) / (last - first || 1) * (width - LEFT - RIGHT),
    y: (value) => TOP + (high - value) / (high - low) * (height - TOP - BOTTOM),
  };
}

function rulers(scale, capital) {
  const digits = Math.min(6, Math.max(2, Math.ceil(-Math.log10((scale.high - scale.low) / 1e9)) + 1));
  const lines = [];
  for (let i = 0; i <= 4; i++) {
    const value = scale.low + (scale.high - scale.low) * (i + 0.5) / 5, y = scale.y(value);
    lines.push(svg("line", { class: "grid", x1: LEFT, x2: scale.width - RIGHT, y1: y, y2: y }), label(LEFT - 8, y + 4, sol(value, digits), "end"));
  }
  const ticks = scale.width < 500 ? 3 : 5;
  for (let i = 0; i < ticks; i++) {
    const time = scale.first + (scale.last - scale.first) * i / (ticks - 1);
    lines.push(label(scale.x(time), scale.height - 4, clock(time), i === 0 ? "start" : i === ticks - 1 ? "end" : "middle"));
  }
  if (capital > scale.low && capital < scale.high) {
    lines.push(svg("line", { class: "base", x1: LEFT, x2: scale.width - RIGHT, y1: scale.y(capital), y2: scale.y(capital) }));
  }
  return lines;
}

function label(x, y, text, anchor) {
  const made = svg("text", { x, y, "text-anchor": anchor });
  made.textContent = text;
  return made;
}

export function listen() {
  const place = at("equity");
  place.addEventListener("pointermove", (event) => point(place, event.clientX - place.getBoundingClientRect().left));
  place.addEventListener("pointerleave", () => { place.querySelectorAll(".cross, .tip").forEach((one) => one.remove()); });
  new ResizeObserver(() => { if (drawn) equity(drawn.points, drawn.capital); }).observe(place);
}

function point(place, left) {
  if (!drawn) return;
  const scale = scaleOf(place, drawn.points, drawn.capital);
  const nearest = drawn.points.reduce((best, one) => (Math.abs(scale.x(one[0]) - left) < Math.abs(scale.x(best[0]) - left) ? one : best));
  place.querySelectorAll(".cross, .tip").forEach((one) => one.remove());
  const x = scale.x(nearest[0]);
  place.querySelector("svg").append(svg("line", { class: "cross", x1: x, x2: x, y1: TOP, y2: scale.height - BOTTOM }));
  const tip = el("div", "tip", `${clock(nearest[0])}  ${sol(nearest[1])} SOL  (${signed(nearest[1] - drawn.capital)})`);
  place.append(tip);
  tip.style.left = `${Math.min(Math.max(0, x - tip.offsetWidth / 2), scale.width - tip.offsetWidth)}px`;
}
