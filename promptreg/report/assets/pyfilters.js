// The filters of templates, as jinja2 and our sandbox define them.
import { fileSize, fixed, percentFormat } from "./pyformat.js";
import { easyCase, runTest } from "./pytests.js";
import {
  binary, equal, Fields, floatText, getItem, isNumber, isTrue, iterate, lengthOf, missing, numeric, order, PyFloat, PyIterator,
  PyTuple, refuse, spaceClass, TemplateError, toText, Undefined, Unsupported, whole,
} from "./pyvalues.js";

const SPACES = new RegExp(`^[${spaceClass()}]+|[${spaceClass()}]+$`, "g");
const WORD_STARTS = new RegExp(`([-${spaceClass()}({\\[<]+)`);
const LINE_END = /\r\n|[\n\v\f\r\x1c-\x1e\x85\u2028\u2029]/;

// Binds positional and named arguments to names with defaults.
function bind(names, args, kwargs) {
  const bound = Object.fromEntries(names.map((name, at) => [Array.isArray(name) ? name[0] : name, at < args.length ? args[at] : Array.isArray(name) ? name[1] : undefined]));
  for (const [name, value] of kwargs) {
    if (!(name in bound)) throw new TemplateError(`unknown argument ${name}`);
    bound[name] = value;
  }
  if (args.length > names.length) throw new TemplateError("too many arguments");
  for (const [name, value] of Object.entries(bound)) {
    if (value === undefined) throw new TemplateError(`missing argument ${name}`);
  }
  return bound;
}

function points(text) {
  return [...text];
}

function attributeOf(name) {
  if (typeof name === "number") return (item) => getItem(item, name);
  if (typeof name !== "string") throw new Unsupported("this attribute");
  const parts = name.split(".").map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  return (item) => parts.reduce((box, part) => refuseGroup(box, part) ?? (refuse(box) instanceof Fields ? (box.fields[part] ?? missing(box, part)) : getItem(box, part)), item);
}

function refuseGroup(box, part) {
  if (box?.isGroup && typeof part === "string") throw new Unsupported("a group's parts by name");
  return null;
}

function folded(caseSensitive) {
  return (value) => (typeof value === "string" && !caseSensitive ? value.toLowerCase() : value);
}

function keyOf(attribute, caseSensitive) {
  const fold = folded(caseSensitive);
  const get = attribute === null ? (item) => item : attributeOf(attribute);
  // A lone item is never compared, so that an undefined key does no harm.
  return (item) => fold(get(item));
}

function sorted(items, key, reverse) {
  const found = items.map((item) => [key(item), item]);
  found.sort(([a], [b]) => (reverse ? order(b, a) : order(a, b)));
  return found.map(([, item]) => item);
}

function extreme(turn) {
  return (value, args, kwargs) => {
    const { case_sensitive: sensitive, attribute } = bind([["case_sensitive", false], ["attribute", null]], args, kwargs);
    const items = iterate(value);
    if (!items.length) return new Undefined("No aggregated item, sequence was empty.");
    const key = keyOf(attribute, isTrue(sensitive));
    return items.reduce((best, item) => (turn * order(key(item), key(best)) > 0 ? item : best));
  };
}

function choose(keep, byAttribute) {
  return (value, args, kwargs) => {
    if (kwargs.length) throw new Unsupported("named arguments here");
    // Nothing to choose from is no error, whatever kind of nothing it is.
    if (!isTrue(value)) return new PyIterator([]);
    const [attribute, rest] = byAttribute ? [attributeOf(args[0]), args.slice(1)] : [(item) => item, args];
    const test = rest.length ? (item) => runTest(rest[0], item, rest.slice(1), []) : isTrue;
    return new PyIterator(iterate(value).filter((item) => test(attribute(item)) === keep));
  };
}

function roundHalfEven(value, precision) {
  if (!Number.isFinite(value) || Math.abs(value) >= 1e21) return value;
  if (precision < 0 || precision > 15) throw new Unsupported("this precision");
  return (value < 0 || Object.is(value, -0) ? -1 : 1) * Number(fixed(value, precision));
}

function sumOf(items, start) {
  if (!items.some((item) => item instanceof PyFloat) && !(start instanceof PyFloat)) {
    return items.reduce((sum, item) => binary("Add", sum, item), start);
  }
  // Python 3.12 sums floats with compensation, older ones do not: only equal answers are shown.
  let plain = numeric(start);
  let exact = plain;
  let lost = 0;
  for (const item of items) {
    const x = numeric(item);
    plain += x;
    const next = exact + x;
    lost += Math.abs(exact) >= Math.abs(x) ? exact - next + x : x - next + exact;
    exact = next;
  }
  if (plain !== exact + lost) throw new Unsupported("this sum of floats");
  return new PyFloat(plain);
}

function asFloat(value, otherwise) {
  refuse(value);
  if (isNumber(value)) return new PyFloat(numeric(value));
  if (typeof value === "string") {
    if (/[^\x00-\x7f]/.test(value)) throw new Unsupported("a number outside ASCII");
    const text = value.replace(SPACES, "");
    if (/^[+-]?(\d+(_\d+)*\.?(\d+(_\d+)*)?|\.\d+(_\d+)*)([eE][+-]?\d+(_\d+)*)?$/.test(text)) return new PyFloat(Number(text.replaceAll("_", "")));
    const named = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
    if (named) return new PyFloat(named[2].toLowerCase() === "nan" ? NaN : named[1] === "-" ? -Infinity : Infinity);
  }
  return otherwise;
}

function asInt(value, otherwise) {
  refuse(value);
  if (typeof value === "number" || typeof value === "boolean") return Number(value);
  if (typeof value === "string" && /^[+-]?\d+(_\d+)*$/.test(value.replace(SPACES, ""))) return whole(Number(value.replace(SPACES, "").replaceAll("_", "")));
  const float = asFloat(value, null);
  if (float === null) return otherwise;
  if (!Number.isFinite(float.value)) {
    if (value instanceof PyFloat || !Number.isNaN(float.value)) throw new TemplateError("not a finite number");
    return otherwise;
  }
  return whole(Math.trunc(float.value));
}

export function toJson(value, indent, depth = 0) {
  refuse(value);
  const pad = indent === null ? "" : `\n${" ".repeat(indent * (depth + 1))}`;
  const end = indent === null ? "" : `\n${" ".repeat(indent * depth)}`;
  const comma = indent === null ? ", " : ",";
  const list = (open, parts, close) => (parts.length ? `${open}${pad}${parts.join(comma + pad)}${end}${close}` : open + close);
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") return String(value);
  if (value instanceof PyFloat) return floatText(value.value).replace("nan", "NaN").replace("inf", "Infinity");
  if (typeof value === "string") return JSON.stringify(value);
  if (value instanceof Map) {
    const key = (one) => (typeof one === "string" ? JSON.stringify(one) : one instanceof PyTuple ? refuseKey() : `"${toJson(one, null)}"`);
    return list("{", [...value].map(([one, item]) => `${key(one)}: ${toJson(item, indent, depth + 1)}`), "}");
  }
  return list("[", iterate(value).map((item) => toJson(item, indent, depth + 1)), "]");
}

function refuseKey() {
  throw new TemplateError("a tuple cannot be a JSON key");
}

// These filters take a text as it is; what they make of anything else is no use to anybody.
function onlyText(value) {
  if (typeof refuse(value) !== "string") throw new Unsupported("this filter on what is no text");
  return value;
}

function indented(value, args, kwargs) {
  const { width, first, blank } = bind([["width", 4], ["first", false], ["blank", false]], args, kwargs);
  const step = typeof width === "string" ? width : " ".repeat(Math.max(0, numeric(width)));
  const lines = `${onlyText(value)}\n`.split(LINE_END).slice(0, -1);
  const [head, ...rest] = lines;
  const others = rest.map((line) => (line || isTrue(blank) ? step + line : line));
  return (isTrue(first) ? step : "") + [head, ...others].join("\n");
}

function truncated(value, args, kwargs) {
  const { length, killwords, end, leeway } = bind([["length", 255], ["killwords", false], ["end", "..."], ["leeway", null]], args, kwargs);
  const text = points(onlyText(value));
  const [most, spare, tail] = [numeric(length), leeway === null ? 5 : numeric(leeway), points(toText(end))];
  if (most < tail.length || spare < 0) throw new TemplateError("a length too short for its end");
  if (text.length <= most + spare) return text.join("");
  const kept = text.slice(0, most - tail.length).join("");
  if (isTrue(killwords)) return kept + tail.join("");
  const blank = kept.lastIndexOf(" ");
  return (blank < 0 ? kept : kept.slice(0, blank)) + tail.join("");
}

function replaced(value, args, kwargs) {
  const { old, new: fresh, count } = bind(["old", "new", ["count", null]], args, kwargs);
  const [text, from, to] = [toText(value), toText(old), toText(fresh)];
  const most = count === null || numeric(count) < 0 ? Infinity : numeric(count);
  const parts = from === "" ? ["", ...points(text), ""] : text.split(from);
  if (parts.length - 1 <= most) return parts.join(to);
  const tail = parts.slice(most + 1).join(from);
  return parts.slice(0, most + 1).join(to) + (from === "" ? tail : from + tail);
}

function joined(value, args, kwargs) {
  const { d, attribute } = bind([["d", ""], ["attribute", null]], args, kwargs);
  const get = attribute === null ? (item) => item : attributeOf(attribute);
  return iterate(value).map((item) => toText(get(item))).join(toText(d));
}

function grouped(value, args, kwargs) {
  const { attribute, default: other, case_sensitive: sensitive } = bind(["attribute", ["default", null], ["case_sensitive", false]], args, kwargs);
  if (typeof attribute === "string" && attribute.includes(",")) throw new Unsupported("grouping by several attributes");
  const read = attributeOf(attribute);
  const get = (item) => {
    const found = read(item);
    if (found instanceof Undefined && other === null) throw new Unsupported("groups of what is not there");
    return found instanceof Undefined ? other : found;
  };
  const key = (item) => folded(isTrue(sensitive))(get(item));
  const groups = [];
  for (const item of sorted(iterate(value), key, false)) {
    const last = groups.at(-1);
    if (last && equal(key(last[1][0]), key(item))) last[1].push(item);
    // Python calls the parts of a group `grouper` and `list`, too.
    else groups.push(Object.assign(PyTuple.from([get(item), [item]]), { isGroup: true }));
  }
  return groups;
}

const FILTERS = {
  abs: (value) => (value instanceof PyFloat ? new PyFloat(Math.abs(value.value)) : Math.abs(numeric(value))),
  batch: (value, args, kwargs) => {
    const { linecount, fill_with: fill } = bind(["linecount", ["fill_with", null]], args, kwargs);
    const [items, rows] = [iterate(value), []];
    if (!(linecount >= 1)) throw new Unsupported("a batch of this size");
    while (items.length) rows.push(items.splice(0, linecount));
    while (rows.length && fill !== null && rows.at(-1).length < linecount) rows.at(-1).push(fill);
    return new PyIterator(rows);
  },
  capitalize: (value) => {
    const text = easyCase(toText(value));
    const [first = "", ...rest] = points(text.toLowerCase());
    return first.toUpperCase() + rest.join("");
  },
  center: (value, args, kwargs) => {
    const { width } = bind([["width", 80]], args, kwargs);
    const text = toText(value);
    const room = Math.max(0, numeric(width) - points(text).length);
    const left = Math.floor(room / 2) + (room & numeric(width) & 1);
    return " ".repeat(left) + text + " ".repeat(room - left);
  },
  default: (value, args, kwargs) => {
    const { default_value: other, boolean } = bind([["default_value", ""], ["boolean", false]], args, kwargs);
    return value instanceof Undefined || (isTrue(boolean) && !isTrue(value)) ? other : value;
  },
  dictsort: (value, args, kwargs) => {
    const { case_sensitive: sensitive, by, reverse } = bind([["case_sensitive", false], ["by", "key"], ["reverse", false]], args, kwargs);
    if (!(refuse(value) instanceof Map)) throw new TemplateError("dictsort takes a mapping");
    const at = { key: 0, value: 1 }[by];
    if (at === undefined) throw new TemplateError("dictsort sorts by key or value");
    const fold = folded(isTrue(sensitive));
    return sorted([...value].map((pair) => PyTuple.from(pair)), (pair) => fold(pair[at]), isTrue(reverse));
  },
  escape: (value) => toText(value).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;").replaceAll("'", "&#x27;"),
  first: (value) => {
    const items = iterate(value);
    if (value instanceof PyIterator) value.items = items.slice(1);
    return items.length ? items[0] : new Undefined("No first item, sequence was empty.");
  },
  float: (value, args, kwargs) => asFloat(value, bind([["default", new PyFloat(0)]], args, kwargs).default),
  filesizeformat: (value, args, kwargs) => {
    if (!isNumber(refuse(value))) throw new Unsupported("the size of what is no number");
    return fileSize(value, bind([["binary", false]], args, kwargs).binary);
  },
  format: (value, args, kwargs) => {
    if (args.length && kwargs.length) throw new TemplateError("format takes positional or named arguments");
    return percentFormat(toText(value), args, new Map(kwargs));
  },
  groupby: grouped,
  indent: indented,
  int: (value, args, kwargs) => {
    const { default: other, base } = bind([["default", 0], ["base", 10]], args, kwargs);
    if (base !== 10) throw new Unsupported("numbers of another base");
    return asInt(value, other);
  },
  items: (value) => {
    if (value instanceof Undefined) return new PyIterator([]);
    if (!(value instanceof Map)) throw new TemplateError("items takes a mapping");
    return new PyIterator([...value].map((pair) => PyTuple.from(pair)));
  },
  join: joined,
  last: (value) => {
    if (value instanceof PyIterator) throw new TemplateError("an iterator has no last item");
    const items = iterate(value);
    return items.length ? items.at(-1) : new Undefined("No last item, sequence was empty.");
  },
  length: (value) => lengthOf(value),
  list: (value) => iterate(value),
  lower: (value) => toText(value).toLowerCase(),
  map: (value, args, kwargs) => {
    if (!isTrue(value)) return new PyIterator([]);
    const named = new Map(kwargs);
    if (!args.length && named.has("attribute")) {
      const get = attributeOf(named.get("attribute"));
      const other = named.get("default");
      return new PyIterator(iterate(value).map((item) => {
        const found = get(item);
        return found instanceof Undefined && named.has("default") ? other : found;
      }));
    }
    const [name, ...rest] = args;
    return new PyIterator(iterate(value).map((item) => runFilter(name, item, rest, kwargs)));
  },
  max: extreme(1),
  min: extreme(-1),
  reject: choose(false, false),
  rejectattr: choose(false, true),
  replace: replaced,
  reverse: (value) => {
    if (value instanceof PyIterator) return iterate(value).reverse();
    return typeof value === "string" ? points(value).reverse().join("") : new PyIterator(iterate(value).reverse());
  },
  round: (value, args, kwargs) => {
    const { precision, method } = bind([["precision", 0], ["method", "common"]], args, kwargs);
    if (method === "common") return value instanceof PyFloat ? new PyFloat(roundHalfEven(value.value, numeric(precision))) : numeric(precision) < 0 ? refuseKey() : numeric(value);
    if (method !== "ceil" && method !== "floor") throw new TemplateError("round takes common, ceil or floor");
    const power = 10 ** numeric(precision);
    return new PyFloat(Math[method](numeric(value) * power) / power);
  },
  select: choose(true, false),
  selectattr: choose(true, true),
  slice: (value, args, kwargs) => {
    const { slices, fill_with: fill } = bind(["slices", ["fill_with", null]], args, kwargs);
    const items = iterate(value);
    if (!Number.isInteger(slices) || slices < 1 || slices > 10_000) throw new Unsupported("so many slices");
    const [size, longer] = [Math.floor(items.length / slices), items.length % slices];
    return new PyIterator(
      Array.from({ length: slices }, (_, at) => {
        const row = items.splice(0, size + (at < longer ? 1 : 0));
        if (fill !== null && at >= longer) row.push(fill);
        return row;
      }),
    );
  },
  sort: (value, args, kwargs) => {
    const { reverse, case_sensitive: sensitive, attribute } = bind([["reverse", false], ["case_sensitive", false], ["attribute", null]], args, kwargs);
    if (typeof attribute === "string" && attribute.includes(",")) throw new Unsupported("sorting by several attributes");
    return sorted(iterate(value), keyOf(attribute, isTrue(sensitive)), isTrue(reverse));
  },
  string: (value) => toText(value),
  sum: (value, args, kwargs) => {
    const { attribute, start } = bind([["attribute", null], ["start", 0]], args, kwargs);
    const items = iterate(value);
    return sumOf(attribute === null ? items : items.map(attributeOf(attribute)), start);
  },
  title: (value) => toText(value).split(WORD_STARTS).filter(Boolean).map((part) => points(part)[0].toUpperCase() + points(part).slice(1).join("").toLowerCase()).join(""),
  tojson: (value, args, kwargs) => {
    const { indent } = bind([["indent", null]], args, kwargs);
    return toJson(value, indent === null ? null : numeric(indent));
  },
  trim: (value, args, kwargs) => {
    const { chars } = bind([["chars", null]], args, kwargs);
    if (chars !== null) {
      const [text, set] = [points(toText(value)), new Set(points(toText(chars)))];
      while (text.length && set.has(text[0])) text.shift();
      while (text.length && set.has(text.at(-1))) text.pop();
      return text.join("");
    }
    return toText(value).replace(SPACES, "");
  },
  truncate: truncated,
  unique: (value, args, kwargs) => {
    const { case_sensitive: sensitive, attribute } = bind([["case_sensitive", false], ["attribute", null]], args, kwargs);
    const key = keyOf(attribute, isTrue(sensitive));
    const seen = [];
    return new PyIterator(iterate(value).filter((item) => {
      const one = refuse(key(item));
      if (Array.isArray(one) || one instanceof Map) throw new Unsupported("unique over lists");
      if (seen.some((other) => equal(other, one))) return false;
      seen.push(one);
      return true;
    }));
  },
  upper: (value) => toText(value).toUpperCase(),
  urlencode: (value) => {
    if (typeof value !== "string" && !isNumber(value)) throw new Unsupported("urlencode of this value");
    return encodeURIComponent(toText(value)).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`).replaceAll("%2F", "/");
  },
  wordcount: (value) => (toText(value).match(/[\p{L}\p{N}_]+/gu) ?? []).length,
};
const ALIASES = { count: "length", d: "default", e: "escape" };

export function runFilter(name, value, args, kwargs) {
  const filter = Object.hasOwn(FILTERS, ALIASES[name] ?? name) ? FILTERS[ALIASES[name] ?? name] : null;
  if (!filter) throw new Unsupported(`the filter ${name}`);
  return filter(value, args, kwargs);
}
