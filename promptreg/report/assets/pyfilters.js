// The filters of templates that work on texts and numbers, and the way to all filters.
import { PyFloat, PyTuple, refuse, TemplateError, Undefined, Unsupported } from "./pyclasses.js";
import { fileSize, percentFormat } from "./pyformat.js";
import { toJson } from "./pyjson.js";
import { absolute, arithmetic, double, integer, isInt, isNumber, rounded, size, truncated } from "./pynumbers.js";
import { bind, requireSmall, SEQUENCE_FILTERS } from "./pysequences.js";
import { runTest } from "./pytests.js";
import { asciiDigits, capitalized, known, lower, points, SPACE, splitLines, stripped, upper } from "./pytext.js";
import { isIterable, isTrue, iterate, lengthOf, putOut, sliceOf, toText } from "./pyvalues.js";
import { wrapLine } from "./pywrap.js";

const WORD_STARTS = new RegExp(`([-${SPACE}({\\[<]+)`);
const DECIMAL = /^[+-]?(\d+(_\d+)*\.?(\d+(_\d+)*)?|\.\d+(_\d+)*)([eE][+-]?\d+(_\d+)*)?$/;
const PREFIXES = { 2: "0b", 8: "0o", 16: "0x" };
const DIGITS = 4300;
const LONGEST = 4e6;

// What Python's float() makes of a value, or null.
function asFloat(value) {
  refuse(value);
  if (isNumber(value)) return double(value);
  if (typeof value !== "string") return null;
  const text = asciiDigits(stripped(value));
  if (DECIMAL.test(text)) return Number(text.replaceAll("_", ""));
  const named = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
  if (!named) return null;
  return named[2].toLowerCase() === "nan" ? NaN : named[1] === "-" ? -Infinity : Infinity;
}

// What Python's int() makes of a text, or null.
function parsed(text, base) {
  if (!(base === 0 || (base >= 2 && base <= 36))) return null;
  let [rest, sign] = [asciiDigits(stripped(text)).toLowerCase(), 1n];
  if (/^[+-]/.test(rest)) [rest, sign] = [rest.slice(1), rest[0] === "-" ? -1n : 1n];
  let radix = base;
  for (const [one, prefix] of Object.entries(PREFIXES)) {
    if ((base === 0 || base === Number(one)) && rest.startsWith(prefix)) [rest, radix] = [rest.slice(2).replace(/^_/, ""), Number(one)];
  }
  if (radix === 0) {
    if (/^0[0_]*[1-9]/.test(rest)) return null;
    radix = 10;
  }
  if (!/^[0-9a-z]+(_[0-9a-z]+)*$/.test(rest)) return null;
  const digits = rest.replaceAll("_", "");
  if (digits.length > DIGITS) return radix & (radix - 1) ? null : refuseLong();
  let found = 0n;
  if (radix === 10 && /^\d+$/.test(digits)) found = BigInt(digits);
  else {
    for (const digit of digits) {
      const number = parseInt(digit, 36);
      if (number >= radix) return null;
      found = found * BigInt(radix) + BigInt(number);
    }
  }
  return arithmetic("Mul", Number(sign), found);
}

function refuseLong() {
  throw new Unsupported("a number this long");
}

function asInt(value, args, kwargs) {
  const { default: other, base } = bind([["default", 0], ["base", 10]], args, kwargs);
  refuse(value);
  if (isInt(value)) return integer(value);
  if (value instanceof PyFloat) {
    if (Number.isNaN(value.value)) return other;
    return truncated(value.value);
  }
  if (typeof value === "string" && !isInt(base)) return intOfFloat(value, other);
  const found = typeof value === "string" ? parsed(value, Number(base)) : null;
  return found ?? intOfFloat(value, other);
}

function intOfFloat(value, other) {
  const float = asFloat(value);
  return float === null || !Number.isFinite(float) ? other : truncated(float);
}

function onlyText(value) {
  if (typeof refuse(value) !== "string") throw new TemplateError("this filter takes a text");
  return value;
}

function indented(value, args, kwargs) {
  const { width, first, blank } = bind([["width", 4], ["first", false], ["blank", false]], args, kwargs);
  requireSmall(width, first, blank);
  const step = typeof width === "string" ? width : " ".repeat(Math.max(0, size(width)));
  const [head, ...rest] = splitLines(`${onlyText(value)}\n`);
  const others = rest.map((line) => (line || isTrue(blank) ? step + line : line));
  return (isTrue(first) ? step : "") + [head, ...others].join("\n");
}

function truncatedText(value, args, kwargs) {
  const { length, killwords, end, leeway } = bind([["length", 255], ["killwords", false], ["end", "..."], ["leeway", null]], args, kwargs);
  requireSmall(length, killwords, end, leeway);
  const [most, spare, tail] = [double(length), leeway === null ? 5 : double(leeway), lengthOf(end)];
  if (most < tail || spare < 0) throw new TemplateError("a length too short for its end");
  if (lengthOf(value) <= most + spare) return value;
  const kept = sliceOf(value, null, size(length) - tail, null);
  if (typeof kept !== "string" || typeof end !== "string") throw new TemplateError("truncate takes a text");
  if (isTrue(killwords)) return kept + end;
  const blank = kept.lastIndexOf(" ");
  return (blank < 0 ? kept : kept.slice(0, blank)) + end;
}

function wrapped(value, args, kwargs) {
  const { width, break_long_words: long, wrapstring, break_on_hyphens: hyphens } = bind([["width", 79], ["break_long_words", true], ["wrapstring", null], ["break_on_hyphens", true]], args, kwargs);
  requireSmall(width, long, wrapstring, hyphens);
  const between = wrapstring === null ? "\n" : onlyText(wrapstring);
  return splitLines(onlyText(value))
    .map((line) => wrapLine(line, size(width), isTrue(long), isTrue(hyphens)).join(between))
    .join(between);
}

function replaced(value, args, kwargs) {
  const { old, new: fresh, count } = bind(["old", "new", ["count", null]], args, kwargs);
  const [text, from, to] = [toText(value), toText(old), toText(fresh)];
  const most = count === null || integer(count) < 0 ? Infinity : Number(integer(count));
  if (from === "") return betweenAll(text, to, most);
  const pieces = text.split(from);
  if (text.length + pieces.length * to.length > LONGEST) throw new Unsupported("a text this long");
  if (pieces.length - 1 <= most) return pieces.join(to);
  return pieces.slice(0, most + 1).join(to) + from + pieces.slice(most + 1).join(from);
}

// The empty text stands before each character and at the end.
function betweenAll(text, fresh, most) {
  const chars = [...points(text), ""];
  if (text.length + chars.length * fresh.length > LONGEST) throw new Unsupported("a text this long");
  return chars.map((char, at) => (at < most ? fresh : "") + char).join("");
}

function roundedNumber(value, args, kwargs) {
  const { precision, method } = bind([["precision", 0], ["method", "common"]], args, kwargs);
  requireSmall(precision, method);
  if (!["common", "floor", "ceil"].includes(method)) throw new TemplateError("round takes common, ceil or floor");
  if (!isNumber(refuse(value))) throw new TemplateError("round takes a number");
  if (method === "common") return precision === null ? asPython(value) : rounded(value, size(precision));
  const power = arithmetic("Pow", 10, precision);
  const found = arithmetic("Mul", value, power);
  const near = found instanceof PyFloat ? truncated(Math[method](requireFinite(found.value))) : found;
  return arithmetic("Div", near, power);
}

// round(x, None) is an integer.
function asPython(value) {
  return value instanceof PyFloat ? truncated(rounded(new PyFloat(requireFinite(value.value)), 0).value) : integer(value);
}

function requireFinite(value) {
  if (!Number.isFinite(value)) throw new TemplateError("not a finite number");
  return value;
}

function trimmed(value, args, kwargs) {
  const { chars } = bind([["chars", null]], args, kwargs);
  if (chars === null) return stripped(toText(value));
  const [text, set] = [points(toText(value)), new Set(points(onlyText(chars)))];
  let [from, to] = [0, text.length];
  while (from < to && set.has(text[from])) from += 1;
  while (from < to && set.has(text[to - 1])) to -= 1;
  return text.slice(from, to).join("");
}

function quotedUrl(value, inQuery) {
  let text;
  try {
    text = encodeURIComponent(toText(value));
  } catch {
    throw new TemplateError("half a character has no bytes");
  }
  const found = text.replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  return inQuery ? found.replaceAll("%20", "+") : found.replaceAll("%2F", "/");
}

function urlEncoded(value, args, kwargs) {
  bind([], args, kwargs);
  if (typeof value === "string" || !isIterable(value)) return quotedUrl(value, false);
  const pairs = value instanceof Map ? [...value] : iterate(value).map(iterate);
  if (pairs.some((pair) => pair.length !== 2)) throw new TemplateError("urlencode takes pairs");
  return pairs.map(([key, one]) => `${quotedUrl(key, true)}=${quotedUrl(one, true)}`).join("&");
}

function titled(text) {
  const pieces = text.split(WORD_STARTS).filter(Boolean).map(points);
  return pieces.map(([first, ...rest]) => upper(first) + lower(rest.join(""))).join("");
}

function jsonText(value, args, kwargs) {
  const { indent } = bind([["indent", null]], args, kwargs);
  refuse(value);
  if (indent === null || typeof indent === "string") return toJson(value, indent);
  const width = size(indent);
  if (Math.abs(width) > 100) throw new TemplateError("an indent this wide");
  return toJson(value, " ".repeat(Math.max(0, width)));
}

// A filter that takes nothing but the value as a text.
const onText = (turn) => (value, args, kwargs) => {
  bind([], args, kwargs);
  return turn(toText(value));
};

const FILTERS = {
  ...SEQUENCE_FILTERS,
  abs: (value, args, kwargs) => {
    bind([], args, kwargs);
    return absolute(value);
  },
  capitalize: onText(capitalized),
  center: (value, args, kwargs) => {
    const { width } = bind([["width", 80]], args, kwargs);
    requireSmall(width);
    const text = toText(value);
    const room = Math.max(0, size(width) - points(text).length);
    const left = Math.floor(room / 2) + (room & size(width) & 1);
    return " ".repeat(left) + text + " ".repeat(room - left);
  },
  default: (value, args, kwargs) => {
    const { default_value: other, boolean } = bind([["default_value", ""], ["boolean", false]], args, kwargs);
    return value instanceof Undefined || (isTrue(boolean) && !isTrue(value)) ? other : value;
  },
  escape: onText((text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;").replaceAll("'", "&#x27;")),
  float: (value, args, kwargs) => {
    const { default: other } = bind([["default", new PyFloat(0)]], args, kwargs);
    const found = asFloat(value);
    return found === null ? other : new PyFloat(found);
  },
  filesizeformat: (value, args, kwargs) => {
    const { binary } = bind([["binary", false]], args, kwargs);
    const bytes = asFloat(value);
    if (bytes === null) throw new TemplateError("filesizeformat takes a number");
    return fileSize(bytes, binary);
  },
  format: (value, args, kwargs) => percentFormat(toText(value), kwargs.length ? new Map(kwargs) : PyTuple.from(args)),
  indent: indented,
  int: asInt,
  lower: onText(lower),
  replace: replaced,
  round: roundedNumber,
  string: (value, args, kwargs) => {
    bind([], args, kwargs);
    return putOut(value);
  },
  title: onText(titled),
  tojson: jsonText,
  trim: trimmed,
  truncate: truncatedText,
  upper: onText(upper),
  urlencode: urlEncoded,
  wordcount: onText((text) => (known(text).match(/[\p{L}\p{N}_]+/gu) ?? []).length),
  wordwrap: wrapped,
};
const ALIASES = { count: "length", d: "default", e: "escape" };
// The last two are names that no template can write, but may ask for.
const NAMES = [...Object.keys(FILTERS), ...Object.keys(ALIASES), "~", "#"];

export function runFilter(name, value, args, kwargs) {
  const known = typeof name === "string" ? (ALIASES[name] ?? name) : "";
  if (!Object.hasOwn(FILTERS, known)) throw new TemplateError(`there is no filter named '${toText(name)}'`);
  return FILTERS[known](value, args, kwargs, CALL);
}

export function testValue(name, value, args, kwargs) {
  return runTest(name, value, args, kwargs, NAMES);
}

const CALL = { filter: runFilter, test: testValue };
