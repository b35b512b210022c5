// Searches the texts of all versions: lines that are gone, with the versions that held them.
import { loadPrompt } from "./data.js";
import { append, h, replace } from "./dom.js";
import { count, plural, shortVersion } from "./format.js";
import { promptRoute } from "./router.js";
import { hitLine, linesWithAll } from "./search.js";
import { card, promptName } from "./widgets.js";

const SHOWN_LINES = 5;

// Reads one prompt after the other, because all of them together may be large.
export function olderCard(rows, query, opened, onopen) {
  const told = h("p", { class: "muted", role: "status" });
  const list = h("ul", { class: "rows" });
  const search = async () => {
    replace(told);
    list.setAttribute("aria-busy", "true");
    let found = 0;
    for (const [at, row] of rows.entries()) {
      const lines = goneLines(await loadPrompt(row.number), query);
      // Whoever types on or leaves the page has another search, or none.
      if (!list.isConnected) return;
      if (lines.length) append(list, [entry(row, lines, query)]);
      found += lines.length > 0;
      replace(told, `Searched ${count(at + 1)} of ${plural(rows.length, "prompt")}: ${found ? count(found) : "none"} with such lines`);
    }
    list.removeAttribute("aria-busy");
  };
  const begin = () => search().catch((error) => replace(told, `The search ended: ${error.message}`));
  const button = h("button", { type: "button", class: "button", onclick: () => { button.remove(); onopen(); begin(); } }, "Search older versions");
  if (opened) setTimeout(begin);
  return card("Older versions", { level: "h3", class: "older", note: "Lines that the newest version no longer has, and the versions that had them", actions: opened ? [] : [button] }, told, list);
}

// Each line that holds all words and is not in the newest version, the latest gone first.
function goneLines(prompt, query) {
  const matches = linesWithAll(query);
  const held = new Map();
  for (const v of prompt.versions) {
    for (const { role, path, text } of [...v.messages, ...v.fragments]) {
      for (const line of text.split("\n").filter(matches)) {
        const key = `${role ?? path}\n${line}`;
        held.set(key, { place: role ?? path, line, first: held.get(key)?.first ?? v, last: v });
      }
    }
  }
  const newest = prompt.versions.at(-1);
  return [...held.values()].filter(({ last }) => last !== newest).sort((a, b) => b.last.index - a.last.index);
}

function entry(row, lines, query) {
  const left = lines.length - SHOWN_LINES;
  const when = ({ first, last }) => (first === last ? shortVersion(last.version) : `${shortVersion(first.version)} to ${shortVersion(last.version)}`);
  return h(
    "li",
    {},
    h("div", { class: "row-main" }, h("a", { href: promptRoute(row.name) }, promptName(row.name))),
    h(
      "ul",
      { class: "hits row-more" },
      lines.slice(0, SHOWN_LINES).map((hit) => hitLine(promptRoute(row.name, { tab: "text", v: hit.last.version, find: query }), `${hit.place}, ${when(hit)}`, hit.line, query)),
      left > 0 ? h("li", { class: "muted" }, `and ${plural(left, "more line")}`) : null,
    ),
  );
}
