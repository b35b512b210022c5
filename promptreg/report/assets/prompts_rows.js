// A row of the list of prompts, and under it the lines that a search found.
import { sparkline } from "./charts.js";
import { h } from "./dom.js";
import { count, day, metricValue, money, plural, time } from "./format.js";
import { promptRoute } from "./router.js";
import { hitLine, marked } from "./search.js";
import { alertsLink, labelBadge, promptName, versionName } from "./widgets.js";

const SHOWN_HITS = 3;

// The lines that a search found, each a link to where it stands.
export function hitList(row, hits, query, texts) {
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

// On a phone four figures that no call could have need no room.
const missing = (row, text, value) => (value === null ? h("span", { class: row.calls ? "muted" : "muted unmeasured" }, text) : text);

// Of the last version that has calls, and what all versions cost together.
const FIGURES = [
  { key: "latency", title: "Median latency", num: true, value: (row) => row.latency, cell: (row) => missing(row, metricValue(row.latency, "ms"), row.latency) },
  { key: "cost", title: "Cost per call", num: true, value: (row) => row.cost, under: { key: "spent", title: "Cost in all", num: true, value: (row) => row.spent }, cell: (row) => [missing(row, money(row.cost), row.cost), row.spent === null ? null : h("span", { class: "under" }, `${money(row.spent)} in all`)] },
  { key: "quality", title: "Quality", num: true, value: (row) => row.quality, cell: (row) => missing(row, metricValue(row.quality, ""), row.quality) },
  { key: "success", title: "Success", num: true, value: (row) => row.success, cell: (row) => missing(row, metricValue(row.success, "ratio"), row.success) },
];

export function columnsOf(selected, index, query, onselect) {
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
        alertsLink(row),
        row.draft ? h("span", { class: "badge open short" }, "unreleased change") : null,
        row.yanked ? h("span", { class: "badge worse short" }, "yanked") : null,
        row.deleted ? h("span", { class: "badge plain" }, "deleted") : null,
        h("span", { class: "under" }, row.title ? h("span", { class: "clamped", dir: "auto", title: row.title }, marked(row.title, query)) : null),
      ],
    },
    ...(index.labels.length ? [{ key: "live", title: "Live", class: "across", cell: (row) => liveVersions(index, row) }] : []),
    { key: "latest", title: "Latest", value: (row) => row.date || null, cell: (row) => [row.latest ? versionName(row.latest) : h("span", { class: "muted" }, "none"), row.date ? h("span", { class: "under" }, h("time", { datetime: row.date, title: time(row.date) }, day(row.date))) : null] },
    { key: "versions", title: "Versions", num: true, value: (row) => row.versions, cell: (row) => count(row.versions) },
    { key: "calls", title: "Calls", num: true, value: (row) => row.calls, cell: (row) => [count(row.calls), h("span", { class: "under" }, sparkline(row.spark, { label: "its calls over time", height: 16 }))] },
    ...(index.prompts.some((one) => one.calls) ? FIGURES : []),
  ];
}

// What each label serves of a prompt.
function liveVersions(index, row) {
  const served = new Map(index.labels.filter((one) => one.prompt === row.name).map((one) => [one.label, one.version]));
  return row.labels.map((label) => h("span", { class: "served" }, labelBadge(label), served.has(label) ? versionName(served.get(label)) : null));
}
