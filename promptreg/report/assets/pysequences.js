// The filters of templates that work on lists and dicts, as jinja2 and our sandbox define them.
// Those that are generators in Python compute their elements, and fail, only when looped over.
import { PyFloat, PyGroup, PyIterator, PyTuple, refuse, TemplateError, Undefined, Unsupported } from "./pyclasses.js";
import { double, isInt, size } from "./pynumbers.js";
import { lower, points } from "./pytext.js";
import { binary, equal, findKey, getItem, hasLength, isIterable, isTrue, iterate, iterator, lengthOf, order, requireHashable, toText } from "./pyvalues.js";

const MOST = 10_000;

// Binds positional and named arguments to names, of which those in a pair have a default.
export function bind(names, args, kwargs) {
  const bound = {};
  names.forEach((name, at) => {
    const [key, other] = Array.isArray(name) ? name : [name];
    bound[key] = at < args.length ? args[at] : other;
  });
  const given = new Set(names.slice(0, args.length).map((name) => (Array.isArray(name) ? name[0] : name)));
  for (const [name, value] of kwargs) {
    if (!Object.hasOwn(bound, name) || given.has(name)) throw new TemplateError(`unknown argument ${name}`);
    bound[name] = value;
  }
  if (args.length > names.length) throw new TemplateError("too many arguments");
  for (const [name, value] of Object.entries(bound)) {
    if (value === undefined) throw new TemplateError(`missing argument ${name}`);
  }
  return bound;
}

// Numbers that become characters or elements have a limit in the sandbox.
export function requireSmall(...numbers) {
  if (numbers.some((number) => isInt(number) && (number > MOST || number < -MOST))) throw new TemplateError(`a number beyond ${MOST}`);
}

function partsOf(attribute) {
  if (attribute === null) return [];
  if (typeof attribute !== "string") return [attribute];
  return attribute.split(".").map((part) => {
    if (/^\d+$/.test(part)) return Number(part);
    if (/^[\p{Nd}\p{No}]+$/u.test(part)) throw new Unsupported("this attribute");
    return part;
  });
}

export function attributeOf(attribute, other = null) {
  const parts = partsOf(attribute);
  const look = (box, part) => {
    const found = getItem(box, part);
    return found instanceof Undefined && other !== null ? other : found;
  };
  return (item) => parts.reduce(look, item);
}

function folded(caseSensitive) {
  return (value) => (typeof value === "string" && !caseSensitive ? lower(value) : value);
}

function keyOf(attribute, caseSensitive) {
  const [fold, get] = [folded(caseSensitive), attributeOf(attribute)];
  return (item) => fold(get(item));
}

function sorted(items, key, reverse) {
  const found = items.map((item) => [key(item), item]);
  const compare = (a, b) => {
    const turn = order(a, b);
    if (Number.isNaN(turn)) throw new Unsupported("sorting what has no order");
    return turn;
  };
  found.sort(([a], [b]) => (reverse ? compare(b, a) : compare(a, b)));
  return found.map(([, item]) => item);
}

function extreme(turn) {
  return (value, args, kwargs) => {
    const { case_sensitive: sensitive, attribute } = bind([["case_sensitive", false], ["attribute", null]], args, kwargs);
    const items = iterate(value);
    if (!items.length) return new Undefined("No aggregated item, sequence was empty.");
    const key = keyOf(attribute, isTrue(sensitive));
    const keys = items.map(key);
    let best = 0;
    for (let at = 1; at < items.length; at++) {
      if (turn * order(keys[at], keys[best]) > 0) best = at;
    }
    return items[best];
  };
}

// Runs over a value that is not empty, whatever kind of nothing an empty one is.
function* through(value, prepare) {
  if (!isTrue(value)) return;
  const treat = prepare();
  for (const item of iterator(value)) yield* treat(item);
}

function choose(keep, byAttribute) {
  return (value, args, kwargs, call) => {
    const prepare = () => {
      if (byAttribute && !args.length) throw new TemplateError("missing the attribute's name");
      const [attribute, rest] = byAttribute ? [attributeOf(args[0]), args.slice(1)] : [(item) => item, args];
      const test = rest.length ? (item) => call.test(rest[0], item, rest.slice(1), kwargs) : isTrue;
      return (item) => (test(attribute(item)) === keep ? [item] : []);
    };
    return new PyIterator(through(value, prepare));
  };
}

function mapped(value, args, kwargs, call) {
  const prepare = () => {
    const named = new Map(kwargs);
    if (args.length || !named.has("attribute")) {
      if (!args.length) throw new TemplateError("map requires a filter");
      return (item) => [call.filter(args[0], item, args.slice(1), kwargs)];
    }
    const { attribute, default: other } = bind(["attribute", ["default", null]], [], kwargs);
    const get = attributeOf(attribute, other);
    return (item) => [get(item)];
  };
  return new PyIterator(through(value, prepare));
}

function joined(value, args, kwargs) {
  const { d, attribute } = bind([["d", ""], ["attribute", null]], args, kwargs);
  const get = attributeOf(attribute);
  const texts = iterate(value).map((item) => {
    lengthOf(d);
    return toText(get(item));
  });
  return texts.join(toText(d));
}

function grouped(value, args, kwargs) {
  const { attribute, default: other, case_sensitive: sensitive } = bind(["attribute", ["default", null], ["case_sensitive", false]], args, kwargs);
  const get = attributeOf(attribute, other);
  const fold = folded(isTrue(sensitive));
  const key = (item) => fold(get(item));
  const groups = [];
  let last;
  for (const item of sorted(iterate(value), key, false)) {
    const found = key(item);
    if (groups.length && equal(last, found)) groups.at(-1)[1].push(item);
    else groups.push(PyGroup.from([get(item), [item]]));
    last = found;
  }
  return groups;
}

function* batches(value, count, fill) {
  let row = [];
  for (const item of iterator(value)) {
    if (equal(row.length, count)) {
      yield row;
      row = [];
    }
    row.push(item);
  }
  if (!row.length) return;
  if (fill !== null && order(row.length, count) < 0) row.push(...Array.from({ length: size(count) - row.length }, () => fill));
  yield row;
}

function* slices(value, count, fill) {
  const items = iterate(value);
  const many = size(count);
  if (many === 0) throw new TemplateError("slice by zero");
  const [each, longer] = [Math.floor(items.length / many), items.length - Math.floor(items.length / many) * many];
  for (let at = 0; at < many; at++) {
    const row = items.splice(0, each + (at < longer ? 1 : 0));
    if (fill !== null && at >= longer) row.push(fill);
    yield row;
  }
}

function* distinct(value, key) {
  const seen = new Map();
  for (const item of iterator(value)) {
    const one = requireHashable(key(item));
    if (findKey(seen, one) !== undefined) continue;
    seen.set(one, true);
    yield item;
  }
}

function* pairs(value) {
  if (value instanceof Undefined) return;
  if (!(value instanceof Map)) throw new TemplateError("items takes a mapping");
  for (const pair of value) yield PyTuple.from(pair);
}

function reversed(value) {
  if (typeof value === "string") return points(value).reverse().join("");
  const items = iterate(value);
  return hasLength(value) ? new PyIterator(items.reverse()) : items.reverse();
}

function summed(value, args, kwargs) {
  const { attribute, start } = bind([["attribute", null], ["start", 0]], args, kwargs);
  const items = iterate(value).map(attributeOf(attribute));
  if (typeof start === "string") throw new TemplateError("sum takes no texts");
  if (![start, ...items].some((item) => item instanceof PyFloat)) return items.reduce((sum, item) => binary("Add", sum, item), start);
  return sumOfFloats(start, items);
}

// Python 3.12 sums floats with compensation, older ones do not: only equal answers are shown.
function sumOfFloats(start, items) {
  const plain = items.reduce((sum, item) => binary("Add", sum, item), start);
  let exact = double(start);
  let lost = 0;
  for (const item of items) {
    const x = double(item);
    const next = exact + x;
    if (Number.isFinite(next)) lost += Math.abs(exact) >= Math.abs(x) ? exact - next + x : x - next + exact;
    exact = next;
  }
  if (!Object.is(plain.value, Number.isFinite(exact) ? exact + lost : exact)) throw new Unsupported("this sum of floats, which versions of Python round differently");
  return plain;
}

export const SEQUENCE_FILTERS = {
  batch: (value, args, kwargs) => {
    const { linecount, fill_with: fill } = bind(["linecount", ["fill_with", null]], args, kwargs);
    requireSmall(linecount, fill);
    return new PyIterator(batches(value, linecount, fill));
  },
  dictsort: (value, args, kwargs) => {
    const { case_sensitive: sensitive, by, reverse } = bind([["case_sensitive", false], ["by", "key"], ["reverse", false]], args, kwargs);
    const at = by === "key" ? 0 : by === "value" ? 1 : undefined;
    if (at === undefined) throw new TemplateError("dictsort sorts by key or value");
    if (!(refuse(value) instanceof Map)) throw new TemplateError("dictsort takes a mapping");
    const fold = folded(isTrue(sensitive));
    return sorted([...value].map((pair) => PyTuple.from(pair)), (pair) => fold(pair[at]), isTrue(reverse));
  },
  first: (value, args, kwargs) => {
    bind([], args, kwargs);
    const { done, value: item } = iterator(value).next();
    return done ? new Undefined("No first item, sequence was empty.") : item;
  },
  groupby: grouped,
  items: (value, args, kwargs) => {
    bind([], args, kwargs);
    return new PyIterator(pairs(value));
  },
  join: joined,
  last: (value, args, kwargs) => {
    bind([], args, kwargs);
    if (!hasLength(refuse(value)) || !isIterable(value)) throw new TemplateError("this value has no last item");
    return iterate(value).at(-1) ?? (lengthOf(value) ? null : new Undefined("No last item, sequence was empty."));
  },
  length: (value, args, kwargs) => {
    bind([], args, kwargs);
    return lengthOf(value);
  },
  list: (value, args, kwargs) => {
    bind([], args, kwargs);
    return iterate(value);
  },
  map: mapped,
  max: extreme(1),
  min: extreme(-1),
  reject: choose(false, false),
  rejectattr: choose(false, true),
  reverse: (value, args, kwargs) => {
    bind([], args, kwargs);
    return reversed(refuse(value));
  },
  select: choose(true, false),
  selectattr: choose(true, true),
  slice: (value, args, kwargs) => {
    const { slices: count, fill_with: fill } = bind(["slices", ["fill_with", null]], args, kwargs);
    requireSmall(count, fill);
    return new PyIterator(slices(value, count, fill));
  },
  sort: (value, args, kwargs) => {
    const { reverse, case_sensitive: sensitive, attribute } = bind([["reverse", false], ["case_sensitive", false], ["attribute", null]], args, kwargs);
    const keys = (typeof attribute === "string" ? attribute.split(",") : [attribute]).map((one) => keyOf(one, isTrue(sensitive)));
    return sorted(iterate(value), (item) => keys.map((key) => key(item)), isTrue(reverse));
  },
  sum: summed,
  unique: (value, args, kwargs) => {
    const { case_sensitive: sensitive, attribute } = bind([["case_sensitive", false], ["attribute", null]], args, kwargs);
    return new PyIterator(distinct(value, keyOf(attribute, isTrue(sensitive))));
  },
};
