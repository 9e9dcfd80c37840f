// Building the page. Text always goes in as text, never as markup: symbols and reasons come from strangers.

const SVG = "http://www.w3.org/2000/svg";

export const at = (id) => document.getElementById(id);

export function el(tag, className = "", ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

export const tag = (text, kind = text) => el("span", `tag ${kind}`, String(text).replaceAll("_", " "));

export function table(columns, rows, nothing) {
  if (!rows.length) return el("div", "empty", nothing);
  const head = el("tr", "", ...columns.map((column) => el("th", column.kind || "", column.title)));
  const body = rows.map((row) => el("tr", "", ...columns.map((column) => cell(column, row))));
  return el("table", "", el("thead", "", head), el("tbody", "", ...body));
}

function cell(column, row) {
  const made = el("td", column.kind || "", column.show(row));
  const title = column.hint ? column.hint(row) : "";
  if (title) made.title = title;
  return made;
}

// Replace only when something is different, so that a text selection and the scroll position survive an update.
export function put(id, ...children) {
  const place = at(id);
  const next = el("div", "", ...children);
  if (place.innerHTML !== next.innerHTML) place.replaceChildren(...next.childNodes);
}
