// The expressions of a template's syntax tree. Every function takes the run, which counts steps, the
// node's fields and the scope.
import { Blank, Callable, PyFloat, PyGroup, PyTuple, refuse, TemplateError, typeName, Unsupported } from "./pyclasses.js";
import { runFilter, testValue } from "./pyfilters.js";
import { integer, negated, whole } from "./pynumbers.js";
import { binary, contains, equal, getItem, isTrue, iterate, order, putItem, putOut, requireHashable, sliceOf } from "./pyvalues.js";

const MAX_STEPS = 200_000;

export function step(run) {
  run.steps += 1;
  if (run.steps > MAX_STEPS) throw new Unsupported("so many steps");
}

export function value(run, [kind, ...fields], scope) {
  step(run);
  if (!Object.hasOwn(EXPRESSIONS, kind)) throw new Unsupported(kind);
  return EXPRESSIONS[kind](run, fields, scope);
}

// The arguments of a call, a filter or a test: [positional values, [name, value] pairs].
export function argumentsOf(run, [args, kwargs, more, moreNamed], scope) {
  const positional = args.map((node) => value(run, node, scope));
  const named = kwargs.map(([, key, node]) => [key, value(run, node, scope)]);
  if (more) positional.push(...iterate(value(run, more, scope)));
  if (moreNamed) {
    const map = refuse(value(run, moreNamed, scope));
    if (!(map instanceof Map) || [...map.keys()].some((key) => typeof key !== "string")) throw new TemplateError("** takes a dict of texts");
    named.push(...map);
  }
  if (new Set(named.map(([key]) => key)).size < named.length) throw new TemplateError("an argument is named twice");
  return [positional, named];
}

export function invoke(target, args, named) {
  refuse(target);
  if (!(target instanceof Callable) && !target?.isLoop) throw new TemplateError(`a ${typeName(target)} cannot be called`);
  return target.call(args, named);
}

export function filtered(run, node, given, scope) {
  const [, inner, name, ...rest] = node;
  const source = inner === null ? given : inner[0] === "Filter" && holdsHole(inner) ? filtered(run, inner, given, scope) : value(run, inner, scope);
  return runFilter(name, source, ...argumentsOf(run, rest, scope));
}

// In `{% filter a|b %}` the innermost filter has no input of its own.
function holdsHole(node) {
  return node === null || (node[0] === "Filter" && holdsHole(node[1]));
}

const COMPARISONS = {
  eq: equal,
  ne: (a, b) => !equal(a, b),
  lt: (a, b) => order(a, b) < 0,
  lteq: (a, b) => order(a, b) <= 0,
  gt: (a, b) => order(a, b) > 0,
  gteq: (a, b) => order(a, b) >= 0,
  in: (a, b) => contains(refuse(b), a),
  notin: (a, b) => !contains(refuse(b), a),
};

const arithmetic = (kind) => (run, [left, right], scope) => binary(kind, value(run, left, scope), value(run, right, scope));

const EXPRESSIONS = {
  Const: (run, [constant]) => (constant && typeof constant === "object" ? special(constant) : typeof constant === "number" ? whole(constant) : constant),
  TemplateData: (run, [text]) => text,
  Name: (run, [name], scope) => scope.get(name),
  List: (run, [nodes], scope) => nodes.map((node) => value(run, node, scope)),
  Tuple: (run, [nodes], scope) => PyTuple.from(nodes.map((node) => value(run, node, scope))),
  Dict: (run, [pairs], scope) => {
    const found = new Map();
    for (const [, keyNode, node] of pairs) {
      const key = value(run, keyNode, scope);
      const item = value(run, node, scope);
      putItem(found, requireHashable(key), item);
    }
    return found;
  },
  Getattr: (run, [node, name], scope) => attribute(value(run, node, scope), name),
  Getitem: (run, [node, key], scope) => {
    const box = value(run, node, scope);
    if (key[0] !== "Slice") return getItem(box, value(run, key, scope));
    const part = (one) => (one === null ? null : refuse(value(run, one, scope)));
    return sliceOf(box, part(key[1]), part(key[2]), part(key[3]));
  },
  Filter: (run, fields, scope) => filtered(run, ["Filter", ...fields], null, scope),
  Test: (run, [node, name, ...rest], scope) => testValue(name, value(run, node, scope), ...argumentsOf(run, rest, scope)),
  Call: (run, [target, ...rest], scope) => invoke(value(run, target, scope), ...argumentsOf(run, rest, scope)),
  Compare: (run, [first, operands], scope) => {
    let left = value(run, first, scope);
    for (const [, operator, node] of operands) {
      const right = value(run, node, scope);
      if (!COMPARISONS[operator](left, right)) return false;
      left = right;
    }
    return true;
  },
  Concat: (run, [nodes], scope) => nodes.map((node) => putOut(value(run, node, scope))).join(""),
  CondExpr: (run, [test, yes, no], scope) => {
    if (isTrue(value(run, test, scope))) return value(run, yes, scope);
    return no === null ? new Blank("the inline if had no else") : value(run, no, scope);
  },
  And: (run, [left, right], scope) => {
    const found = value(run, left, scope);
    return isTrue(found) ? value(run, right, scope) : found;
  },
  Or: (run, [left, right], scope) => {
    const found = value(run, left, scope);
    return isTrue(found) ? found : value(run, right, scope);
  },
  Not: (run, [node], scope) => !isTrue(value(run, node, scope)),
  Neg: (run, [node], scope) => negated(value(run, node, scope)),
  Pos: (run, [node], scope) => {
    const found = value(run, node, scope);
    return found instanceof PyFloat ? found : integer(found);
  },
  Add: arithmetic("Add"),
  Sub: arithmetic("Sub"),
  Mul: arithmetic("Mul"),
  Div: arithmetic("Div"),
  FloorDiv: arithmetic("FloorDiv"),
  Mod: arithmetic("Mod"),
  Pow: arithmetic("Pow"),
};

// What JSON cannot hold: {f: float or its name}, {i: digits}, ["Unsupported", what].
function special(constant) {
  if (Array.isArray(constant)) throw new Unsupported(constant[1]);
  return "i" in constant ? whole(BigInt(constant.i)) : new PyFloat(Number(constant.f));
}

function attribute(box, name) {
  refuse(box);
  if (box instanceof Map) return getItem(box, name);
  if (box instanceof PyGroup && (name === "grouper" || name === "list")) return box[name === "list" ? 1 : 0];
  if (box?.isLoop) return box.attribute(name);
  throw new TemplateError(`a template cannot reach the attribute '${name}' of a ${typeName(box)}`);
}
