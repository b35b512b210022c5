// Python's texts, which are made of code points: spaces, lines, case, digits and quotes.
import { Unsupported } from "./pyclasses.js";

export const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const ENDS = new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, "g");
const LINE_END = /\r\n|[\n\v\f\r\x1c-\x1e\x85\u2028\u2029]/;
const UNPRINTABLE = /^[\p{C}\p{Z}]$/u;
// Characters younger than Unicode 14, which the oldest supported Python does not know.
const YOUNGER = [
  "88f 897 9ff b53-b54 c5c cdc cf3 ece 1acf-1aeb 1b4e-1b4f 1b7f 1c89-1c8a 20c1 2427-2429 2b96 2ffc-2fff 31e4-31ef a7cb-a7cf a7d2 a7d4 a7da-a7f1 fbc3-fbd2 fd90-fd91",
  "fdc8-fdce 105c0-105f3 10940-10959 10d40-10d8f 10ec2-10eff 1123f-11241 11380-113e2 116d0-116e3 11b00-11bf9 11db0-11de9 11f00-11f5a 1342f 13439-143fa",
  "16100-16139 16d40-16da9 16ea0-16ed3 16ff2-16ff6 187f8-187ff 18cff 18d09-18df2 1b132 1b155 1cc00-1cef0 1d2c0-1d2d3 1df25-1df2a 1e030-1e08f 1e4d0-1e6ff",
  "1f6d8-1f6dc 1f774-1f77f 1f7d9 1f8b2-1f8d8 1fa54-1fa57 1fa75-1fa77 1fa87-1fa8f 1faad-1faaf 1fabb-1fabf 1fac6-1facf 1fada-1fadf 1fae8-1faef 1faf7-1faf8",
  "1fbcb-1fbef 1fbfa 2b739-2b73f 2cea2-2cead 2ebf0-2ee5d 31350-33479",
];
const YOUNG = new RegExp(`[${YOUNGER.join(" ").replace(/[0-9a-f]+/g, "\\u{$&}").replaceAll(" ", "")}]`, "u");
// Letters that got another case, or lost it, since then.
const CHANGED = /[\u019b\u0264\u0295\u10fc\ua7d3\ua7d5\ua7f2-\ua7f4\uab69]/;
// Letters whose title case is no upper case with the rest of it in lower case.
const TITLES = new Map();
for (const [first, last, shift] of [[0x1f80, 0x1f87, 8], [0x1f90, 0x1f97, 8], [0x1fa0, 0x1fa7, 8], [0x1f88, 0x1f8f, 0], [0x1f98, 0x1f9f, 0], [0x1fa8, 0x1faf, 0], [0x10d0, 0x10fa, 0], [0x10fd, 0x10ff, 0]]) {
  for (let code = first; code <= last; code++) TITLES.set(String.fromCodePoint(code), String.fromCodePoint(code + shift));
}
TITLES.set("\u0149", "\u02bcN");
for (const letter of [0x1fb3, 0x1fc3, 0x1ff3]) TITLES.set(String.fromCodePoint(letter), String.fromCodePoint(letter + 9));
for (const letter of [0x1fbc, 0x1fcc, 0x1ffc]) TITLES.set(String.fromCodePoint(letter), String.fromCodePoint(letter));
for (const [letter, title] of ["\u1fb2\u1fba\u0345", "\u1fb4\u0386\u0345", "\u1fc2\u1fca\u0345", "\u1fc4\u0389\u0345", "\u1ff2\u1ffa\u0345", "\u1ff4\u038f\u0345", "\u1fb7\u0391\u0342\u0345", "\u1fc7\u0397\u0342\u0345", "\u1ff7\u03a9\u0342\u0345"].map((text) => [text[0], text.slice(1)])) TITLES.set(letter, title);
for (const [upper, title, lower] of ["\u01c4\u01c5\u01c6", "\u01c7\u01c8\u01c9", "\u01ca\u01cb\u01cc", "\u01f1\u01f2\u01f3"]) [upper, title, lower].forEach((letter) => TITLES.set(letter, title));

export function points(text) {
  return [...text];
}

export function stripped(text) {
  return text.replace(ENDS, "");
}

export function splitLines(text) {
  const lines = text.split(LINE_END);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

// Passes a text on whose characters mean the same to every supported Python.
export function known(text) {
  const young = YOUNG.exec(text);
  if (young) throw new Unsupported(`the character ${young[0]}, which not every Python knows`);
  return text;
}

function cased(text) {
  const changed = CHANGED.exec(known(text));
  if (changed) throw new Unsupported(`the case of ${changed[0]}`);
  return text;
}

export function upper(text) {
  return cased(text).toUpperCase();
}

export function lower(text) {
  return cased(text).toLowerCase();
}

export function capitalized(text) {
  const [first = "", ...rest] = points(cased(text));
  if (TITLES.has(first)) return TITLES.get(first) + lowerAfter(first, rest);
  const [head = "", ...tail] = points(first.toUpperCase());
  return head + tail.join("").toLowerCase() + lowerAfter(first, rest);
}

// A sigma at the end of a word has a form of its own, so the letter before must be seen.
function lowerAfter(first, rest) {
  return (first + rest.join("")).toLowerCase().slice(first.toLowerCase().length);
}

export function isUpper(text) {
  return /\p{Uppercase}/u.test(cased(text)) && !/[\p{Lowercase}\p{Lt}]/u.test(text);
}

export function isLower(text) {
  return /\p{Lowercase}/u.test(cased(text)) && !/[\p{Uppercase}\p{Lt}]/u.test(text);
}

// Digits of every script as ASCII's; decimal digits stand in rows of ten.
export function asciiDigits(text) {
  return text.replace(/\p{Nd}/gu, (digit) => {
    let start = digit.codePointAt(0);
    while (/\p{Nd}/u.test(String.fromCodePoint(start - 1))) start -= 1;
    return String((digit.codePointAt(0) - start) % 10);
  });
}

export function quoted(text, ascii = false) {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  let found = "";
  for (const char of known(text)) {
    const code = char.codePointAt(0);
    if (char === mark || char === "\\") found += `\\${char}`;
    else if (char === "\n") found += "\\n";
    else if (char === "\r") found += "\\r";
    else if (char === "\t") found += "\\t";
    else if (char !== " " && (UNPRINTABLE.test(char) || (ascii && code > 0x7e))) found += escaped(code);
    else found += char;
  }
  return mark + found + mark;
}

function escaped(code) {
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code < 0x10000) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\U${code.toString(16).padStart(8, "0")}`;
}

// By code points, as Python does, not by UTF-16 units.
export function orderTexts(a, b) {
  const [x, y] = [points(a), points(b)];
  for (let at = 0; at < Math.min(x.length, y.length); at++) {
    if (x[at] !== y[at]) return x[at].codePointAt(0) - y[at].codePointAt(0);
  }
  return x.length - y.length;
}
