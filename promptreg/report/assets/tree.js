// Renders a template from the syntax tree that Python exported. It says Unsupported for whatever it
// does not know, because a preview that differs from the real text would be worse than none.
import { argumentsOf, filtered, invoke, step, value } from "./expressions.js";
import { Loop } from "./loops.js";
import { Callable, Macro, PyTuple, TemplateError, Undefined, Unsupported } from "./pyclasses.js";
import { isTrue, iterate, iterator, makeRange, putOut } from "./pyvalues.js";

const MAX_DEPTH = 100;
const MAX_TEXT = 4e6;

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
  const run = { steps: 0, fragments, depth: 0, written: 0 };
  const range = new Callable((args, named) => {
    if (named.length) throw new TemplateError("range takes no named arguments");
    return makeRange(args);
  });
  const globals = new Scope(null, new Map([["range", range]]));
  return template(run, tree, new Scope(globals, new Map(values)));
}

function template(run, tree, scope) {
  if (tree[0] === "Error") throw new TemplateError(`the template is not valid: ${tree[1]}`);
  return statements(run, tree[1], scope);
}

function statements(run, nodes, scope) {
  let text = "";
  for (const node of nodes) text += statement(run, node, scope);
  run.written = Math.max(run.written, text.length);
  if (run.written > MAX_TEXT) throw new Unsupported("a text this long");
  return text;
}

function deeper(run, work) {
  run.depth += 1;
  if (run.depth > MAX_DEPTH) throw new Unsupported("calls nested this deeply");
  const text = work();
  run.depth -= 1;
  return text;
}

const STATEMENTS = {
  Output: (run, [nodes], scope) => nodes.map((node) => (node[0] === "TemplateData" ? node[1] : putOut(value(run, node, scope)))).join(""),
  If: (run, [test, body, elifs, otherwise], scope) => {
    if (isTrue(value(run, test, scope))) return statements(run, body, scope);
    for (const [, check, inner] of elifs) {
      if (isTrue(value(run, check, scope))) return statements(run, inner, scope);
    }
    return statements(run, otherwise, scope);
  },
  For: (run, fields, scope) => forLoop(run, fields, value(run, fields[1], scope), scope, 0),
  Assign: (run, [target, node], scope) => {
    assign(target, value(run, node, scope), scope);
    return "";
  },
  AssignBlock: (run, [target, filter, body], scope) => {
    const inner = new Scope(scope);
    const text = statements(run, body, inner);
    assign(target, filter ? filtered(run, filter, text, inner) : text, scope);
    return "";
  },
  FilterBlock: (run, [body, filter], scope) => {
    const inner = new Scope(scope);
    return putOut(filtered(run, filter, statements(run, body, inner), inner));
  },
  With: (run, [targets, nodes, body], scope) => {
    const inner = new Scope(scope);
    targets.forEach((target, at) => assign(target, value(run, nodes[at], scope), inner));
    return statements(run, body, inner);
  },
  Macro: (run, [name, ...fields], scope) => {
    scope.set(name, macro(run, name, fields, scope));
    return "";
  },
  CallBlock: (run, [call, ...fields], scope) => {
    const caller = macro(run, null, fields, scope);
    const [, target, ...rest] = call;
    const called = value(run, target, scope);
    const [args, named] = argumentsOf(run, rest, scope);
    if (named.some(([key]) => key === "caller")) throw new TemplateError("the argument caller is named twice");
    return putOut(invoke(called, args, [...named, ["caller", caller]]));
  },
  Include: (run, [name], scope) => {
    const path = value(run, name, scope);
    const tree = run.fragments.get(path);
    if (!tree) throw new TemplateError(`the included file ${path} is not in this report`);
    return deeper(run, () => template(run, tree, new Scope(scope)));
  },
  Scope: (run, [body], scope) => statements(run, body, new Scope(scope)),
};

function statement(run, [kind, ...fields], scope) {
  step(run);
  if (!Object.hasOwn(STATEMENTS, kind)) throw new Unsupported(kind);
  return STATEMENTS[kind](run, fields, scope);
}

function forLoop(run, fields, source, scope, depth0) {
  const [target, , body, otherwise, test, recursive] = fields;
  const recurse = recursive ? (inner, depth) => deeper(run, () => forLoop(run, fields, inner, scope, depth)) : null;
  const items = test ? chosen(run, target, test, iterator(source), scope) : iterator(source);
  // A loop whose body does not ask for `loop` leaves that of the loop around it alone.
  const loop = new Loop(test ? null : source, items, recurse, depth0);
  const told = recursive || mentions(body, "loop");
  let text = "";
  for (let found = loop.next(); !found.done; found = loop.next()) {
    step(run);
    const inner = new Scope(scope);
    if (told) inner.set("loop", loop);
    assign(target, found.value, inner);
    text += statements(run, body, inner);
  }
  return loop.index0 < 0 ? statements(run, otherwise, new Scope(scope)) : text;
}

function* chosen(run, target, test, items, scope) {
  for (const item of items) {
    const inner = new Scope(scope);
    assign(target, item, inner);
    if (isTrue(value(run, test, inner))) yield item;
  }
}

const MENTIONED = new WeakMap();

// Whether a body asks for a name; each body is looked through once.
function mentions(body, name) {
  if (!MENTIONED.has(body)) MENTIONED.set(body, new Set(namesIn(body)));
  return MENTIONED.get(body).has(name);
}

function namesIn(nodes) {
  if (!Array.isArray(nodes)) return [];
  return nodes[0] === "Name" ? [nodes[1]] : nodes.flatMap(namesIn);
}

function assign(target, found, scope) {
  if (target[0] === "Name") scope.set(target[1], found);
  else if (target[0] === "Tuple" || target[0] === "List") {
    const items = iterate(found);
    if (items.length !== target[1].length) throw new TemplateError("a different number of values to unpack");
    target[1].forEach((one, at) => assign(one, items[at], scope));
  } else throw new Unsupported(`assigning to ${target[0]}`);
}

function macro(run, name, [args, defaults, body], scope) {
  const names = args.map(([, arg]) => arg);
  const asks = Object.fromEntries(["caller", "kwargs", "varargs"].map((special) => [special, !names.includes(special) && mentions(body, special)]));
  return new Macro((positional, named) => {
    step(run);
    const inner = new Scope(scope);
    const given = new Map(named);
    const missing = [];
    names.forEach((arg, at) => {
      if (at < positional.length) inner.set(arg, positional[at]);
      else if (given.has(arg)) inner.set(arg, given.get(arg));
      else {
        missing.push(at);
        inner.set(arg, new Undefined(`'${arg}' is undefined`));
      }
      if (at >= positional.length) given.delete(arg);
    });
    setSpecials(inner, asks, given, positional.slice(names.length));
    for (const at of missing) {
      const fallback = at - names.length + defaults.length;
      inner.set(names[at], fallback >= 0 ? value(run, defaults[fallback], inner) : new Undefined(`parameter '${names[at]}' was not provided`));
    }
    return deeper(run, () => statements(run, body, inner));
  }, name);
}

// What a macro gets beyond its parameters: the body of a call block, and more arguments.
function setSpecials(inner, asks, given, rest) {
  if (asks.caller) {
    inner.set("caller", given.get("caller") ?? new Undefined("No caller defined"));
    given.delete("caller");
  }
  if (asks.kwargs) inner.set("kwargs", given);
  else if (given.size) throw new TemplateError(`a macro takes no argument named '${[...given.keys()][0]}'`);
  if (asks.varargs) inner.set("varargs", PyTuple.from(rest));
  else if (rest.length) throw new TemplateError("more arguments than the macro names");
}
