// Searches the texts of all versions: lines that are gone, with the versions that held them.
import { loadPacked } from "./data.js";
import { linesHeld } from "./decode.js";
import { append, h, replace } from "./dom.js";
import { count, plural, shortVersion } from "./format.js";
import { promptRoute } from "./router.js";
import { hitLine, linesWithAll } from "./search.js";
import { card, promptName } from "./widgets.js";

const PAGE = 25;
const SHOWN_LINES = 5;
// So many prompts are on their way while one is looked through: a folder's files come from afar.
const AHEAD = 6;
const DRAWN_EVERY = 100;

// Reads one prompt after the other, because all of them together may be large.
export function olderCard(rows, query, opened, onopen) {
  const told = h("p", { class: "muted", role: "status" });
  const bar = h("progress", { max: rows.length, value: 0, "aria-label": "Prompts searched" });
  const list = h("ul", { class: "rows" });
  const more = h("button", { type: "button", class: "button quiet more", hidden: true, onclick: () => show(PAGE) });
  const found = [];
  let wanted = PAGE;
  let shown = 0;
  const show = (further = 0) => {
    wanted += further;
    append(list, found.slice(shown, wanted).map(([row, lines]) => entry(row, lines, query)));
    shown = Math.min(found.length, wanted);
    more.textContent = `Show ${Math.min(PAGE, found.length - shown)} more`;
    more.hidden = found.length === shown;
  };
  const search = async () => {
    const matches = linesWithAll(query);
    let drawn = 0;
    replace(told, "Searching…");
    list.setAttribute("aria-busy", "true");
    list.before(bar);
    for await (const [at, row, packed] of inOrder(rows)) {
      // Whoever types on or leaves the page has another search, or none.
      if (!list.isConnected) return;
      const lines = goneLines(packed, matches);
      if (lines.length) found.push([row, lines]);
      if (performance.now() - drawn < DRAWN_EVERY) continue;
      drawn = performance.now();
      bar.value = at + 1;
      show();
    }
    show();
    bar.remove();
    list.removeAttribute("aria-busy");
    replace(told, `Searched ${plural(rows.length, "prompt")}: ${found.length ? count(found.length) : "none"} with such lines`);
  };
  const begin = () =>
    search().catch((error) => {
      bar.remove();
      list.removeAttribute("aria-busy");
      replace(told, `The search ended: ${error.message}`);
    });
  const button = h("button", { type: "button", class: "button", onclick: () => { button.remove(); onopen(); begin(); } }, "Search older versions");
  if (opened) setTimeout(begin);
  return card("Older versions", { level: "h3", class: "older", note: "Lines that the newest version no longer has, and the versions that had them", actions: opened ? [] : [button] }, told, list, more);
}

async function* inOrder(rows) {
  const read = (row) => {
    const packed = row ? loadPacked(row.number) : null;
    // What fails is told when its turn comes.
    packed?.catch(() => {});
    return packed;
  };
  const coming = rows.slice(0, AHEAD).map(read);
  for (const [at, row] of rows.entries()) {
    const packed = await coming.shift();
    coming.push(read(rows[at + AHEAD]));
    yield [at, row, packed];
  }
}

// Each line that holds all words and is not in the newest version, the latest gone first.
function goneLines(packed, matches) {
  const { count: versions, version } = packed.versions;
  const gone = linesHeld(packed, matches).filter(({ last }) => last < versions - 1);
  return gone.sort((a, b) => b.last - a.last).map((hit) => ({ ...hit, first: version[hit.first], last: version[hit.last] }));
}

function entry(row, lines, query) {
  const left = lines.length - SHOWN_LINES;
  const when = ({ first, last }) => (first === last ? shortVersion(last) : `${shortVersion(first)} to ${shortVersion(last)}`);
  return h(
    "li",
    {},
    h("div", { class: "row-main" }, h("a", { href: promptRoute(row.name) }, promptName(row.name))),
    h(
      "ul",
      { class: "hits row-more" },
      lines.slice(0, SHOWN_LINES).map((hit) => hitLine(promptRoute(row.name, { tab: "text", v: hit.last, find: query }), `${hit.place}, ${when(hit)}`, hit.line, query)),
      left > 0 ? h("li", { class: "muted" }, `and ${plural(left, "more line")}`) : null,
    ),
  );
}
