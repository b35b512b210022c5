// The classes of Python's values in the page. Integers are numbers, or bigints beyond 2^53; a dict
// is a Map, a list an Array. What cannot be the same as in Python throws Unsupported.

export class Unsupported extends Error {}
export class TemplateError extends Error {}

export class PyFloat {
  constructor(value) {
    this.value = value;
  }
}

export class PyTuple extends Array {}

// What `groupby` yields: a tuple whose parts have names, too.
export class PyGroup extends PyTuple {}

export class PyRange {
  constructor(start, stop, step) {
    Object.assign(this, { start, stop, step });
    this.length = Math.max(0, Math.ceil((stop - start) / step));
  }

  at(index) {
    return this.start + index * this.step;
  }

  *[Symbol.iterator]() {
    for (let index = 0; index < this.length; index++) yield this.at(index);
  }
}

// What Python computes while it is looped over: a second loop finds nothing.
export class PyIterator {
  constructor(items) {
    this.items = items[Symbol.iterator]();
  }

  // A for loop that stops early would close a generator, which Python leaves open.
  next() {
    return this.items.next();
  }

  [Symbol.iterator]() {
    return { next: () => this.items.next() };
  }
}

export class Undefined {
  constructor(message) {
    this.message = message;
  }
}

// What an inline if without an else leaves: jinja2 lets it print as nothing.
export class Blank extends Undefined {}

export class Callable {
  constructor(call) {
    this.call = call;
  }
}

export class Macro extends Callable {
  constructor(call, name) {
    super(call);
    this.name = name;
  }
}

export function refuse(value) {
  if (value instanceof Undefined && !(value instanceof Blank)) throw new TemplateError(value.message);
  return value;
}

export function typeName(value) {
  if (value === null) return "NoneType";
  if (value instanceof PyFloat) return "float";
  if (value instanceof PyTuple) return "tuple";
  if (value instanceof PyRange) return "range";
  if (Array.isArray(value)) return "list";
  if (value instanceof Map) return "dict";
  return { string: "str", number: "int", bigint: "int", boolean: "bool" }[typeof value] ?? "object";
}
