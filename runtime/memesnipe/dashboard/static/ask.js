// Everything that changes something asks first, and says what came of it.

import { at, el } from "./dom.js";

const token = document.querySelector("meta[name=csrf-token]").content;

let question = null;

export function ask({ title, text, yes, danger, reason, path, body }) {
  question = { path, body, reason };
  at("ask-title").textContent = title;
  at("ask-text").textContent = text;
  at("ask-error").textContent = "";
  at("ask-label").hidden = !reason;
  at("ask-reason").value = "";
  at("ask-yes").textContent = yes;
  at("ask-yes").className = danger ? "button danger" : "button";
  at("ask-yes").disabled = false;
  at("ask").showModal();
}

const post = (path, body) => fetch(path, { method: "POST", headers: { "X-CSRF-Token": token, "Content-Type": "application/json" }, body: JSON.stringify(body) });

async function signOut() {
  await post("/api/sign-out", {});
  location.reload();
}

async function send(event) {
  event.preventDefault();
  at("ask-yes").disabled = true;
  const body = question.reason ? { ...question.body, reason: at("ask-reason").value } : question.body;
  try {
    const answer = await post(question.path, body);
    if (answer.ok) return at("ask").close();
    const said = await answer.json().catch(() => ({ detail: `HTTP ${answer.status}` }));
    at("ask-error").textContent = `Not done: ${said.detail}`;
  } catch {
    at("ask-error").textContent = "No answer: it is NOT known whether the command was written. Look at the state above.";
  }
  at("ask-yes").disabled = false;
  return undefined;
}

export function closeButton(holding) {
  const button = el("button", "button small", "Close");
  button.dataset.strategy = holding.strategy;
  button.dataset.mint = holding.mint;
  button.dataset.symbol = holding.symbol;
  return button;
}

export function listen() {
  at("ask-yes").addEventListener("click", send);
  at("sign-out")?.addEventListener("click", signOut);
  const buttons = {
    kill: { state: "halted", title: "Halt all trading?", text: "Strategies fall silent within a second. Stops and closing by hand go on.", yes: "Halt now", danger: true },
    reduce: { state: "reduce_only", title: "Reduce only?", text: "No strategy may add risk. Sells, stops and closing by hand go on.", yes: "Reduce only" },
    resume: { state: "active", title: "Resume trading?", text: "Strategies trade again within their limits. After a drawdown halt the loss is measured from here.", yes: "Resume" },
  };
  for (const [id, { state, ...words }] of Object.entries(buttons)) {
    at(id).addEventListener("click", () => ask({ ...words, reason: true, path: "/api/halt", body: { state, scope: "*" } }));
  }
  at("positions").addEventListener("click", (event) => {
    const chosen = event.target.closest("button");
    if (!chosen) return;
    const { strategy, mint, symbol } = chosen.dataset;
    ask({ title: `Close ${symbol}?`, text: `Everything that ${strategy} holds of ${mint} is sold at the market.`, yes: "Close position", danger: true, path: "/api/close", body: { strategy, mint } });
  });
}
