// How numbers are written. Lamports come as integers; everything here is only for the eye.

const LAMPORTS = 1e9;

// Made once each: a formatter costs more than a thousand numbers written with it.
const fixed = new Map();
const plain = new Intl.NumberFormat("en-US", { maximumFractionDigits: 3 });
const short = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 2 });
const timeOfDay = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

export function sol(lamports, digits = 4) {
  if (!fixed.has(digits)) fixed.set(digits, new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }));
  return fixed.get(digits).format(lamports / LAMPORTS);
}

// A fee is thousands of lamports: four digits would call it nothing, so a small amount gets as many as it needs.
export function signed(lamports) {
  return (lamports > 0 ? "+" : "") + sol(lamports, lamports !== 0 && Math.abs(lamports) < 1e5 ? 6 : 4);
}

export const percent = (bps, digits = 2) => `${bps > 0 ? "+" : ""}${(bps / 100).toFixed(digits)}%`;

export const mood = (number) => (number > 0 ? "good" : number < 0 ? "bad" : "soft");

// Prices of a memecoin have six zeros before the first digit: five digits that mean something, without an exponent.
export function price(value) {
  if (value === null) return "–";
  if (!(value > 0)) return "0";
  const zeros = Math.max(0, -Math.floor(Math.log10(value)) - 1);
  if (zeros < 4) return value.toPrecision(5);
  const digits = value.toFixed(zeros + 5).slice(-5);
  return `0.0${String(zeros).replace(/\d/g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[digit])}${digits}`;
}

export function compact(text) {
  const value = Number(text);
  return (Math.abs(value) < 10000 ? plain : short).format(value);
}

export const clock = (ms) => timeOfDay.format(ms);

export function ago(seconds) {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86400)} d`;
}
