// Numbers and texts as Python's % operator and jinja2's filesizeformat write them.
import { isTrue, numeric, PyFloat, refuse, TemplateError, toText, typeName, Unsupported } from "./pyvalues.js";

const SPECIFIER = /%(?:\(([^)]*)\))?([-#0 +]*)(\*|\d*)(?:\.(\*|\d*))?(.?)/gsu;
const LONGEST = 999;

// Exactly what stands in the double, rounded half to even; toFixed rounds halves up.
export function fixed(value, precision) {
  const exact = Math.abs(value).toFixed(100);
  const point = exact.indexOf(".");
  const rest = exact.slice(point + 1 + precision);
  let digits = BigInt(exact.slice(0, point + 1 + precision).replace(".", ""));
  const half = `5${"0".repeat(rest.length - 1)}`;
  if (rest > half || (rest === half && digits % 2n === 1n)) digits += 1n;
  const text = digits.toString().padStart(precision + 1, "0");
  return precision ? `${text.slice(0, -precision)}.${text.slice(-precision)}` : text;
}

// template % arguments, of which named ones are a Map.
export function percentFormat(template, args, named) {
  let next = 0;
  let found = false;
  const text = template.replace(SPECIFIER, (whole, name, flags, width, precision, kind) => {
    if (kind === "%") {
      if (whole !== "%%") throw new Unsupported("this format");
      return "%";
    }
    if (!"sdif".includes(kind) || !kind || width === "*" || precision === "*" || /[#+ ]/.test(flags)) throw new Unsupported("this format");
    if (Number(width) > LONGEST || Number(precision ?? 0) > 20) throw new Unsupported("so wide a format");
    found = true;
    if (named.size && name === undefined) throw new Unsupported("a format of a mapping");
    if (name !== undefined && !named.size) throw new TemplateError("format requires a mapping");
    if (name === undefined && next >= args.length) throw new TemplateError("not enough arguments for format string");
    if (name !== undefined && !named.has(name)) throw new TemplateError(`no value for '${name}'`);
    const value = refuse(name === undefined ? args[next++] : named.get(name));
    return padded(written(value, kind, precision), flags, Number(width), kind);
  });
  if (!named.size && next < args.length) throw new TemplateError("not all arguments converted during string formatting");
  if (named.size && !found) throw new Unsupported("a format that names nothing");
  return text;
}

function written(value, kind, precision) {
  if (kind === "s") return precision === undefined ? toText(value) : [...toText(value)].slice(0, Number(precision)).join("");
  if (typeof value !== "number" && typeof value !== "boolean" && !(value instanceof PyFloat)) throw new TemplateError(`a ${typeName(value)} is no number`);
  const number = numeric(value);
  if (!Number.isFinite(number) || Math.abs(number) >= 1e21) throw new Unsupported("a number of this size");
  const sign = number < 0 || Object.is(number, -0) ? "-" : "";
  if (kind === "f") return sign + fixed(number, precision === undefined ? 6 : Number(precision));
  if (precision !== undefined) throw new Unsupported("digits of an integer");
  const digits = fixed(Math.trunc(Math.abs(number)), 0);
  return (digits === "0" ? "" : sign) + digits;
}

function padded(text, flags, width, kind) {
  const room = Math.max(0, width - [...text].length);
  if (flags.includes("-")) return text + " ".repeat(room);
  if (!flags.includes("0") || kind === "s") return " ".repeat(room) + text;
  const sign = text.startsWith("-") ? "-" : "";
  return sign + "0".repeat(room) + text.slice(sign.length);
}

export function fileSize(value, binary) {
  const [isBinary, bytes] = [isTrue(binary), numeric(value)];
  if (!Number.isFinite(bytes) || bytes >= 1e21) throw new Unsupported("a size like this");
  const base = isBinary ? 1024 : 1000;
  if (bytes === 1) return "1 Byte";
  if (bytes < base) return `${Math.trunc(bytes) || 0} Bytes`;
  let power = 1;
  while (bytes >= base ** (power + 1)) power += 1;
  return `${fixed((base * bytes) / base ** (power + 1), 1)} ${"kMGTPEZY"[power - 1].replace("k", isBinary ? "K" : "k")}${isBinary ? "iB" : "B"}`;
}
