// The two-level text diff; the twin of promptreg/textdiff.py, row for row.
import { changedBlocks, heaviestBlocks, slideBlocks, trimBlock } from "./myers.js";

const MAX_LINE_EDITS = 1500;
const MAX_WORD_EDITS = 800;
const MAX_CELLS = 10_000;
const MAX_PAIRS = 40_000;
const KEPT_WORDS = 20;
const SPACE = "\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const WORD =
  "0-9A-Za-z_\\u00aa\\u00b5\\u00ba\\u00c0-\\u00d6\\u00d8-\\u00f6\\u00f8-\\u037d\\u037f-\\u0386" +
  "\\u0388-\\u0559\\u0560-\\u0588\\u0591-\\u05bd\\u05bf\\u05c1\\u05c2\\u05c4\\u05c5\\u05c7-\\u05f2" +
  "\\u0610-\\u061a\\u0620-\\u0669\\u066e-\\u06d3\\u06d5-\\u06ff\\u0710-\\u0963\\u0966-\\u166c" +
  "\\u166f-\\u167f\\u1681-\\u1fff\\u2c00-\\u2dff\\u3105-\\u312f\\ua000-\\ud7ff\\ufb00-\\ufd3d" +
  "\\ufd40-\\ufdff\\ufe70-\\ufefc\\uff10-\\uff19\\uff21-\\uff3a\\uff41-\\uff5a\\uff66-\\uffdc" +
  "\\u{10000}-\\u{1efff}";
const PICTURE = "\\u2190-\\u2bff\\u200d\\ufe0f\\u{1f000}-\\u{1faff}";
const TOKEN = new RegExp(`[${SPACE}]+|[${WORD}]+|[${PICTURE}]+|[\\s\\S]`, "gu");
const IS_SPACE = new RegExp(`^[${SPACE}]+$`, "u");
const IS_WORD = new RegExp(`^[${WORD}\\u3041-\\u30ff\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff]`, "u");
const SENTENCE_ENDS = new Set([".", "!", "?", "\u3002"]);

export function tokenize(text) {
  return text.match(TOKEN) ?? [];
}

export function compareTexts(old, fresh) {
  const a = splitLines(old);
  const b = splitLines(fresh);
  const blocks = slideBlocks(a, b, changedBlocks(a, b, MAX_LINE_EDITS), lineBoundary);
  const rows = [];
  let i = 0;
  let j = 0;
  for (const block of [...joinOverBlanks(a, blocks), null]) {
    const end = block ? block[0] : a.length;
    for (; i < end; i++, j++) rows.push(row("equal", i, j, a, b));
    if (block) {
      rowsOfBlock(rows, a, b, block);
      i = block[1];
      j = block[3];
    }
  }
  return rows;
}

export function diffFigures(rows) {
  const found = { common: 0, removed: 0, added: 0, wordsAdded: 0, wordsRemoved: 0, linesAdded: 0, linesRemoved: 0 };
  const take = (kind, text) => {
    const tokens = tokenize(text);
    const weight = lettersOf(tokens);
    const words = tokens.filter((token) => IS_WORD.test(token)).length;
    if (kind === "equal") found.common += weight;
    else if (kind === "delete") {
      found.removed += weight;
      found.wordsRemoved += words;
    } else {
      found.added += weight;
      found.wordsAdded += words;
    }
  };
  for (const one of rows) {
    if (one.kind === "change") one.spans.forEach(([kind, text]) => take(kind, text));
    else take(one.kind, one.old ?? one.new);
    if (one.kind === "insert" || one.kind === "change") found.linesAdded++;
    if (one.kind === "delete" || one.kind === "change") found.linesRemoved++;
  }
  const total = 2 * found.common + found.removed + found.added;
  return { ...found, similarity: total ? (2 * found.common) / total : 1 };
}

function row(kind, i, j, a, b, spans = []) {
  return {
    kind,
    oldNumber: i === null ? null : i + 1,
    newNumber: j === null ? null : j + 1,
    old: i === null ? null : a[i],
    new: j === null ? null : b[j],
    spans,
  };
}

function splitLines(text) {
  const lines = text.split("\n");
  const last = lines.pop();
  const ended = lines.map((line) => `${line}\n`);
  if (last) ended.push(last);
  return ended;
}

function isBlank(text) {
  return text === "" || IS_SPACE.test(text);
}

function lineBoundary(lines, at) {
  if (at === 0 || at === lines.length) return 3;
  if (isBlank(lines[at - 1])) return 2;
  return isBlank(lines[at]) ? 1 : 0;
}

function joinOverBlanks(a, blocks) {
  const joined = [];
  for (const block of blocks) {
    const last = joined.at(-1);
    if (last && a.slice(last[1], block[0]).every(isBlank)) {
      joined[joined.length - 1] = [last[0], block[1], last[2], block[3]];
    } else joined.push(block);
  }
  return joined;
}

function rowsOfBlock(rows, a, b, block) {
  const x = a.slice(block[0], block[1]);
  const y = b.slice(block[2], block[3]);
  let i = block[0];
  let j = block[2];
  for (const [pairI, pairJ] of [...pairLines(x, y), [x.length, y.length]]) {
    const toI = block[0] + pairI;
    const toJ = block[2] + pairJ;
    for (; i < toI; i++) rows.push(row("delete", i, null, a, b));
    for (; j < toJ; j++) rows.push(row("insert", null, j, a, b));
    if (pairI < x.length && pairJ < y.length) {
      rows.push(a[i] === b[j] ? row("equal", i, j, a, b) : row("change", i, j, a, b, wordSpans(a[i], b[j])));
      i++;
      j++;
    }
  }
}

function codePoints(text) {
  let length = text.length;
  for (let at = 0; at + 1 < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit >= 0xd800 && unit < 0xdc00) {
      const next = text.charCodeAt(at + 1);
      if (next >= 0xdc00 && next < 0xe000) {
        length--;
        at++;
      }
    }
  }
  return length;
}

function lengthOf(tokens) {
  return tokens.reduce((sum, token) => sum + codePoints(token), 0);
}

function lettersOf(tokens) {
  return tokens.reduce((sum, token) => sum + (IS_SPACE.test(token) ? 0 : codePoints(token)), 0);
}

function tokenWeight(token) {
  return IS_SPACE.test(token) ? 1 : 1 + 2 * codePoints(token);
}

function pairLines(x, y) {
  if (!x.length || !y.length || x.length * y.length > MAX_PAIRS) return [];
  const bagsX = x.map(bag);
  const bagsY = y.map(bag);
  const gains = bagsX.map((one) => bagsY.map((other) => gain(one, other)));
  const best = Array.from({ length: x.length + 1 }, () => new Array(y.length + 1).fill(0));
  for (let i = x.length - 1; i >= 0; i--) {
    for (let j = y.length - 1; j >= 0; j--) {
      let value = Math.max(best[i + 1][j], best[i][j + 1]);
      if (gains[i][j]) value = Math.max(value, gains[i][j] + best[i + 1][j + 1]);
      best[i][j] = value;
    }
  }
  const pairs = [];
  let i = 0;
  let j = 0;
  while (i < x.length && j < y.length) {
    if (gains[i][j] && best[i][j] === gains[i][j] + best[i + 1][j + 1]) pairs.push([i++, j++]);
    else if (best[i][j] === best[i + 1][j]) i++;
    else j++;
  }
  return pairs;
}

function bag(line) {
  const words = new Map();
  let weight = 0;
  for (const token of tokenize(line)) {
    if (IS_SPACE.test(token)) continue;
    words.set(token, (words.get(token) ?? 0) + 1);
    weight += codePoints(token);
  }
  return { words, weight };
}

function gain(one, other) {
  if (!one.weight || !other.weight) return one.weight === other.weight ? 1 : 0;
  const total = one.weight + other.weight;
  if (4 * Math.min(one.weight, other.weight) < total) return 0;
  let common = 0;
  for (const [word, times] of one.words) {
    if (other.words.has(word)) common += Math.min(times, other.words.get(word)) * codePoints(word);
  }
  return 4 * common >= total ? 4 + 8 * common : 0;
}

function wordSpans(old, fresh) {
  const a = tokenize(old.replace(/\n$/, ""));
  const b = tokenize(fresh.replace(/\n$/, ""));
  let blocks = heaviestBlocks(a, b, tokenWeight, MAX_CELLS) ?? changedBlocks(a, b, MAX_WORD_EDITS);
  blocks = dropCoincidences(a, b, blocks).map((block) => trimBlock(a, b, block));
  blocks = slideBlocks(a, b, blocks, wordBoundary);
  const spans = [];
  const add = (kind, text) => {
    if (!text) return;
    const last = spans.at(-1);
    if (last && last[0] === kind) last[1] += text;
    else spans.push([kind, text]);
  };
  let i = 0;
  for (const block of blocks) {
    add("equal", a.slice(i, block[0]).join(""));
    add("delete", a.slice(block[0], block[1]).join(""));
    add("insert", b.slice(block[2], block[3]).join(""));
    i = block[1];
  }
  add("equal", a.slice(i).join(""));
  const [oldEnds, newEnds] = [old.endsWith("\n"), fresh.endsWith("\n")];
  if (oldEnds && newEnds) add("equal", "\n");
  else if (oldEnds) add("delete", "\n");
  else if (newEnds) add("insert", "\n");
  return spans;
}

function dropCoincidences(a, b, blocks) {
  const extent = (block) => Math.max(lengthOf(a.slice(block[0], block[1])), lengthOf(b.slice(block[2], block[3])));
  const joined = [];
  for (const block of blocks) {
    let current = block;
    while (joined.length) {
      const last = joined.at(-1);
      const between = a.slice(last[1], current[0]);
      if (lengthOf(between) > Math.min(extent(last), extent(current))) break;
      if (lettersOf(between) >= KEPT_WORDS) break;
      joined.pop();
      current = [last[0], current[1], last[2], current[3]];
    }
    joined.push(current);
  }
  return joined;
}

function wordBoundary(tokens, at) {
  if (at === 0 || at === tokens.length) return 4;
  const before = tokens[at - 1];
  if (!isBlank(before)) return IS_WORD.test(before) && IS_WORD.test(tokens[at]) ? 0 : 1;
  return at > 1 && SENTENCE_ENDS.has(tokens[at - 2]) ? 3 : 2;
}
