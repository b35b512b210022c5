// All prompts: search in names and texts, filters, sorting, selection; the address keeps the state.
import { sparkline } from "./charts.js";
import { h, icon, replace } from "./dom.js";
import { promptsJson } from "./exports.js";
import { count, day, metricValue, money, plural, time } from "./format.js";
import { promptRoute, remember } from "./router.js";
import { hitLine, loadTexts, marked, searchFor, wordsOf } from "./search.js";
import { olderCard } from "./view_older.js";
import { card, csv, downloadButton, empty, labelBadge, promptName, select, sortableTable, sortRows, verdict, versionName } from "./widgets.js";

const PAGE = 50;
const SHOWN_HITS = 3;
const PAUSE = 80;

export function promptsPage(app, query) {
  const { index } = app;
  const state = { q: "", tag: "", label: "", model: "", alert: "", only: "", older: "", sort: "name", dir: "asc", ...query };
  const selected = new Set(namesOf(state.only));
  const list = h("div");
  const older = h("div");
  const told = h("p", { class: "muted", role: "status" });
  let texts = null;
  let reading = "";
  let typed = 0;
  let shownRows = PAGE;

  const update = () => {
    remember(["prompts"], addressOf(state));
    const columns = columnsOf(selected, index, state.q, () => replace(exports, selectionTools(index, selected, null, choose("only"))));
    const column = columns.find((one) => one.key === state.sort && one.value) ?? columns[1];
    const hitsOf = searchFor(state.q);
    const hits = new Map(among(index.prompts, state.only).filter((row) => passes(row, state)).map((row) => [row, hitsOf(row, texts)]));
    const found = sortRows([...hits.keys()].filter((row) => hits.get(row)), column, state.dir);
    replace(told, `${plural(found.length, "prompt")}${found.length === index.prompts.length ? "" : ` of ${count(index.prompts.length)}`}${state.q ? reading : ""}`);
    const table = found.length
      ? sortableTable({
          label: "Prompts",
          columns,
          rows: found.slice(0, shownRows),
          below: (row) => hitList(row, hits.get(row)(), state.q, texts?.[row.number]),
          sort: [column.key, state.dir],
          onsort: ([key, direction]) => {
            Object.assign(state, { sort: key, dir: direction });
            update();
            list.querySelector(`[aria-sort] button`)?.focus();
          },
        })
      : empty(index.prompts.length ? "No prompt matches." : "No prompt yet.", index.prompts.length ? "Take a filter away or search for another word." : "Add one with: promptreg new NAME");
    const more =
      found.length > shownRows
        ? h("button", { type: "button", class: "button quiet more", onclick: () => { shownRows += PAGE; update(); } }, `Show ${Math.min(PAGE, found.length - shownRows)} more`)
        : null;
    replace(list, table, more);
    const open = () => {
      state.older = "all";
      remember(["prompts"], addressOf(state));
    };
    replace(older, wordsOf(state.q).length ? olderCard([...hits.keys()], state.q, state.older, open) : null);
    replace(exports, selectionTools(index, selected, found, choose("only")));
    replace(chosen, state.only ? [`Comparing ${plural(namesOf(state.only).length, "chosen prompt")} `, h("button", { type: "button", class: "button quiet", onclick: () => choose("only")("") }, "Show all prompts")] : []);
  };

  const searchTexts = async () => {
    if (texts) return;
    reading = "; reading their texts…";
    list.setAttribute("aria-busy", "true");
    try {
      texts = await loadTexts(index.prompts.length);
      reading = "";
    } catch (error) {
      texts = [];
      reading = `; their texts cannot be searched: ${error.message}`;
    }
    list.removeAttribute("aria-busy");
    updateIfShown();
  };
  // Whoever has left the page since must not be sent back by its address.
  const updateIfShown = () => list.isConnected && update();
  const search = h("input", {
    id: "prompt-search",
    type: "search",
    value: state.q,
    placeholder: "Name, text, tag, version, \"a phrase\"…",
    autocomplete: "off",
    spellcheck: "false",
    oninput: (event) => {
      state.q = event.target.value;
      shownRows = PAGE;
      if (state.q) searchTexts();
      // Fifty rows with their hits take longer to lay out than a fast typist to go on.
      clearTimeout(typed);
      typed = setTimeout(updateIfShown, PAUSE);
    },
  });
  const choose = (key) => (value) => {
    state[key] = value;
    shownRows = PAGE;
    update();
  };
  const chosen = h("p", { class: "muted only" });
  const options = (values) => [["", "All"], ...[...new Set(values)].sort().map((value) => [value, value])];
  const exports = h("div", { class: "actions" });
  const filters = h(
    "div",
    { class: "filters" },
    h("div", { class: "field grow" }, h("label", { for: "prompt-search" }, "Search"), h("div", { class: "search" }, icon("search"), search, h("kbd", { "aria-hidden": "true" }, "/"))),
    select("Tag", options(index.prompts.flatMap((row) => row.tags)), state.tag, choose("tag")),
    select("Label", options(index.prompts.flatMap((row) => row.labels)), state.label, choose("label")),
    select("Model", options(index.prompts.flatMap((row) => row.models)), state.model, choose("model")),
    select("Alerts", [["", "All"], ["any", "With alerts"], ["none", "Without alerts"]], state.alert, choose("alert")),
  );
  update();
  if (state.q) searchTexts();
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

// The lines that a search found, each a link to where it stands.
function hitList(row, hits, query, texts) {
  if (!hits.length) return null;
  const newest = texts?.find(([place]) => place === "version")?.[1].split("\n").at(-1);
  const left = hits.length - SHOWN_HITS;
  return h(
    "ul",
    { class: "hits" },
    hits.slice(0, SHOWN_HITS).map((hit) => hitLine(hitRoute(row, hit, query, newest), hit.number ? `${hit.place}, line ${hit.number}` : hit.place, hit.line, query)),
    left > 0 ? h("li", { class: "muted" }, `and ${plural(left, "more line")}`) : null,
  );
}

function hitRoute(row, hit, query, newest) {
  if (["formerly", "tag", "label", "description"].includes(hit.place)) return promptRoute(row.name);
  return promptRoute(row.name, { tab: "text", v: hit.place === "version" ? hit.line : newest, find: hit.place === "version" ? "" : query });
}

function columnsOf(selected, index, query, onselect) {
  const missing = (text, value) => (value === null ? h("span", { class: "muted" }, text) : text);
  return [
    {
      key: "select",
      title: "",
      hidden: "Select",
      head: false,
      class: "tight",
      cell: (row) =>
        h("input", {
          type: "checkbox",
          "aria-label": `Select ${row.name}`,
          checked: selected.has(row.name),
          onchange: (event) => {
            if (event.target.checked) selected.add(row.name);
            else selected.delete(row.name);
            onselect();
          },
        }),
    },
    {
      key: "name",
      title: "Prompt",
      head: true,
      class: "name",
      value: (row) => row.name,
      cell: (row) => [
        h("a", { href: promptRoute(row.name) }, promptName(marked(row.name, query))),
        row.alerts.critical ? verdict("critical", plural(row.alerts.critical, "alert")) : row.alerts.warning ? verdict("warning", plural(row.alerts.warning, "alert")) : null,
        row.draft ? h("span", { class: "badge open short" }, "unreleased change") : null,
        row.deleted ? h("span", { class: "badge plain" }, "deleted") : null,
        h("span", { class: "under" }, row.title ? h("span", { class: "clamped", dir: "auto", title: row.title }, marked(row.title, query)) : null),
      ],
    },
    { key: "live", title: "Live", class: "across", cell: (row) => liveVersions(index, row) },
    { key: "latest", title: "Latest", value: (row) => row.date || null, cell: (row) => [row.latest ? versionName(row.latest) : h("span", { class: "muted" }, "none"), row.date ? h("span", { class: "under" }, h("time", { datetime: row.date, title: time(row.date) }, day(row.date))) : null] },
    { key: "versions", title: "Versions", num: true, value: (row) => row.versions, cell: (row) => count(row.versions) },
    { key: "calls", title: "Calls", num: true, value: (row) => row.calls, cell: (row) => [count(row.calls), h("span", { class: "under" }, sparkline(row.spark, { label: `calls of the last ${row.spark.length} days`, height: 16 }))] },
    { key: "latency", title: "Median latency", num: true, value: (row) => row.latency, cell: (row) => missing(metricValue(row.latency, "ms"), row.latency) },
    { key: "cost", title: "Cost per call", num: true, value: (row) => row.cost, cell: (row) => missing(money(row.cost), row.cost) },
    { key: "quality", title: "Quality", num: true, value: (row) => row.quality, cell: (row) => missing(metricValue(row.quality, ""), row.quality) },
    { key: "success", title: "Success", num: true, value: (row) => row.success, cell: (row) => missing(metricValue(row.success, "ratio"), row.success) },
  ];
}

// What each label serves of a prompt.
function liveVersions(index, row) {
  const served = new Map(index.labels.filter((one) => one.prompt === row.name).map((one) => [one.label, one.version]));
  return row.labels.map((label) => h("span", { class: "served" }, labelBadge(label), served.has(label) ? versionName(served.get(label)) : null));
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
  const keys = ["name", "title", "latest", "date", "versions", "calls", "latency", "cost", "quality", "success", "owner"];
  return [
    selected.size > 1 ? h("button", { type: "button", class: "button", onclick: () => compare(JSON.stringify(rows.map((row) => row.name))) }, `Compare (${what})`) : null,
    downloadButton(`CSV (${what})`, "prompts.csv", () => csv([keys, ...rows.map((row) => keys.map((key) => row[key]))])),
    downloadButton(`JSON (${what})`, "prompts.json", () => promptsJson(rows), "application/json"),
  ];
}
