// The page before the page: sends the password, then loads what it was kept from.

import { at } from "./dom.js";

async function signIn(event) {
  event.preventDefault();
  at("sign-in-error").textContent = "";
  try {
    const body = JSON.stringify({ password: at("password").value });
    const answer = await fetch("/api/sign-in", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    if (answer.ok) return location.reload();
    const said = await answer.json().catch(() => ({ detail: `HTTP ${answer.status}` }));
    at("sign-in-error").textContent = said.detail;
  } catch {
    at("sign-in-error").textContent = "No answer from the page's machine.";
  }
  at("password").select();
  return undefined;
}

at("sign-in").addEventListener("submit", signIn);
at("sign-in").querySelector("button").disabled = false; // before this the browser would send the form itself
