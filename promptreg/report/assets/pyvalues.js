// Python's values in the page, for the preview: integers are numbers, floats are PyFloat, dicts are
// Maps, lists are Arrays. What cannot be the same as in Python throws Unsupported.

export class Unsupported extends Error {}
export class TemplateError extends Error {}

export class PyFloat {
  constructor(value) {
    this.value = value;
  }
}

export class PyTuple extends Array {}

export class PyRange extends Array {}

// What Python computes once while it is looped over: a second loop finds nothing.
export class PyIterator {
  constructor(items) {
    this.items = items;
  }

  take() {
    const items = this.items;
    this.items = [];
    return items;
  }
}

export class Undefined {
  constructor(message) {
    this.message = message;
  }
}

export class Callable {
  constructor(call) {
    this.call = call;
  }
}

export class Fields {
  constructor(fields) {
    this.fields = fields;
  }
}

const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const UNPRINTABLE = /^[\p{C}\p{Z}]$/u;

export function spaceClass() {
  return SPACE;
}

export function fromJson(text) {
  // A reviver sees the source text, so that 1.0 stays a float; without it a float is not told apart.
  let told = true;
  const value = JSON.parse(text, (key, one, context) => {
    if (typeof one !== "number") return one;
    if (context?.source === undefined) told = Number.isInteger(one) ? false : told;
    const isFloat = context?.source === undefined ? !Number.isInteger(one) : /[.eE]/.test(context.source);
    if (isFloat) return new PyFloat(one);
    return whole(one);
  });
  if (!told) throw new Unsupported("this browser does not tell 1 from 1.0");
  return toPython(value);
}

function toPython(value) {
  if (Array.isArray(value)) return value.map(toPython);
  if (value && value.constructor === Object) return new Map(Object.entries(value).map(([key, one]) => [key, toPython(one)]));
  return value;
}

export function isNumber(value) {
  return typeof value === "number" || typeof value === "boolean" || value instanceof PyFloat;
}

export function numeric(value) {
  if (value instanceof PyFloat) return value.value;
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return Number(value);
  refuse(value);
  throw new TemplateError(`a ${typeName(value)} is no number`);
}

export function whole(value) {
  if (!Number.isSafeInteger(value)) throw new Unsupported("an integer beyond 2^53");
  return value === 0 ? 0 : value;
}

export function refuse(value) {
  if (value instanceof Undefined) throw new TemplateError(value.message);
  return value;
}

export function typeName(value) {
  if (value === null) return "NoneType";
  if (value instanceof PyFloat) return "float";
  if (value instanceof PyTuple) return "tuple";
  if (value instanceof PyRange) return "range";
  if (Array.isArray(value)) return "list";
  if (value instanceof Map) return "dict";
  return { string: "str", number: "int", boolean: "bool" }[typeof value] ?? "object";
}

export function isTrue(value) {
  refuse(value);
  if (value === null || value === false || value === 0 || value === "") return false;
  if (value instanceof PyFloat) return value.value !== 0;
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Map) return value.size > 0;
  return true;
}

export function toText(value) {
  if (typeof value === "string") return value;
  return repr(refuse(value));
}

export function repr(value) {
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value === "number") return String(value);
  if (value instanceof PyFloat) return floatText(value.value);
  if (typeof value === "string") return quoted(value);
  if (value instanceof PyTuple) return `(${value.map(repr).join(", ")}${value.length === 1 ? "," : ""})`;
  if (value instanceof PyRange) throw new Unsupported("printing a range");
  if (Array.isArray(value)) return `[${value.map(repr).join(", ")}]`;
  if (value instanceof Map) return `{${[...value].map(([key, one]) => `${repr(key)}: ${repr(one)}`).join(", ")}}`;
  if (value instanceof Undefined) throw new TemplateError(value.message);
  throw new Unsupported("printing an object that is no plain value");
}

export function floatText(value) {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const [mantissa, power] = Math.abs(value).toExponential().split("e");
  const digits = mantissa.replace(".", "");
  const exponent = Number(power);
  const sign = value < 0 ? "-" : "";
  if (exponent < -4 || exponent >= 16) {
    const rest = digits.length > 1 ? `.${digits.slice(1)}` : "";
    return `${sign}${digits[0]}${rest}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const front = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return `${sign}${front}.${digits.slice(exponent + 1) || "0"}`;
}

function quoted(text) {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  let found = "";
  for (const char of text) {
    const code = char.codePointAt(0);
    if (char === mark || char === "\\") found += `\\${char}`;
    else if (char === "\n") found += "\\n";
    else if (char === "\r") found += "\\r";
    else if (char === "\t") found += "\\t";
    else if (char !== " " && UNPRINTABLE.test(char)) {
      if (code < 0x100) found += `\\x${code.toString(16).padStart(2, "0")}`;
      else if (code < 0x10000) found += `\\u${code.toString(16).padStart(4, "0")}`;
      else found += `\\U${code.toString(16).padStart(8, "0")}`;
    } else found += char;
  }
  return mark + found + mark;
}

// The elements a loop sees.
export function iterate(value) {
  refuse(value);
  if (typeof value === "string") return [...value];
  if (Array.isArray(value)) return [...value];
  if (value instanceof Map) return [...value.keys()];
  if (value instanceof PyIterator) return value.take();
  if (value instanceof Fields) return [...Object.values(value.fields)];
  throw new TemplateError(`a ${typeName(value)} cannot be looped over`);
}

export function lengthOf(value) {
  refuse(value);
  if (typeof value === "string") return [...value].length;
  if (Array.isArray(value)) return value.length;
  if (value instanceof Map) return value.size;
  throw new TemplateError(`a ${typeName(value)} has no length`);
}

export function equal(a, b) {
  refuse(a);
  refuse(b);
  if (isNumber(a) && isNumber(b)) return numeric(a) === numeric(b);
  if (typeof a === "string" || typeof b === "string" || a === null || b === null) return a === b;
  if (a instanceof PyRange || b instanceof PyRange) throw new Unsupported("comparing ranges");
  if (Array.isArray(a) && Array.isArray(b)) {
    return a instanceof PyTuple === b instanceof PyTuple && a.length === b.length && a.every((one, at) => equal(one, b[at]));
  }
  if (a instanceof Map && b instanceof Map) {
    return a.size === b.size && [...a].every(([key, one]) => b.has(key) && equal(one, b.get(key)));
  }
  return a === b;
}

export function order(a, b) {
  refuse(a);
  refuse(b);
  if (isNumber(a) && isNumber(b)) {
    const [x, y] = [numeric(a), numeric(b)];
    if (Number.isNaN(x) || Number.isNaN(y)) throw new Unsupported("comparing nan");
    return x < y ? -1 : x > y ? 1 : 0;
  }
  if (typeof a === "string" && typeof b === "string") return orderTexts(a, b);
  if (Array.isArray(a) && Array.isArray(b) && a.constructor === b.constructor && !(a instanceof PyRange)) {
    for (let at = 0; at < Math.min(a.length, b.length); at++) {
      if (!equal(a[at], b[at])) return order(a[at], b[at]);
    }
    return a.length - b.length;
  }
  throw new TemplateError(`a ${typeName(a)} and a ${typeName(b)} have no order`);
}

// By code points, as Python does, not by UTF-16 units.
function orderTexts(a, b) {
  const [x, y] = [[...a], [...b]];
  for (let at = 0; at < Math.min(x.length, y.length); at++) {
    if (x[at] !== y[at]) return x[at].codePointAt(0) - y[at].codePointAt(0);
  }
  return x.length - y.length;
}

export function contains(box, item) {
  refuse(item);
  if (typeof box === "string") {
    if (typeof item !== "string") throw new TemplateError(`a ${typeName(item)} cannot be in a text`);
    return box.includes(item);
  }
  if (box instanceof Map) {
    if (Array.isArray(item) || item instanceof Map) throw new TemplateError(`a ${typeName(item)} cannot be a key`);
    return [...box.keys()].some((key) => equal(key, item));
  }
  return iterate(box).some((one) => equal(one, item));
}

const floats = (a, b) => a instanceof PyFloat || b instanceof PyFloat;

export function binary(operator, a, b) {
  refuse(a);
  refuse(b);
  if (isNumber(a) && isNumber(b)) return arithmetic(operator, a, b);
  if (operator === "Add") {
    if (typeof a === "string" && typeof b === "string") return a + b;
    if (Array.isArray(a) && Array.isArray(b) && a.constructor === b.constructor && !(a instanceof PyRange)) return a.concat(b);
  }
  if (operator === "Mul") {
    const [items, times] = isNumber(a) ? [b, a] : [a, b];
    if (!(times instanceof PyFloat) && isNumber(times) && (typeof items === "string" || Array.isArray(items)) && !(items instanceof PyRange)) {
      return repeat(items, Math.max(0, numeric(times)));
    }
  }
  throw new TemplateError(`${operator} does not work between a ${typeName(a)} and a ${typeName(b)}`);
}

function repeat(items, times) {
  if (items.length * times > 1e6) throw new Unsupported("a value this long");
  if (typeof items === "string") return items.repeat(times);
  const found = items.slice(0, 0);
  for (let at = 0; at < times; at++) found.push(...items);
  return found;
}

function arithmetic(operator, a, b) {
  const [x, y] = [numeric(a), numeric(b)];
  const float = floats(a, b);
  const wrap = (value) => (float ? new PyFloat(value) : whole(value));
  if (operator === "Add") return wrap(x + y);
  if (operator === "Sub") return wrap(x - y);
  if (operator === "Mul") return wrap(x * y);
  if (operator === "Pow") {
    if (float || y < 0) throw new Unsupported("a power with floats");
    return whole(x ** y);
  }
  if (y === 0) throw new TemplateError("division by zero");
  if (operator === "Div") return new PyFloat(x / y);
  if (float && (operator === "FloorDiv" || operator === "Mod")) return new PyFloat(floatDivmod(x, y)[operator === "Mod" ? 1 : 0]);
  if (operator === "FloorDiv") return whole(Math.floor(x / y));
  if (operator === "Mod") return whole(((x % y) + y) % y);
  throw new Unsupported(`the operator ${operator}`);
}

// As CPython's float_divmod, whose remainder has the divisor's sign.
function floatDivmod(x, y) {
  let remainder = x % y;
  let quotient = (x - remainder) / y;
  if (remainder !== 0) {
    if (y < 0 !== remainder < 0) {
      remainder += y;
      quotient -= 1;
    }
  } else remainder = y < 0 ? -0 : 0;
  if (quotient === 0) return [x / y < 0 || Object.is(x / y, -0) ? -0 : 0, remainder];
  const floor = Math.floor(quotient);
  return [quotient - floor > 0.5 ? floor + 1 : floor, remainder];
}

export function getItem(box, key) {
  refuse(box);
  refuse(key);
  if (box instanceof Map) {
    if (typeof key === "string") return box.has(key) ? box.get(key) : missing(box, key);
    for (const [one, value] of box) {
      if (equal(one, key)) return value;
    }
    return missing(box, key);
  }
  if ((Array.isArray(box) || typeof box === "string") && (typeof key === "number" || typeof key === "boolean")) {
    const items = typeof box === "string" ? [...box] : box;
    const at = Number(key) < 0 ? items.length + Number(key) : Number(key);
    return at >= 0 && at < items.length ? items[at] : missing(box, key);
  }
  if (box instanceof Fields && typeof key === "number") throw new Unsupported("a group by number");
  return missing(box, key);
}

export function missing(box, key) {
  return new Undefined(`a ${typeName(box)} has no element ${typeof key === "string" ? `'${key}'` : repr(key)}`);
}

export function sliceOf(box, start, stop, step) {
  refuse(box);
  if (typeof box !== "string" && !Array.isArray(box)) throw new TemplateError(`a ${typeName(box)} cannot be sliced`);
  if (box instanceof PyRange) throw new Unsupported("slicing a range");
  const items = typeof box === "string" ? [...box] : box;
  const by = step ?? 1;
  if (![start, stop, step].every((one) => one === null || Number.isInteger(one))) throw new TemplateError("a slice takes integers");
  if (by === 0) throw new TemplateError("a slice cannot step by zero");
  const n = items.length;
  const [low, high] = by > 0 ? [0, n] : [-1, n - 1];
  const place = (value, otherwise) => (value === null ? otherwise : Math.max(low, Math.min(high, value < 0 ? value + n : value)));
  const [from, to] = [place(start, by > 0 ? 0 : n - 1), place(stop, by > 0 ? n : -1)];
  const found = Array.isArray(box) ? box.slice(0, 0) : [];
  for (let at = from; by > 0 ? at < to : at > to; at += by) found.push(items[at]);
  return typeof box === "string" ? found.join("") : found;
}
