// Building the page. Text always goes in as text, never as markup: symbols and reasons come from strangers.

const SVG = "http://www.w3.org/2000/svg";

export const at = (id) => document.getElementById(id);

// Set only when it says something else: a reader of the screen tells of every change, a selection ends with one.
export function say(id, text) {
  if (at(id).textContent !== text) at(id).textContent = text;
}

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

// A table that lives on the page. `nameOf` tells a row from all others: a row that is still there keeps its line, and a line its cells, so
// that a button keeps the keyboard's focus and a press of the mouse while numbers beside it move, and hundreds of rows cost what changed.
export function putTable(id, columns, rows, nothing, nameOf = JSON.stringify) {
  if (!rows.length) {
    kept.delete(id);
    put(id, el("div", "empty", nothing));
    return;
  }
  if (!kept.has(id)) {
    kept.set(id, { body: el("tbody"), lines: new Map() });
    at(id).replaceChildren(el("table", "", headOf(columns), kept.get(id).body));
  }
  const known = kept.get(id), before = known.lines;
  known.lines = new Map(namesOf(rows, nameOf).map((name, i) => [name, lineOf(columns, rows[i], before.get(name))]));
  for (const [name, { made }] of before) if (!known.lines.has(name)) made.remove();
  order(known.body, known.lines.values());
}

// Rows that nothing tells apart get a number: each has a line of its own.
function namesOf(rows, nameOf) {
  const used = new Map();
  return rows.map((row) => {
    const name = nameOf(row), nth = used.get(name) || 0;
    used.set(name, nth + 1);
    return `${nth} ${name}`;
  });
}

function lineOf(columns, row, line) {
  const said = JSON.stringify(row);
  if (line?.said === said) return line;
  if (!line) return { said, made: rowOf(columns, row) };
  columns.forEach((column, i) => {
    const old = line.made.children[i], made = cell(column, row);
    if (!old.isEqualNode(made)) old.replaceWith(made);
  });
  return { said, made: line.made };
}

// Only lines that are not where they belong are moved: moving one takes the focus from it.
function order(body, lines) {
  let next = body.firstChild;
  for (const { made } of lines) {
    if (made === next) next = next.nextSibling;
    else body.insertBefore(made, next);
  }
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
