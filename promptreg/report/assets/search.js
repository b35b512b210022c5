// Finds words in everything that is said of a prompt, and tells the lines where they stand.
import { chunk, loadPacked, unpack } from "./data.js";
import { newestTexts } from "./decode.js";
import { h } from "./dom.js";
import { unquoted } from "./format.js";
import { moment } from "./slices.js";

const BEFORE = 48;
const SHOWN = 160;
const MOST_MARKS = 500;
let loading = null;

// What the search looks through beside the list: for each prompt places and their texts, or why
// there are none.
export function loadTexts(count) {
  loading ??= readTexts(count).then(
    (texts) => ({ texts, problem: "" }),
    (error) => ({ texts: [], problem: `; their texts cannot be searched: ${error.message}` }),
  );
  return loading;
}

async function readTexts(count) {
  const texts = await unpack(await chunk("search"));
  while (texts && texts.length < count) {
    await moment();
    // Each further chunk is called after the first prompt in it.
    texts.push(...(await unpack(await chunk(`search${texts.length}`))));
  }
  // With few prompts their own data is read, rather than kept twice.
  return texts ?? Promise.all(Array.from({ length: count }, async (_, number) => searched(await loadPacked(number))));
}

// The twin of html.py's _searched.
function searched(packed) {
  const { parts, versions } = newestTexts(packed);
  return [...parts, ...packed.metadata.map(([key, value]) => [key, unquoted(value)]), ["version", versions.join("\n")]];
}

// Words, and phrases in quotation marks; each is looked for whatever its case.
export function wordsOf(query) {
  const words = [...query.matchAll(/"([^"]+)"?|[^\s"]+/g)].map(([word, phrase]) => phrase ?? word);
  return words.map((word) => word.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"));
}

// Returns a function that gives the lines where the words stand, or null where one is missing.
export function searchFor(query) {
  const words = wordsOf(query).map((word) => new RegExp(word, "iu"));
  const any = marker(query);
  return (row, texts) => {
    const places = [...namesOf(row), ...(texts ?? []), ...marksOf(row)];
    if (!words.every((word) => places.some(([, text]) => word.test(text)))) return null;
    return words.length ? () => hitsIn(places, words, any) : () => [];
  };
}

// Returns a function that tells whether a line holds all of the words.
export function linesWithAll(query) {
  const words = wordsOf(query).map((word) => new RegExp(word, "iu"));
  return (line) => words.every((word) => word.test(line));
}

// A line that was found, as a link to where it stands.
export function hitLine(href, place, line, query) {
  return h("li", {}, h("a", { href }, h("span", { class: "muted" }, place), h("span", { dir: "auto" }, marked(line, query, { clip: true }))));
}

function namesOf(row) {
  return [["name", row.name], ["title", row.title ?? ""], ...(row.formerly ?? []).map((name) => ["formerly", name])];
}

function marksOf(row) {
  const lists = { tag: row.tags, label: row.labels, model: row.models };
  return [["description", row.description ?? ""], ...Object.entries(lists).flatMap(([place, found]) => found.map((text) => [place, text]))];
}

// Lines with most of the words first; name and title are marked where they stand.
function hitsIn(places, words, any) {
  const hits = [];
  for (const [place, text] of places) {
    if (place === "name" || place === "title" || !any.test(text)) continue;
    text.split("\n").forEach((line, at) => {
      const found = words.filter((word) => word.test(line)).length;
      if (found) hits.push({ place, line, number: text.includes("\n") && place !== "version" ? at + 1 : 0, found });
    });
  }
  return hits.sort((a, b) => b.found - a.found);
}

// A pattern for any of the words, the longest first; one that matches nothing for no words.
function marker(query, flags = "iu") {
  const words = wordsOf(query).sort((a, b) => b.length - a.length);
  return new RegExp(words.length ? words.join("|") : "(?!)", flags);
}

// The text with its hits marked; of a long line what stands around the first one.
export function marked(text, query, { clip = false } = {}) {
  const pattern = marker(query, "giu");
  const first = text.search(pattern);
  const far = clip && first > BEFORE && text.length > SHOWN ? first - BEFORE : 0;
  const blank = far ? text.indexOf(" ", far) + 1 : 0;
  const start = blank > far && blank <= first ? blank : far;
  const to = clip ? start + SHOWN : text.length;
  const shown = text.slice(start, to);
  const nodes = [];
  let end = 0;
  for (const match of shown.matchAll(pattern)) {
    nodes.push(shown.slice(end, match.index), h("mark", {}, match[0]));
    end = match.index + match[0].length;
  }
  return [start ? "…" : "", nodes, shown.slice(end), to < text.length ? "…" : ""];
}

// Marks the hits inside an element, also those that reach across its parts; returns how many.
export function markWithin(element, query) {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const parts = [];
  let length = 0;
  while (walker.nextNode()) {
    parts.push([walker.currentNode, length]);
    length += walker.currentNode.length;
  }
  const hits = [...element.textContent.matchAll(marker(query, "giu"))].slice(0, MOST_MARKS).map((match) => [match.index, match.index + match[0].length]);
  // From behind, so that what is cut off a part lies behind all that is still to do.
  for (const [node, at] of parts.reverse()) {
    for (const [start, end] of hits.toReversed()) {
      const [from, to] = [Math.max(start - at, 0), Math.min(end - at, node.length)];
      if (from >= to) continue;
      node.splitText(to);
      const found = node.splitText(from);
      const mark = h("mark");
      found.replaceWith(mark);
      mark.append(found);
    }
  }
  return hits.length;
}
