// Everything that changes something asks first, and says what came of it.

import { at, el } from "./dom.js";

const ANSWER_MS_MAX = 15000;
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

const post = (path, body) => fetch(path, {
  method: "POST", headers: { "X-CSRF-Token": token, "Content-Type": "application/json" }, body: JSON.stringify(body), signal: AbortSignal.timeout(ANSWER_MS_MAX),
});

async function signOut() {
  await post("/api/sign-out", {});
  location.reload();
}

// The answer to a question that was put away for another one changes nothing on the screen; one that failed comes back and says so.
function tell(asked, error) {
  if (question !== asked) return;
  at("ask-error").textContent = error;
  at("ask-yes").disabled = false;
  if (error && !at("ask").open) at("ask").showModal();
  if (!error) at("ask").close();
}

async function send(asked) {
  const body = asked.reason ? { ...asked.body, reason: at("ask-reason").value } : asked.body;
  at("ask-yes").disabled = true;
  try {
    const answer = await post(asked.path, body);
    const said = answer.ok ? {} : await answer.json().catch(() => ({ detail: `HTTP ${answer.status}` }));
    tell(asked, answer.ok ? "" : `Not done: ${said.detail}`);
  } catch {
    tell(asked, "No answer: it is NOT known whether the command was written. Look at the state above.");
  }
}

export function closeButton(holding) {
  const button = el("button", "button small", "Close");
  for (const what of ["strategy", "mint", "symbol", "mode"]) button.dataset[what] = holding[what];
  button.setAttribute("aria-label", `Close ${holding.symbol} of ${holding.strategy}`);
  return button;
}

// Real unless the page's marker names a chain of test money: a live position may be left over from before everything went on paper.
function moneyOf(mode) {
  const chain = ["localnet", "devnet", "testnet"].find((one) => at("marker").classList.contains(one));
  if (mode !== "live") return "paper: no real money";
  return chain ? `live on ${chain}: test money` : "LIVE: REAL MONEY";
}

function askToClose({ strategy, mint, symbol, mode }) {
  const text = `Everything that ${strategy} holds of ${mint} is sold at the market, in whatever mode. This position is ${moneyOf(mode)}.`;
  ask({ title: `Close ${symbol} (${mode === "live" ? "LIVE" : mode})?`, text, yes: "Close position", danger: true, path: "/api/close", body: { strategy, mint } });
}

export function listen() {
  // One way for a click and for Enter in the field, which a browser turns into the form's first button that submits.
  at("ask-form").addEventListener("submit", (event) => { event.preventDefault(); send(question); });
  at("ask-no").addEventListener("click", () => at("ask").close());
  // Enter that opened the question and is still held down must not answer it.
  at("ask").addEventListener("keydown", (event) => { if (event.key === "Enter" && event.repeat) event.preventDefault(); });
  at("sign-out")?.addEventListener("click", signOut);
  const buttons = {
    kill: { state: "halted", title: "Halt all trading?", yes: "Halt now", danger: true },
    reduce: { state: "reduce_only", title: "Reduce only?", yes: "Reduce only" },
    resume: { state: "active", title: "Resume trading?", more: " After a drawdown halt the loss is measured from here.", yes: "Resume" },
  };
  for (const [id, { state, more = "", ...words }] of Object.entries(buttons)) {
    at(id).addEventListener("click", () => ask({ ...words, text: at(id).dataset.allows + more, reason: true, path: "/api/halt", body: { state, scope: "*" } }));
  }
  at("positions").addEventListener("click", (event) => {
    const chosen = event.target.closest("button");
    if (chosen) askToClose(chosen.dataset);
  });
}
