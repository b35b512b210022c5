// Writes values for people; the twin of format.py. Missing is "no data", never 0.

export const NO_DATA = "no data";
const SIGNS = { USD: "$", EUR: "€", GBP: "£" };
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const SECONDS_STEP = 2000;
// A half is rounded up, also where 14.5 is kept as 14.499999999999998.
const HALF_UP = 1 + 1e-12;

let currency = "USD";

export function setCurrency(code) {
  currency = code;
}

// Whole, with thousands apart. What the browser has for it takes tens of milliseconds to start.
function grouped(value) {
  return value.toFixed(0).replace(/\B(?=(\d{3})+$)/g, ",");
}

function missing(value) {
  return value === null || value === undefined || Number.isNaN(value);
}

export function count(number) {
  if (missing(number)) return NO_DATA;
  const value = number * HALF_UP;
  if (Math.abs(value) >= 1e9) return `${Number((value / 1e9).toPrecision(3))}\u00a0bn`;
  if (Math.abs(value) >= 1e6) return `${Number((value / 1e6).toPrecision(3))}\u00a0M`;
  return grouped(value);
}

export function money(amount) {
  if (missing(amount)) return NO_DATA;
  const value = amount * HALF_UP;
  const size = Math.abs(value);
  let text;
  if (size >= 100) text = grouped(value);
  else if (size >= 1 || size === 0) text = value.toFixed(2);
  else if (size >= 0.01) text = value.toFixed(4);
  else text = value.toFixed(Math.max(6, 2 - Number(value.toExponential(2).split("e")[1])));
  return SIGNS[currency] ? SIGNS[currency] + text : `${text}\u00a0${currency}`;
}

export function metricValue(figure, unit) {
  if (missing(figure)) return NO_DATA;
  if (unit === "money") return money(figure);
  const value = figure * HALF_UP;
  if (unit === "ms") return value >= 10000 ? `${(value / 1000).toFixed(2)}\u00a0s` : `${grouped(value)}\u00a0ms`;
  if (unit === "ratio") return `${(value * 100).toFixed(1)}%`;
  if (unit === "tokens") return grouped(value);
  // Scores between 0 and 1 stand in columns: each has as many digits.
  if (Math.abs(value) >= 0.01 && Math.abs(value) < 1) return value.toPrecision(3);
  return String(Number(value.toPrecision(3)));
}

// A label on an axis: all labels of one axis have the same number of decimals.
export function tickText(value, unit, step) {
  const whole = (size) => size >= 0.5 && Math.abs(size - Math.round(size)) < 1e-6;
  const decimals = (size) => Array.from({ length: 13 }, (_, n) => n).find((n) => whole(size * 10 ** n)) ?? 6;
  // One unit for the whole axis, whatever its highest label.
  if (unit === "ms") return step < SECONDS_STEP ? `${step < 1 ? value.toFixed(decimals(step)) : grouped(value)}\u00a0ms` : `${Number((value / 1000).toFixed(2))}\u00a0s`;
  if (unit === "ratio") return `${(value * 100).toFixed(decimals(step * 100))}%`;
  if (unit === "money") {
    const text = value.toFixed(step >= 1 ? 0 : Math.max(2, decimals(step)));
    const [whole, ...cents] = text.split(".");
    const amount = [grouped(Number(whole)), ...cents].join(".");
    return SIGNS[currency] ? SIGNS[currency] + amount : `${amount}\u00a0${currency}`;
  }
  if (unit === "tokens") return step >= 1 ? count(value) : value.toFixed(decimals(step));
  return value.toFixed(decimals(step));
}

export function signed(value, scale, unit) {
  const shown = value * scale;
  const digits = Math.abs(shown) >= 10 || Number.isInteger(shown) ? 0 : unit ? 1 : 3;
  const text = Math.abs(shown * HALF_UP).toFixed(digits);
  // What rounds to nothing has no sign.
  return Number(text) === 0 ? text : (shown < 0 ? "−" : "+") + text;
}

export function effectUnit(comparison) {
  if (comparison.relative) return { scale: 100, unit: "%" };
  if (comparison.metric === "error_rate") return { scale: 100, unit: "\u00a0pp" };
  return { scale: 1, unit: "" };
}

// A limit bounds one version's value; there is no change to show.
export function isLimit(comparison) {
  return /^[<>]/.test(comparison.limit);
}

export function effect(comparison) {
  if (missing(comparison.effect)) return withoutEffect(comparison);
  const { scale, unit } = effectUnit(comparison);
  return signed(comparison.effect, scale, unit) + unit;
}

// The note says why there is none, such as "fewer than 10 values".
function withoutEffect(comparison) {
  if (isLimit(comparison) && comparison.head !== null) return comparison.verdict === "regression" ? "beyond its limit" : "against a limit";
  return comparison.note || NO_DATA;
}

export function interval(comparison) {
  if (missing(comparison.low) || missing(comparison.high)) return "";
  const { scale, unit } = effectUnit(comparison);
  return `[${signed(comparison.low, scale, unit)}, ${signed(comparison.high, scale, unit)}]`;
}

export function limitText(limit) {
  return limit.replace("<=", "≤\u00a0").replace(">=", "≥\u00a0").replace("-", "−").replace("pp", "\u00a0pp");
}

export function day(iso) {
  if (!iso) return "";
  const [year, month, date] = iso.slice(0, 10).split("-").map(Number);
  return `${date} ${MONTHS[month - 1]} ${year}`;
}

export function shortDay(iso) {
  const [, month, date] = iso.slice(0, 10).split("-").map(Number);
  return `${date} ${MONTHS[month - 1]}`;
}

export function time(iso) {
  return iso && iso.length > 10 ? `${day(iso)}, ${iso.slice(11, 16)} UTC` : day(iso);
}

const BETWEEN_RELEASES = /^(.*?)(?:[.-]0)?[.-]\d{14}-([0-9a-f]{7})[0-9a-f]{5}/;

// A version between releases is long: where it comes from and its digest tell it apart.
export function shortVersion(version) {
  if (version.length <= 18) return version;
  const [, base, digest] = BETWEEN_RELEASES.exec(version) ?? [];
  return base && base.length <= 12 ? `${base}-…${digest}` : `${version.slice(0, 9)}…${version.slice(-7)}`;
}

export function plural(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`;
}

// A text out of its JSON; what is no text stays JSON.
export function unquoted(json) {
  try {
    const value = JSON.parse(json);
    return typeof value === "string" ? value : json;
  } catch {
    return json;
  }
}
