// The tests of templates, as jinja2 defines them.
import { binary, contains, equal, isNumber, numeric, order, PyFloat, PyIterator, refuse, TemplateError, toText, Undefined, Unsupported } from "./pyvalues.js";

const EASY_CASE = /^[\u0000-\u00de\u00e0-\u012f\u0131-\u0148\u014a-\u017e\u0391-\u03a9\u03b1-\u03c9\u0400-\u052f]*$/;

export function easyCase(text) {
  for (const char of text) {
    if (!EASY_CASE.test(char) && char.toUpperCase() !== char.toLowerCase()) throw new Unsupported(`the case of ${char}`);
  }
  return text;
}

const isWhole = (value) => typeof value === "number";
const cased = (value, turn) => {
  const text = easyCase(toText(value));
  return text === text[turn]() && text.toUpperCase() !== text.toLowerCase();
};

const TESTS = {
  boolean: (value) => typeof value === "boolean",
  defined: (value) => !(value instanceof Undefined),
  divisibleby: (value, num) => numeric(binary("Mod", value, num)) === 0,
  eq: equal,
  even: (value) => numeric(binary("Mod", value, 2)) === 0,
  false: (value) => value === false,
  float: (value) => value instanceof PyFloat,
  ge: (a, b) => order(a, b) >= 0,
  gt: (a, b) => order(a, b) > 0,
  in: (value, box) => contains(refuse(box), value),
  integer: isWhole,
  iterable: (value) => typeof refuse(value) === "string" || Array.isArray(value) || value instanceof Map || value instanceof PyIterator,
  le: (a, b) => order(a, b) <= 0,
  lower: (value) => cased(value, "toLowerCase"),
  lt: (a, b) => order(a, b) < 0,
  mapping: (value) => value instanceof Map,
  ne: (a, b) => !equal(a, b),
  none: (value) => value === null,
  number: (value) => isNumber(value),
  odd: (value) => numeric(binary("Mod", value, 2)) === 1,
  sequence: (value) => typeof value === "string" || Array.isArray(value) || value instanceof Map,
  string: (value) => typeof value === "string",
  true: (value) => value === true,
  undefined: (value) => value instanceof Undefined,
  upper: (value) => cased(value, "toUpperCase"),
};
const TEST_ALIASES = { "==": "eq", equalto: "eq", "!=": "ne", ">": "gt", greaterthan: "gt", ">=": "ge", "<": "lt", lessthan: "lt", "<=": "le" };

export function runTest(name, value, args, kwargs) {
  const test = Object.hasOwn(TESTS, TEST_ALIASES[name] ?? name) ? TESTS[TEST_ALIASES[name] ?? name] : null;
  if (!test || kwargs.length) throw new Unsupported(`the test ${name}`);
  if (args.length !== test.length - 1) throw new TemplateError(`the test ${name} takes ${test.length - 1} arguments`);
  return test(value, ...args);
}
