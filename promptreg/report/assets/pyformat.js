// Numbers and texts as Python's % operator and jinja2's filesizeformat write them.
import { PyFloat, PyTuple, TemplateError, typeName } from "./pyclasses.js";
import { double, integer, isInt, isNumber, scaled, truncated } from "./pynumbers.js";
import { points } from "./pytext.js";
import { findKey, isTrue, repr, requireDefined, toText } from "./pyvalues.js";

const WIDTHS = /%(?:\([^)]*\))?[#0\- +]*(\*|\d*)(?:\.(\*|\d*))?/g;
const REST = /([#0\- +]*)(\d*)(?:\.(\d*))?[hlL]?([^]?)/uy;

// template % argument: a tuple's items, a dict's values by name, or one value.
export function percentFormat(template, argument) {
  for (const [, ...numbers] of template.matchAll(WIDTHS)) {
    if (numbers.some((number) => number === "*" || (number ?? "").length > 3)) throw new TemplateError("a format that is too wide");
  }
  requireDefined(argument);
  const taken = new Arguments(argument);
  let text = "";
  let at = 0;
  while (at < template.length) {
    const sign = template.indexOf("%", at);
    if (sign < 0) break;
    text += template.slice(at, sign);
    at = sign + 1;
    if (template[at] === "(") at = taken.name(template, at);
    REST.lastIndex = at;
    const [whole, flags, width, precision, kind] = REST.exec(template);
    at += whole.length;
    if (!kind) throw new TemplateError("incomplete format");
    text += kind === "%" ? "%" : padded(written(taken.next(), kind, flags, precision), flags, Number(width), kind);
  }
  taken.finish();
  return text + template.slice(at);
}

class Arguments {
  constructor(argument) {
    this.map = argument instanceof Map ? argument : null;
    this.items = argument instanceof PyTuple ? argument : null;
    this.single = argument;
    this.at = 0;
    this.used = false;
  }

  // Reads `(name)` and makes its value the next argument.
  name(template, start) {
    if (!this.map) throw new TemplateError("format requires a mapping");
    let depth = 0;
    for (let at = start; at < template.length; at++) {
      if (template[at] === "(") depth += 1;
      else if (template[at] === ")") depth -= 1;
      if (depth) continue;
      const key = findKey(this.map, template.slice(start + 1, at));
      if (key === undefined) throw new TemplateError(`no value for '${template.slice(start + 1, at)}'`);
      this.single = this.map.get(key);
      this.used = false;
      return at + 1;
    }
    throw new TemplateError("incomplete format key");
  }

  next() {
    if (this.items ? this.at >= this.items.length : this.used) throw new TemplateError("not enough arguments for format string");
    this.used = true;
    return this.items ? this.items[this.at++] : this.single;
  }

  finish() {
    const left = this.items ? this.at < this.items.length : !this.used && !this.map && !Array.isArray(this.single);
    if (left) throw new TemplateError("not all arguments converted during string formatting");
  }
}

function written(value, kind, flags, precision) {
  const digits = precision === undefined ? null : Number(precision);
  if (kind === "s" || kind === "r" || kind === "a") {
    const text = kind === "s" ? toText(value) : repr(value, kind === "a");
    return digits === null ? text : points(text).slice(0, digits).join("");
  }
  if (kind === "c") return character(value);
  if ("diu".includes(kind)) return decimal(value, flags, digits);
  if ("oxX".includes(kind)) return based(value, kind, flags, digits);
  if ("eEfFgG".includes(kind)) return float(value, kind, flags, digits ?? 6);
  throw new TemplateError(`unsupported format character '${kind}'`);
}

function character(value) {
  if (typeof value === "string" && points(value).length === 1) return value;
  if (!isInt(value) || !(value >= 0 && value <= 0x10ffff)) throw new TemplateError("%c takes a code point or one character");
  return String.fromCodePoint(Number(value));
}

function signed(negative, flags, text) {
  return (negative ? "-" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "") + text;
}

function decimal(value, flags, digits) {
  if (!isNumber(value)) throw new TemplateError(`%d takes a number, not a ${typeName(value)}`);
  const found = value instanceof PyFloat ? truncated(value.value) : integer(value);
  return signed(found < 0, flags, String(found).replace("-", "").padStart(digits ?? 0, "0"));
}

function based(value, kind, flags, digits) {
  if (!isInt(value)) throw new TemplateError(`%${kind} takes an integer, not a ${typeName(value)}`);
  const found = integer(value);
  const text = found.toString(kind === "o" ? 8 : 16).replace("-", "").padStart(digits ?? 0, "0");
  const all = (flags.includes("#") ? `0${kind}` : "") + (kind === "X" ? text.toUpperCase() : text);
  return signed(found < 0, flags, all);
}

function float(value, kind, flags, digits) {
  if (!isNumber(value)) throw new TemplateError(`%${kind} takes a number, not a ${typeName(value)}`);
  const number = double(value);
  const negative = number < 0 || Object.is(number, -0);
  const text = Number.isFinite(number) ? floatDigits(Math.abs(number), kind.toLowerCase(), flags, digits) : Number.isNaN(number) ? "nan" : "inf";
  return signed(negative, flags, kind === kind.toUpperCase() ? text.toUpperCase() : text);
}

function floatDigits(number, kind, flags, digits) {
  const point = flags.includes("#");
  if (kind === "f") return fixed(number, digits) + (point && !digits ? "." : "");
  if (kind === "e") return scientific(number, digits, point);
  const most = digits || 1;
  const rest = scientific(number, most - 1, point);
  const exponent = Number(rest.slice(rest.indexOf("e") + 1));
  const plain = exponent >= -4 && exponent < most;
  const text = plain ? fixed(number, most - 1 - exponent) : rest;
  if (point) return plain && !text.includes(".") ? `${text}.` : text;
  return text.replace(/(\.\d*?)0+(?=e|$)/, "$1").replace(/\.(?=e|$)/, "");
}

// Exactly what stands in the double, rounded half to even; toFixed rounds halves up.
export function fixed(number, digits) {
  const text = scaled(number, digits).toString().padStart(digits + 1, "0");
  return digits ? `${text.slice(0, -digits)}.${text.slice(-digits)}` : text;
}

function scientific(number, digits, point) {
  let exponent = number ? Math.floor(Math.log10(number)) : 0;
  // The logarithm may be one off, and rounding may add a digit.
  while (number && scaled(number, digits - exponent) >= 10n ** BigInt(digits + 1)) exponent += 1;
  while (number && scaled(number, digits - exponent) < 10n ** BigInt(digits)) exponent -= 1;
  const text = scaled(number, digits - exponent).toString().padStart(digits + 1, "0");
  const mantissa = digits ? `${text[0]}.${text.slice(1)}` : text + (point ? "." : "");
  return `${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

function padded(text, flags, width, kind) {
  const room = Math.max(0, width - points(text).length);
  if (flags.includes("-")) return text + " ".repeat(room);
  if (!flags.includes("0") || "srac".includes(kind)) return " ".repeat(room) + text;
  const front = /^[-+ ]?(0[xXo])?/.exec(text)[0];
  return front + "0".repeat(room) + text.slice(front.length);
}

const PREFIXES = ["kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
const BINARY_PREFIXES = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"];

export function fileSize(bytes, binary) {
  const [base, prefixes] = isTrue(binary) ? [1024, BINARY_PREFIXES] : [1000, PREFIXES];
  if (bytes === 1) return "1 Byte";
  if (bytes < base) return `${truncated(bytes)} Bytes`;
  const unit = (power) => Number(BigInt(base) ** BigInt(power + 2));
  let power = prefixes.findIndex((_, at) => bytes < unit(at));
  if (power < 0) power = prefixes.length - 1;
  const found = (base * bytes) / unit(power);
  return `${Number.isFinite(found) ? fixed(found, 1) : Number.isNaN(found) ? "nan" : "inf"} ${prefixes[power]}`;
}
