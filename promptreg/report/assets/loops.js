// What `loop` is inside a loop; elements are taken from the iterator one at a time, as Python does.
import { Callable, TemplateError, Undefined } from "./pyclasses.js";
import { equal, hasLength, lengthOf } from "./pyvalues.js";

export class Loop {
  isLoop = true;
  index0 = -1;
  #source;
  #items;
  #length = null;
  #ahead = null;
  #before;
  #current;
  #told = null;

  // recurse(items, depth0) renders the loop's body for other items; null where it may not.
  constructor(source, items, recurse, depth0) {
    this.#source = source;
    this.#items = items;
    this.recurse = recurse;
    this.depth0 = depth0;
  }

  next() {
    const found = this.#ahead ?? this.#items.next();
    this.#ahead = null;
    if (found.done) return found;
    this.index0 += 1;
    this.#before = this.#current;
    this.#current = found.value;
    return found;
  }

  #peek() {
    this.#ahead ??= this.#items.next();
    return this.#ahead;
  }

  get length() {
    if (this.#length === null && hasLength(this.#source)) this.#length = lengthOf(this.#source);
    if (this.#length === null) {
      const rest = [...this.#items];
      this.#items = rest[Symbol.iterator]();
      this.#length = rest.length + this.index0 + 1 + (this.#ahead && !this.#ahead.done ? 1 : 0);
    }
    return this.#length;
  }

  text() {
    return `<LoopContext ${this.index0 + 1}/${this.length}>`;
  }

  call(args, named) {
    if (!this.recurse) throw new TemplateError("the loop must be marked recursive to be called");
    if (args.length !== 1 || named.length) throw new TemplateError("loop() takes one value");
    return this.recurse(args[0], this.depth0 + 1);
  }

  static #fields = {
    index: (loop) => loop.index0 + 1,
    index0: (loop) => loop.index0,
    revindex: (loop) => loop.length - loop.index0,
    revindex0: (loop) => loop.length - loop.index0 - 1,
    first: (loop) => loop.index0 === 0,
    last: (loop) => Boolean(loop.#peek().done),
    length: (loop) => loop.length,
    depth: (loop) => loop.depth0 + 1,
    depth0: (loop) => loop.depth0,
    previtem: (loop) => (loop.index0 === 0 ? new Undefined("there is no previous item") : loop.#before),
    nextitem: (loop) => (loop.#peek().done ? new Undefined("there is no next item") : loop.#peek().value),
    cycle: (loop) =>
      new Callable((args, named) => {
        if (!args.length || named.length) throw new TemplateError("no items for cycling given");
        return args[loop.index0 % args.length];
      }),
    changed: (loop) =>
      new Callable((args, named) => {
        if (named.length) throw new TemplateError("changed() takes no named values");
        return loop.#changed(args);
      }),
  };

  #changed(args) {
    const same = this.#told && this.#told.length === args.length && args.every((one, at) => one === this.#told[at] || equal(this.#told[at], one));
    if (!same) this.#told = args;
    return !same;
  }

  attribute(name) {
    if (!Object.hasOwn(Loop.#fields, name)) throw new TemplateError(`a template cannot reach the attribute '${name}' of a loop`);
    return Loop.#fields[name](this);
  }
}
