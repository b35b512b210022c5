// JSON as Python reads and writes it: 1.0 is no 1, integers have no end, keys keep their order.
import { Blank, PyFloat, PyIterator, PyRange, PyTuple, refuse, TemplateError, Undefined } from "./pyclasses.js";
import { floatText, isInt, whole } from "./pynumbers.js";
import { iterate } from "./pyvalues.js";

const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const STRING = /"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const WORD = /true|false|null/y;
const BLANK = /[ \t\n\r]*/y;
const DEEPEST = 200;

export function fromJson(text) {
  const source = { text, at: 0, depth: 0 };
  const value = read(source);
  take(source, BLANK);
  if (source.at < text.length) refuseText(source);
  return value;
}

function refuseText(source) {
  throw new SyntaxError(`not valid JSON at character ${source.at + 1}`);
}

function take(source, pattern) {
  pattern.lastIndex = source.at;
  const found = pattern.exec(source.text);
  if (found) source.at = pattern.lastIndex;
  return found;
}

function read(source) {
  take(source, BLANK);
  const first = source.text[source.at];
  if (first === "[") return readMany(source, "]", [], (list) => list.push(read(source)));
  if (first === "{") return readMany(source, "}", new Map(), (map) => readPair(source, map));
  if (first === '"') return readString(source);
  const word = take(source, WORD);
  if (word) return JSON.parse(word[0]);
  const number = take(source, NUMBER);
  if (!number) return refuseText(source);
  return number[1] || number[2] ? new PyFloat(Number(number[0])) : whole(BigInt(number[0]));
}

function readString(source) {
  const found = take(source, STRING);
  return found ? JSON.parse(found[0]) : refuseText(source);
}

function readPair(source, map) {
  take(source, BLANK);
  const key = readString(source);
  take(source, BLANK);
  if (source.text[source.at] !== ":") refuseText(source);
  source.at += 1;
  map.set(key, read(source));
}

function readMany(source, end, box, readOne) {
  source.at += 1;
  source.depth += 1;
  if (source.depth > DEEPEST) throw new SyntaxError("nested too deeply");
  take(source, BLANK);
  for (let sign = source.text[source.at]; sign !== end; ) {
    readOne(box);
    take(source, BLANK);
    sign = source.text[source.at];
    if (sign === end) break;
    if (sign !== ",") refuseText(source);
    source.at += 1;
  }
  source.at += 1;
  source.depth -= 1;
  return box;
}

// indent is null or a text.
export function toJson(value, indent, depth = 0) {
  const pad = indent === null ? "" : `\n${indent.repeat(depth + 1)}`;
  const end = indent === null ? "" : `\n${indent.repeat(depth)}`;
  const comma = indent === null ? ", " : ",";
  const many = (open, parts, close) => (parts.length ? `${open}${pad}${parts.join(comma + pad)}${end}${close}` : open + close);
  if (value === null || typeof value === "boolean" || isInt(value) || value instanceof PyFloat) return scalar(value);
  if (typeof value === "string") return stringText(value);
  if (value instanceof Map) return many("{", [...value].map(([key, item]) => `${keyText(key)}: ${toJson(item, indent, depth + 1)}`), "}");
  if (Array.isArray(value) || value instanceof PyRange || value instanceof PyIterator || value instanceof Blank) return many("[", iterate(value).map((item) => toJson(item, indent, depth + 1)), "]");
  refuse(value);
  throw new TemplateError("a value that has no JSON");
}

function scalar(value) {
  if (!(value instanceof PyFloat)) return String(value);
  return floatText(value.value).replace("nan", "NaN").replace("inf", "Infinity");
}

function keyText(key) {
  if (typeof key === "string") return stringText(key);
  if (key instanceof PyTuple || key instanceof Undefined) throw new TemplateError("a key that has no JSON");
  return `"${scalar(key)}"`;
}

// JSON.stringify would write half a surrogate pair as an escape, which Python leaves as it is.
function stringText(text) {
  return JSON.stringify(text).replace(/(?<!\\)((?:\\\\)*)\\u(d[89a-f][0-9a-f]{2})/g, (_, before, code) => before + String.fromCharCode(parseInt(code, 16)));
}
