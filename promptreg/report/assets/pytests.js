// The tests of templates, as jinja2 defines them.
import { PyFloat, PyTuple, refuse, TemplateError, typeName, Undefined, Unsupported } from "./pyclasses.js";
import { percentFormat } from "./pyformat.js";
import { isInt, isNumber } from "./pynumbers.js";
import { isLower, isUpper } from "./pytext.js";
import { binary, contains, equal, findKey, hasLength, isCallable, isIterable, order, toText } from "./pyvalues.js";

// The raw operator, which on a text formats.
function modulo(value, by) {
  return typeof value === "string" ? percentFormat(value, by) : binary("Mod", value, by);
}

// Python may keep one object for equal constants, so only what can never be one object is told.
function sameObject(value, other) {
  const plain = (one) => one === null || typeof one === "boolean" || one instanceof Undefined;
  if (typeName(value) !== typeName(other)) return false;
  if (plain(value) || plain(other)) return value === other;
  if (isInt(value) && value >= -5 && value <= 256) return value === other;
  if (typeof value !== "object" || value instanceof PyTuple || value instanceof PyFloat) throw new Unsupported("sameas between values like these");
  return value === other;
}

function named(names) {
  const known = new Map([...names].map((name) => [name, true]));
  return (value) => findKey(known, value) !== undefined;
}

// The names of arguments behind the value, and the test itself.
const TESTS = {
  boolean: [[], (value) => typeof value === "boolean"],
  callable: [[], isCallable],
  defined: [[], (value) => !(value instanceof Undefined)],
  divisibleby: [["num"], (value, num) => equal(modulo(value, num), 0)],
  eq: [["b"], equal],
  escaped: [[], () => false],
  even: [[], (value) => equal(modulo(value, 2), 0)],
  false: [[], (value) => value === false],
  float: [[], (value) => value instanceof PyFloat],
  ge: [["b"], (a, b) => order(a, b) >= 0],
  gt: [["b"], (a, b) => order(a, b) > 0],
  in: [["seq"], (value, seq) => contains(refuse(seq), value)],
  integer: [[], (value) => isInt(value) && typeof value !== "boolean"],
  iterable: [[], isIterable],
  le: [["b"], (a, b) => order(a, b) <= 0],
  lower: [[], (value) => isLower(toText(value))],
  lt: [["b"], (a, b) => order(a, b) < 0],
  mapping: [[], (value) => value instanceof Map],
  ne: [["b"], (a, b) => !equal(a, b)],
  none: [[], (value) => value === null],
  number: [[], isNumber],
  odd: [[], (value) => equal(modulo(value, 2), 1)],
  sameas: [["other"], sameObject],
  sequence: [[], (value) => hasLength(value) && !value.isLoop],
  string: [[], (value) => typeof value === "string"],
  true: [[], (value) => value === true],
  undefined: [[], (value) => value instanceof Undefined],
  upper: [[], (value) => isUpper(toText(value))],
};
const ALIASES = { "==": "eq", equalto: "eq", "!=": "ne", ">": "gt", greaterthan: "gt", ">=": "ge", "<": "lt", lessthan: "lt", "<=": "le" };
const NAMED_ARGUMENTS = new Set(["divisibleby", "in", "sameas"]);

export function isTestName(name) {
  return name === "test" || name === "filter" || Object.hasOwn(TESTS, name) || Object.hasOwn(ALIASES, name);
}

export function runTest(name, value, args, kwargs, isFilterName) {
  if (typeof name !== "string" || !isTestName(name)) throw new TemplateError(`there is no test named '${toText(name)}'`);
  const known = ALIASES[name] ?? name;
  const [names, test] = known === "test" ? [[], named([...Object.keys(TESTS), ...Object.keys(ALIASES), "test", "filter"])] : known === "filter" ? [[], named(isFilterName)] : TESTS[known];
  const all = [...args];
  for (const [key, one] of kwargs) {
    const at = names.indexOf(key);
    if (at < 0 || at !== all.length || !NAMED_ARGUMENTS.has(known)) throw new TemplateError(`the test ${name} takes no argument named ${key}`);
    all.push(one);
  }
  if (all.length !== names.length) throw new TemplateError(`the test ${name} takes ${names.length} arguments`);
  return test(value, ...all);
}
