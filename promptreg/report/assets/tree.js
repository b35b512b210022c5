// Renders a template from the syntax tree that Python exported. It says Unsupported for whatever it
// does not know, because a preview that differs from the real text would be worse than none.
import { runFilter } from "./pyfilters.js";
import { runTest } from "./pytests.js";
import {
  binary, Callable, contains, equal, Fields, getItem, isTrue, iterate, missing, numeric, order, PyFloat, PyRange, PyTuple, refuse, sliceOf,
  TemplateError, toText, typeName, Undefined, Unsupported, whole,
} from "./pyvalues.js";


const MAX_STEPS = 200_000;
const MAX_RANGE = 100_000;

class Scope {
  constructor(parent, values = new Map()) {
    this.parent = parent;
    this.values = values;
  }

  get(name) {
    for (let scope = this; scope; scope = scope.parent) {
      if (scope.values.has(name)) return scope.values.get(name);
    }
    return new Undefined(`'${name}' is undefined`);
  }

  set(name, value) {
    this.values.set(name, value);
  }
}

export function renderTree(tree, values, fragments = new Map()) {
  const run = { steps: 0, fragments, depth: 0 };
  const globals = new Scope(null, new Map([["range", new Callable(makeRange)]]));
  return template(run, tree, new Scope(globals, new Map(values)));
}

function template(run, tree, scope) {
  if (tree[0] === "Error") throw new TemplateError(`the template is not valid: ${tree[1]}`);
  return statements(run, tree[1], scope);
}

function statements(run, nodes, scope) {
  let text = "";
  for (const node of nodes) text += statement(run, node, scope);
  return text;
}

function step(run) {
  run.steps += 1;
  if (run.steps > MAX_STEPS) throw new Unsupported("so many steps");
}

const STATEMENTS = {
  Output: (run, [nodes], scope) => nodes.map((node) => (node[0] === "TemplateData" ? node[1] : toText(value(run, node, scope)))).join(""),
  If: (run, [test, body, elifs, otherwise], scope) => {
    if (isTrue(value(run, test, scope))) return statements(run, body, scope);
    for (const [, check, inner] of elifs) {
      if (isTrue(value(run, check, scope))) return statements(run, inner, scope);
    }
    return statements(run, otherwise, scope);
  },
  For: forLoop,
  Assign: (run, [target, node], scope) => {
    assign(target, value(run, node, scope), scope);
    return "";
  },
  AssignBlock: (run, [target, filter, body], scope) => {
    const text = statements(run, body, new Scope(scope));
    assign(target, filter ? filtered(run, filter, text, scope) : text, scope);
    return "";
  },
  FilterBlock: (run, [body, filter], scope) => toText(filtered(run, filter, statements(run, body, new Scope(scope)), scope)),
  With: (run, [targets, nodes, body], scope) => {
    const inner = new Scope(scope);
    targets.forEach((target, at) => assign(target, value(run, nodes[at], scope), inner));
    return statements(run, body, inner);
  },
  Macro: (run, [name, args, defaults, body], scope) => {
    scope.set(name, macro(run, name, args, defaults, body, scope));
    return "";
  },
  CallBlock: (run, [call, args, defaults, body], scope) => {
    const [, target, positional, named, more, moreNamed] = call;
    if (more || moreNamed) throw new Unsupported("* in a call");
    const caller = macro(run, "caller", args, defaults, body, scope);
    return toText(invoke(value(run, target, scope), positional.map((node) => value(run, node, scope)), [...keywords(run, named, scope), ["caller", caller]]));
  },
  Include: (run, [name], scope) => {
    const path = value(run, name, scope);
    const tree = run.fragments.get(path);
    if (!tree) throw new TemplateError(`the included file ${path} is not in this report`);
    run.depth += 1;
    if (run.depth > 30) throw new TemplateError("includes are nested too deeply");
    const inner = new Scope(scope);
    inner.set("loop", new Undefined("'loop' is undefined"));
    const text = template(run, tree, inner);
    run.depth -= 1;
    return text;
  },
  Scope: (run, [body], scope) => statements(run, body, new Scope(scope)),
};

function statement(run, [kind, ...fields], scope) {
  step(run);
  if (!Object.hasOwn(STATEMENTS, kind)) throw new Unsupported(kind);
  return STATEMENTS[kind](run, fields, scope);
}

function forLoop(run, [target, source, body, otherwise, test, recursive], scope) {
  if (recursive) throw new Unsupported("a recursive loop");
  let items = iterate(value(run, source, scope));
  if (test) {
    items = items.filter((item) => {
      const inner = new Scope(scope);
      assign(target, item, inner);
      return isTrue(value(run, test, inner));
    });
  }
  if (!items.length) return statements(run, otherwise, new Scope(scope));
  let text = "";
  const shared = { last: [] };
  items.forEach((item, at) => {
    step(run);
    const inner = new Scope(scope);
    inner.set("loop", loopFields(items, at, shared));
    assign(target, item, inner);
    text += statements(run, body, inner);
  });
  return text;
}

function loopFields(items, at, shared) {
  return new Fields({
    index: at + 1,
    index0: at,
    revindex: items.length - at,
    revindex0: items.length - at - 1,
    first: at === 0,
    last: at === items.length - 1,
    length: items.length,
    // Only recursive loops, which are not supported, go deeper.
    depth: 1,
    depth0: 0,
    previtem: at ? items[at - 1] : new Undefined("there is no previous item"),
    nextitem: at < items.length - 1 ? items[at + 1] : new Undefined("there is no next item"),
    cycle: new Callable((args) => {
      if (!args.length) throw new TemplateError("no items for cycling given");
      return args[at % args.length];
    }),
    changed: new Callable((args) => {
      const same = shared.last.length === args.length && args.every((one, n) => equal(one, shared.last[n]));
      if (same && shared.seen) return false;
      shared.last = args;
      shared.seen = true;
      return true;
    }),
  });
}

function assign(target, found, scope) {
  if (target[0] === "Name") scope.set(target[1], found);
  else if (target[0] === "Tuple") {
    const items = iterate(found);
    if (items.length !== target[1].length) throw new TemplateError("a different number of values to unpack");
    target[1].forEach((one, at) => assign(one, items[at], scope));
  } else throw new Unsupported(`assigning to ${target[0]}`);
}

function macro(run, name, args, defaults, body, scope) {
  const names = args.map(([, arg]) => arg);
  return new Callable((positional, named) => {
    step(run);
    run.depth += 1;
    if (run.depth > 30) throw new Unsupported("macros nested this deeply");
    const inner = new Scope(scope);
    const given = new Map(named);
    if (positional.length > names.length) throw new Unsupported("more arguments than a macro names");
    names.forEach((arg, at) => {
      const fallback = defaults[at - names.length + defaults.length];
      if (at < positional.length) inner.set(arg, positional[at]);
      else if (given.has(arg)) inner.set(arg, given.get(arg));
      else if (at >= names.length - defaults.length) inner.set(arg, value(run, fallback, inner));
      else inner.set(arg, new Undefined(`parameter '${arg}' was not provided`));
      given.delete(arg);
    });
    if (given.has("caller")) inner.set("caller", given.get("caller"));
    given.delete("caller");
    if (given.size) throw new Unsupported("arguments that a macro does not name");
    const text = statements(run, body, inner);
    run.depth -= 1;
    return text;
  });
}

function makeRange(args) {
  const numbers = args.map((one) => {
    if (one instanceof PyFloat) throw new TemplateError("range takes integers");
    return numeric(one);
  });
  if (numbers.length < 1 || numbers.length > 3) throw new TemplateError("range takes one to three numbers");
  const [start, stop, by] = numbers.length === 1 ? [0, numbers[0], 1] : [numbers[0], numbers[1], numbers[2] ?? 1];
  if (by === 0) throw new TemplateError("range cannot step by zero");
  const found = new PyRange();
  for (let at = start; by > 0 ? at < stop : at > stop; at += by) {
    if (found.length >= MAX_RANGE) throw new TemplateError("the range is too long");
    found.push(at);
  }
  return found;
}

function keywords(run, nodes, scope) {
  return nodes.map(([, key, node]) => [key, value(run, node, scope)]);
}

function invoke(target, args, named) {
  refuse(target);
  if (!(target instanceof Callable)) throw new TemplateError(`a ${typeName(target)} cannot be called`);
  return target.call(args, named);
}

function filtered(run, node, given, scope) {
  const [, inner, name, args, kwargs, more, moreNamed] = node;
  if (more || moreNamed) throw new Unsupported("* in a filter");
  const source = inner === null ? given : inner[0] === "Filter" && holdsHole(inner) ? filtered(run, inner, given, scope) : value(run, inner, scope);
  return runFilter(name, source, args.map((one) => value(run, one, scope)), keywords(run, kwargs, scope));
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
  Const: (run, [constant]) => (constant && typeof constant === "object" ? floatConstant(constant) : typeof constant === "number" ? whole(constant) : constant),
  TemplateData: (run, [text]) => text,
  Name: (run, [name], scope) => scope.get(name),
  List: (run, [nodes], scope) => nodes.map((node) => value(run, node, scope)),
  Tuple: (run, [nodes], scope) => PyTuple.from(nodes.map((node) => value(run, node, scope))),
  Dict: (run, [pairs], scope) => {
    const found = new Map();
    for (const [, keyNode, node] of pairs) {
      const key = refuse(value(run, keyNode, scope));
      if (typeof key !== "string" && typeof key !== "number") throw new Unsupported("this key");
      found.set(key, value(run, node, scope));
    }
    return found;
  },
  Getattr: (run, [node, name], scope) => attribute(value(run, node, scope), name),
  Getitem: (run, [node, key], scope) => {
    const box = value(run, node, scope);
    if (key[0] !== "Slice") return box instanceof Fields ? missing(box, "item") : getItem(box, value(run, key, scope));
    const part = (one) => (one === null ? null : refuse(value(run, one, scope)));
    return sliceOf(box, part(key[1]), part(key[2]), part(key[3]));
  },
  Filter: (run, fields, scope) => filtered(run, ["Filter", ...fields], null, scope),
  Test: (run, [node, name, args, kwargs, more, moreNamed], scope) => {
    if (more || moreNamed) throw new Unsupported("* in a test");
    return runTest(name, value(run, node, scope), args.map((one) => value(run, one, scope)), keywords(run, kwargs, scope));
  },
  Call: (run, [target, args, kwargs, more, moreNamed], scope) => {
    if (more || moreNamed) throw new Unsupported("* in a call");
    return invoke(value(run, target, scope), args.map((one) => value(run, one, scope)), keywords(run, kwargs, scope));
  },
  Compare: (run, [first, operands], scope) => {
    let left = value(run, first, scope);
    for (const [, operator, node] of operands) {
      const right = value(run, node, scope);
      if (!COMPARISONS[operator](left, right)) return false;
      left = right;
    }
    return true;
  },
  Concat: (run, [nodes], scope) => nodes.map((node) => toText(value(run, node, scope))).join(""),
  CondExpr: (run, [test, yes, no], scope) => {
    if (isTrue(value(run, test, scope))) return value(run, yes, scope);
    return no === null ? new Undefined("the inline if had no else") : value(run, no, scope);
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
    return found instanceof PyFloat ? found : numeric(found);
  },
  Add: arithmetic("Add"),
  Sub: arithmetic("Sub"),
  Mul: arithmetic("Mul"),
  Div: arithmetic("Div"),
  FloorDiv: arithmetic("FloorDiv"),
  Mod: arithmetic("Mod"),
  Pow: arithmetic("Pow"),
};

function negated(found) {
  return found instanceof PyFloat ? new PyFloat(-found.value) : whole(-numeric(found));
}

function floatConstant(constant) {
  if (Array.isArray(constant)) throw new Unsupported(constant[1]);
  return new PyFloat(constant.f);
}

function attribute(box, name) {
  refuse(box);
  if (box instanceof Map) return getItem(box, name);
  if (box instanceof Fields && Object.hasOwn(box.fields, name)) return box.fields[name];
  if (box?.isGroup) throw new Unsupported("a group's parts by name");
  throw new TemplateError(`a template cannot reach the attribute '${name}' of a ${typeName(box)}`);
}

function value(run, [kind, ...fields], scope) {
  step(run);
  if (!Object.hasOwn(EXPRESSIONS, kind)) throw new Unsupported(kind);
  return EXPRESSIONS[kind](run, fields, scope);
}
