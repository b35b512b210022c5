// All prompts: search in names and texts, filters, sorting, selection; the address keeps the state.
import { h, icon, replace } from "./dom.js";
import { promptsJson } from "./exports.js";
import { count, plural } from "./format.js";
import { columnsOf, hitList } from "./prompts_rows.js";
import { remember } from "./router.js";
import { loadTexts, searchFor, wordsOf } from "./search.js";
import { inSlices } from "./slices.js";
import { sortableTable, sortRows, sortsOf } from "./sortable.js";
import { olderCard } from "./view_older.js";
import { card, csv, downloadButton, empty, select } from "./widgets.js";

const PAGE = 50;
const PAUSE = 80;

export function promptsPage(app, query) {
  const { index } = app;
  const state = { q: "", tag: "", label: "", model: "", alert: "", only: "", older: "", sort: "name", dir: "asc", rows: "", ...query };
  const selected = new Set(namesOf(state.only));
  const list = h("div");
  const older = h("div");
  const told = h("p", { class: "muted", role: "status" });
  let texts = null;
  let problem = "";
  // Of each prompt that was found, a function that gives the lines where.
  let hits = new Map();
  let turn = 0;
  let typed = 0;

  // Looks for prompts, until somebody types on, leaves the page or looks for something else.
  const find = async () => {
    clearTimeout(typed);
    const mine = ++turn;
    const wanted = () => mine === turn && list.isConnected;
    remember(["prompts"], addressOf(state));
    if (state.q && !texts) {
      replace(told, "Reading the texts…");
      list.setAttribute("aria-busy", "true");
      ({ texts, problem } = await loadTexts(index.prompts.length));
      if (!wanted()) return;
    }
    const hitsOf = searchFor(state.q);
    const rows = among(index.prompts, state.only).filter((row) => passes(row, state));
    const found = new Map();
    const look = (row) => {
      const lines = hitsOf(row, texts?.[row.number]);
      if (lines) found.set(row, lines);
    };
    const goOn = (done) => {
      if (wanted()) replace(told, `Searched ${count(done)} of ${plural(rows.length, "prompt")}…`);
      return wanted();
    };
    if (!(await inSlices(rows, look, goOn))) return;
    list.removeAttribute("aria-busy");
    hits = found;
    draw();
    replace(older, wordsOf(state.q).length ? olderCard(rows, state.q, state.older, () => change({ older: "all" })) : null);
  };

  const draw = () => {
    const columns = columnsOf(selected, index, state.q, () => replace(exports, selectionTools(index, selected, null, choose("only"))));
    const column = columns.flatMap(sortsOf).find((one) => one.key === state.sort) ?? columns[1];
    const found = sortRows([...hits.keys()], column, state.dir);
    replace(told, `${plural(found.length, "prompt")}${found.length === index.prompts.length ? "" : ` of ${count(index.prompts.length)}`}${state.q ? problem : ""}`);
    const shown = Math.max(PAGE, Number(state.rows) || 0);
    const table = found.length
      ? sortableTable({
          label: "Prompts",
          columns,
          rows: found.slice(0, shown),
          below: (row) => hitList(row, hits.get(row)(), state.q, texts?.[row.number]),
          before: list.firstElementChild,
          sort: [column.key, state.dir],
          onsort: ([key, direction]) => {
            change({ sort: key, dir: direction });
            draw();
            list.querySelector(".sort.active")?.focus({ preventScroll: true });
          },
        })
      : index.prompts.length
        ? empty("No prompt matches.", "Take a filter away or search for another word.")
        : empty("No prompt yet.", "Add one with:", "promptreg new NAME");
    const more =
      found.length > shown
        ? h("button", { type: "button", class: "button quiet more", onclick: () => { change({ rows: String(shown + PAGE) }); draw(); } }, `Show ${Math.min(PAGE, found.length - shown)} more`)
        : null;
    replace(list, table, more);
    replace(exports, selectionTools(index, selected, found, choose("only")));
    replace(chosen, state.only ? [`Comparing ${plural(namesOf(state.only).length, "chosen prompt")} `, h("button", { type: "button", class: "button quiet", onclick: () => choose("only")("") }, "Show all prompts")] : []);
  };

  const change = (changes) => {
    Object.assign(state, changes);
    remember(["prompts"], addressOf(state));
  };
  const search = h("input", {
    id: "prompt-search",
    type: "search",
    value: state.q,
    placeholder: "Name, text, tag, version, \"a phrase\"…",
    autocomplete: "off",
    spellcheck: "false",
    oninput: (event) => {
      Object.assign(state, { q: event.target.value, rows: "" });
      // What is still being looked for is not wanted any more.
      turn += 1;
      clearTimeout(typed);
      typed = setTimeout(() => list.isConnected && find(), PAUSE);
    },
  });
  const choose = (key) => (value) => {
    Object.assign(state, { [key]: value, rows: "" });
    find();
  };
  const chosen = h("p", { class: "muted only" });
  // Where there is nothing to choose from there is no choice, unless an address made one.
  const choice = (title, key, valuesOf) => {
    const values = [...new Set(index.prompts.flatMap(valuesOf))].sort();
    return state[key] || values.length ? select(title, [["", "All"], ...values.map((value) => [value, value])], state[key], choose(key)) : null;
  };
  const exports = h("div", { class: "actions" });
  const filters = h(
    "div",
    { class: "filters" },
    h("div", { class: "field grow" }, h("label", { for: "prompt-search" }, "Search"), h("div", { class: "search" }, icon("search"), search, h("kbd", { "aria-hidden": "true" }, "/"))),
    choice("Tag", "tag", (row) => row.tags),
    choice("Label", "label", (row) => row.labels),
    choice("Model", "model", (row) => row.models),
    state.alert || index.alerts.length ? select("Alerts", [["", "All"], ["any", "With alerts"], ["none", "Without alerts"]], state.alert, choose("alert")) : null,
  );
  find();
  return [h("h2", { class: "unseen" }, "Prompts"), card("", {}, filters, chosen, h("div", { class: "list-head" }, told, exports), list), older];
}

// What stands in the address: all that is not as usual.
function addressOf(state) {
  const usual = state.sort === "name" && state.dir === "asc";
  return { ...state, sort: usual ? "" : state.sort, dir: state.dir === "asc" ? "" : state.dir };
}

function passes(row, state) {
  if (state.tag && !row.tags.includes(state.tag)) return false;
  if (state.label && !row.labels.includes(state.label)) return false;
  if (state.model && !row.models.includes(state.model)) return false;
  const alerts = row.alerts.critical + row.alerts.warning;
  if (state.alert === "any" && !alerts) return false;
  return state.alert !== "none" || !alerts;
}

// The address names chosen prompts as a JSON list, because a name may hold any sign.
function namesOf(text) {
  try {
    const names = JSON.parse(text || "[]");
    return Array.isArray(names) ? names : [];
  } catch {
    return [];
  }
}

function among(prompts, text) {
  const names = new Set(namesOf(text));
  return names.size ? prompts.filter((row) => names.has(row.name)) : prompts;
}

function selectionTools(index, selected, found, compare) {
  const rows = selected.size ? index.prompts.filter((row) => selected.has(row.name)) : (found ?? index.prompts);
  const what = selected.size ? `${count(selected.size)} selected` : "all";
  const keys = ["name", "title", "latest", "date", "versions", "calls", "latency", "cost", "spent", "quality", "success", "owner"];
  return [
    selected.size > 1 ? h("button", { type: "button", class: "button", onclick: () => compare(JSON.stringify(rows.map((row) => row.name))) }, `Compare (${what})`) : null,
    downloadButton(`CSV (${what})`, "prompts.csv", () => csv([keys, ...rows.map((row) => keys.map((key) => row[key]))])),
    downloadButton(`JSON (${what})`, "prompts.json", () => promptsJson(rows), "application/json"),
  ];
}
