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

const headOf = (columns) => el("thead", "", el("tr", "", ...columns.map((column) => el("th", column.kind || "", column.title))));
const rowOf = (columns, row) => el("tr", "", ...columns.map((column) => cell(column, row)));

export function table(columns, rows, nothing) {
  if (!rows.length) return el("div", "empty", nothing);
  return el("table", "", headOf(columns), el("tbody", "", ...rows.map((row) => rowOf(columns, row))));
}

const kept = new Map();

// A table that lives on the page: only rows that say something new are built again, so hundreds of them cost what changed.
export function putTable(id, columns, rows, nothing) {
  const place = at(id);
  let known = kept.get(id);
  if (!rows.length) {
    kept.delete(id);
    put(id, el("div", "empty", nothing));
    return;
  }
  if (!known) {
    known = { body: el("tbody"), lines: [] };
    kept.set(id, known);
    place.replaceChildren(el("table", "", headOf(columns), known.body));
  }
  rows.forEach((row, i) => {
    const said = JSON.stringify(row), line = known.lines[i];
    if (line?.said === said) return;
    const made = rowOf(columns, row);
    if (line) line.made.replaceWith(made); else known.body.append(made);
    known.lines[i] = { said, made };
  });
  while (known.lines.length > rows.length) known.lines.pop().made.remove();
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
