// What Python's operators and builtins do with values: truth, order, items, text.
import { Blank, Callable, Macro, PyFloat, PyIterator, PyRange, PyTuple, refuse, TemplateError, typeName, Undefined, Unsupported } from "./pyclasses.js";
import { arithmetic, comparable, floatText, isInt, isNumber, size } from "./pynumbers.js";
import { orderTexts, points, quoted } from "./pytext.js";

const LONGEST = 4e6;

export function isTrue(value) {
  refuse(value);
  if (value === null || value === false || value === 0 || value === "") return false;
  if (value instanceof PyFloat) return value.value !== 0;
  if (value instanceof Blank) return false;
  if (Array.isArray(value) || value instanceof PyRange) return value.length > 0;
  if (value instanceof Map) return value.size > 0;
  return true;
}

// What str() gives: an undefined value is refused, but inside a list it is the word Undefined.
export function toText(value) {
  if (value instanceof Blank) return "";
  return typeof value === "string" ? value : repr(refuse(value));
}

// What a template puts out, where no part may be undefined.
export function putOut(value) {
  if (typeof value === "string") return value;
  requireDefined(value);
  return toText(value);
}

export function requireDefined(value) {
  refuse(value);
  if (Array.isArray(value)) value.forEach(requireDefined);
  else if (value instanceof Map) {
    for (const [key, one] of value) {
      requireDefined(key);
      requireDefined(one);
    }
  }
}

export function repr(value, ascii = false) {
  const inner = (one) => repr(one, ascii);
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (isInt(value)) return String(value);
  if (value instanceof PyFloat) return floatText(value.value);
  if (typeof value === "string") return quoted(value, ascii);
  if (value instanceof PyTuple) return `(${Array.from(value, inner).join(", ")}${value.length === 1 ? "," : ""})`;
  if (Array.isArray(value)) return `[${value.map(inner).join(", ")}]`;
  if (value instanceof Map) return `{${[...value].map(([key, one]) => `${inner(key)}: ${inner(one)}`).join(", ")}}`;
  if (value instanceof PyRange) return `range(${value.start}, ${value.stop}${value.step === 1 ? "" : `, ${value.step}`})`;
  if (value instanceof Undefined) return "Undefined";
  if (value instanceof Macro) return `<Macro ${value.name === null ? "anonymous" : quoted(value.name)}>`;
  if (value?.isLoop) return value.text();
  throw new Unsupported("printing an object that is no plain value");
}

export function isIterable(value) {
  return typeof refuse(value) === "string" || Array.isArray(value) || value instanceof Map || value instanceof PyRange || value instanceof PyIterator || value instanceof Blank || Boolean(value?.isLoop);
}

// Something a loop can go through once; an iterator goes on where it was left.
export function iterator(value) {
  if (!isIterable(value)) throw new TemplateError(`a ${typeName(value)} cannot be looped over`);
  if (value.isLoop) throw new Unsupported("looping over a loop");
  if (value instanceof Blank) return new PyIterator([]);
  return value instanceof PyIterator ? value : new PyIterator(value instanceof Map ? value.keys() : value);
}

// All elements a loop sees.
export function iterate(value) {
  return [...iterator(value)];
}

export function hasLength(value) {
  return typeof value === "string" || Array.isArray(value) || value instanceof Map || value instanceof PyRange || value instanceof Blank || Boolean(value?.isLoop);
}

export function lengthOf(value) {
  if (!hasLength(refuse(value))) throw new TemplateError(`a ${typeName(value)} has no length`);
  if (value.isLoop) return value.length;
  if (value instanceof Blank) return 0;
  return value instanceof Map ? value.size : typeof value === "string" ? points(value).length : value.length;
}

export function equal(a, b) {
  refuse(a);
  refuse(b);
  if (isNumber(a) && isNumber(b)) return comparable(a) == comparable(b);
  if (a instanceof PyRange && b instanceof PyRange) return a.length === b.length && [...a].every((one, at) => one === b.at(at));
  if (Array.isArray(a) && Array.isArray(b)) {
    return a instanceof PyTuple === b instanceof PyTuple && a.length === b.length && a.every((one, at) => same(one, b[at]));
  }
  if (a instanceof Map && b instanceof Map) {
    if (a.size !== b.size) return false;
    return [...a].every(([key, one]) => {
      const found = findKey(b, key);
      return found !== undefined && same(one, b.get(found));
    });
  }
  return a === b || (a instanceof Blank && b instanceof Blank);
}

// What containers ask: an object is the same as itself, also where it is not equal to itself.
function same(a, b) {
  return (typeof a === "object" && a !== null && a === b) || equal(a, b);
}

// Below, at or above 0, or NaN where two floats have no order.
export function order(a, b) {
  refuse(a);
  refuse(b);
  if (isNumber(a) && isNumber(b)) {
    const [x, y] = [comparable(a), comparable(b)];
    return x < y ? -1 : x > y ? 1 : Number.isNaN(x) || Number.isNaN(y) ? NaN : 0;
  }
  if (typeof a === "string" && typeof b === "string") return orderTexts(a, b);
  if (Array.isArray(a) && Array.isArray(b) && a instanceof PyTuple === b instanceof PyTuple) {
    for (let at = 0; at < Math.min(a.length, b.length); at++) {
      if (!same(a[at], b[at])) return order(a[at], b[at]);
    }
    return a.length - b.length;
  }
  throw new TemplateError(`a ${typeName(a)} and a ${typeName(b)} have no order`);
}

export function requireHashable(value) {
  refuse(value);
  if (value instanceof PyTuple) value.forEach(requireHashable);
  else if (Array.isArray(value) || value instanceof Map) throw new TemplateError(`a ${typeName(value)} cannot be a key`);
  return value;
}

// The key of a dict that is equal to a value, or undefined.
export function findKey(map, key) {
  if (typeof key === "string") return map.has(key) ? key : undefined;
  requireHashable(key);
  for (const one of map.keys()) {
    if (same(one, key)) return one;
  }
  return undefined;
}

export function putItem(map, key, value) {
  map.set(findKey(map, key) ?? key, value);
}

export function contains(box, item) {
  if (typeof box === "string") {
    if (typeof item !== "string") throw new TemplateError(`a ${typeName(item)} cannot be in a text`);
    return box.includes(item);
  }
  if (box instanceof Map) return findKey(box, item) !== undefined;
  for (const one of iterator(box)) {
    if (same(one, item)) return true;
  }
  return false;
}

export function binary(operator, a, b) {
  refuse(a);
  refuse(b);
  if (isNumber(a) && isNumber(b)) return arithmetic(operator, a, b);
  if (operator === "Add") {
    if (typeof a === "string" && typeof b === "string") return limited(a + b);
    if (Array.isArray(a) && Array.isArray(b) && a instanceof PyTuple === b instanceof PyTuple) return listLike(a, [...a, ...b]);
  }
  if (operator === "Mul") {
    const [items, times] = isInt(a) ? [b, a] : [a, b];
    if (isInt(times) && (typeof items === "string" || Array.isArray(items))) return repeat(items, times);
  }
  throw new TemplateError(`${operator} does not work between a ${typeName(a)} and a ${typeName(b)}`);
}

function limited(text) {
  if (text.length > LONGEST) throw new Unsupported("a value this long");
  return text;
}

// Parts of a tuple are a tuple, of a group, too.
function listLike(kind, items) {
  return kind instanceof PyTuple ? PyTuple.from(items) : items;
}

function repeat(items, times) {
  if (typeof times === "bigint" && (times >= 2n ** 63n || times < -(2n ** 63n))) throw new TemplateError("an integer too large to count with");
  const count = times > 0 ? times : 0;
  if (items.length && Number(count) * items.length > LONGEST) throw new Unsupported("a value this long");
  if (!items.length) return typeof items === "string" ? "" : listLike(items, []);
  if (typeof items === "string") return items.repeat(Number(count));
  return listLike(items, Array.from({ length: Number(count) }, () => [...items]).flat());
}

// As the sandbox looks an item up: what is not there is undefined.
export function getItem(box, key) {
  if (box instanceof Undefined) throw new TemplateError(box.message);
  if (box instanceof Map) {
    if (Array.isArray(key) && !(key instanceof PyTuple)) return missing(box, key);
    if (key instanceof Map) return missing(box, key);
    const found = findKey(box, key);
    return found === undefined ? missing(box, key) : box.get(found);
  }
  if ((Array.isArray(box) || typeof box === "string") && isInt(key)) {
    const items = typeof box === "string" ? points(box) : box;
    const at = Number(key) < 0 ? items.length + Number(key) : Number(key);
    return at >= 0 && at < items.length ? items[at] : missing(box, key);
  }
  return missing(box, key);
}

export function missing(box, key) {
  const name = typeof key === "string" ? `'${key}'` : isNumber(key) ? toText(key) : `a ${typeName(key)}`;
  return new Undefined(`a ${typeName(box)} has no element ${name}`);
}

export function sliceOf(box, ...bounds) {
  refuse(box);
  if (typeof box !== "string" && !Array.isArray(box) && !(box instanceof PyRange)) throw new TemplateError(`a ${typeName(box)} cannot be sliced`);
  if (!bounds.every((one) => one === null || isInt(one))) throw new TemplateError("a slice takes integers");
  // A bigint lies beyond any length, as its number does.
  const [start, stop, step] = bounds.map((one) => (one === null ? null : Number(one)));
  const items = typeof box === "string" ? points(box) : box;
  const by = step ?? 1;
  if (by === 0) throw new TemplateError("a slice cannot step by zero");
  const n = items.length;
  const [low, high] = by > 0 ? [0, n] : [-1, n - 1];
  const place = (value, otherwise) => (value === null ? otherwise : Math.max(low, Math.min(high, value < 0 ? value + n : value)));
  const [from, to] = [place(start, by > 0 ? 0 : n - 1), place(stop, by > 0 ? n : -1)];
  if (box instanceof PyRange) return new PyRange(box.at(from), box.at(to), box.step * by);
  const found = [];
  for (let at = from; by > 0 ? at < to : at > to; at += by) found.push(items[at]);
  return typeof box === "string" ? found.join("") : listLike(box, found);
}

export function isCallable(value) {
  return value instanceof Callable || value instanceof Undefined || Boolean(value?.isLoop);
}

export function makeRange(args) {
  const numbers = args.map(size);
  if (numbers.length < 1 || numbers.length > 3) throw new TemplateError("range takes one to three numbers");
  const [start, stop, by] = numbers.length === 1 ? [0, numbers[0], 1] : [numbers[0], numbers[1], numbers[2] ?? 1];
  if (by === 0) throw new TemplateError("range cannot step by zero");
  const found = new PyRange(start, stop, by);
  if (found.length && Math.floor(Math.abs(stop - start) / Math.abs(by)) > 100_000) throw new TemplateError("the range is too long");
  return found;
}
