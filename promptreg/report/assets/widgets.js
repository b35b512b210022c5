// Small parts that several pages share.
import { h, icon, replace } from "./dom.js";
import { effect, interval, isLimit, metricValue, plural, shortVersion, signed } from "./format.js";
import { routeTo } from "./router.js";

export function card(title, { note = "", actions = [], level = "h2", ...props } = {}, ...children) {
  const head = title
    ? h("div", { class: "card-head" }, h("div", {}, h(level, {}, title), note ? h("p", { class: "muted" }, note) : null), actions.length ? h("div", { class: "actions" }, actions) : null)
    : null;
  return h("section", { ...props, class: `card ${props.class ?? ""}` }, head, children);
}

// What is missing, what to do about it, and the command that does it.
export function empty(text, hint = "", command = "") {
  const told = [hint, command ? [" ", h("code", {}, command)] : null];
  return h("div", { class: "empty" }, h("p", {}, text), hint ? h("p", { class: "muted" }, told) : null);
}

// A column needs so much room in pixels; with less, each row of the table becomes a card.
const COLUMN = 118;

// The shape that tables of a name had: one drawn anew has it at once, and is laid out once.
const shapes = new Map();
// What a table asked for that did not fit although its columns should have.
const needed = new WeakMap();

// Where a table has room it needs no scrolling of its own: then its head can stick to the window.
const room = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) {
    const table = target.firstChild;
    const before = target.className;
    const width = Math.ceil(contentRect.width);
    const columns = [...table.tHead.rows[0].cells].filter((cell) => !cell.classList.contains("tight")).length;
    const stacks = width < Math.max(columns * COLUMN, needed.get(target) ?? 0);
    target.classList.toggle("stacked", stacks);
    if (!stacks && table.offsetWidth > width) {
      needed.set(target, table.offsetWidth);
      target.classList.add("stacked");
    }
    const fits = table.offsetWidth <= width;
    target.classList.toggle("fits", fits);
    shapes.set(target.getAttribute("aria-label"), target.className);
    if (fits) target.removeAttribute("tabindex");
    else target.setAttribute("tabindex", "0");
    if (target.className !== before) lookLater(target);
  }
});

// Another shape is of another height. A size that its own observer changes would be told again in the
// same frame, which browsers refuse with an error.
function lookLater(box) {
  room.unobserve(box);
  requestAnimationFrame(() => room.observe(box));
}

export function scroll(label, table) {
  const box = h("div", { class: shapes.get(label) ?? "scroll", role: "region", "aria-label": label, tabindex: "0" }, nameCells(table));
  room.observe(box);
  return box;
}

// Where each row stands as a card of its own, every cell needs to say what it is.
export function nameCells(table) {
  const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
  for (const row of table.tBodies[0].rows) {
    for (const cell of row.cells) if (cell.tagName === "TD") cell.dataset.head ??= heads[cell.cellIndex];
  }
  return table;
}

const TONES = {
  better: ["better", "check"],
  ok: ["fine", "check"],
  fine: ["fine", "check"],
  regression: ["worse", "warning"],
  worse: ["worse", "warning"],
  "cannot tell": ["open", "unknown"],
  unknown: ["open", "unknown"],
  neutral: ["plain", "info"],
  critical: ["worse", "warning"],
  warning: ["warn", "warning"],
  info: ["open", "info"],
};

export function verdict(word, text = word) {
  const [tone, sign] = TONES[word] ?? ["plain", "info"];
  return h("span", { class: `badge ${tone} ${text.length > 24 ? "" : "short"}` }, icon(sign), text);
}

// How many of a prompt's alerts still matter, one click from them.
export function alertsLink({ name, alerts }) {
  const severity = ["critical", "warning"].find((one) => alerts[one]);
  const number = alerts.critical + alerts.warning;
  return severity ? h("a", { class: "plain-link", href: routeTo(["alerts"], { prompt: name }), title: "Its alerts" }, verdict(severity, plural(number, "alert"))) : null;
}

export function labelBadge(name) {
  return h("span", { class: `badge label ${name.length > 24 ? "" : "short"}` }, icon("tag"), name);
}

export function levelBadge(level) {
  return level === "none" ? null : h("span", { class: `badge level ${level}` }, level);
}

// A change with its direction as a sign, and its meaning as a colour and a word for screen readers.
export function delta(share, better, { title = "", unit = "%" } = {}) {
  if (share === null || share === undefined || !Number.isFinite(share)) return null;
  const flat = Math.abs(share) < 0.0005;
  const good = better && !flat ? (share > 0) === (better === "higher") : null;
  const tone = good === null ? "plain" : good ? "better" : "worse";
  const word = good === null ? "" : good ? "better, " : "worse, ";
  return h("span", { class: `badge ${tone}`, title }, icon(flat ? "same" : share > 0 ? "up" : "down"), word ? h("span", { class: "unseen" }, word) : null, `${signed(share, 100, "%")}${unit}`);
}

export function effectText(comparison) {
  if (comparison.effect === null && !isLimit(comparison)) return h("span", { class: "muted" }, effect(comparison));
  return h("span", { class: "effect-text" }, h("b", {}, effect(comparison)), " ", h("span", { class: "muted" }, interval(comparison)));
}

// A prompt's name, which may break behind what divides it rather than inside a word.
export function promptName(parts) {
  return h("bdi", {}, breakable(parts));
}

function breakable(parts) {
  if (Array.isArray(parts)) return parts.map(breakable);
  return typeof parts === "string" ? parts.split(/(?<=[/_-])(?=.)/).map((part, at) => [at ? h("wbr") : null, part]) : parts;
}

// A version by its short name, with the whole one for whoever points at it.
export function versionName(version) {
  const parts = shortVersion(version).split(/(?<=…)/).map((part, at) => [at ? h("wbr") : null, part]);
  return h("span", { class: "id version-name", title: version.length > 18 ? version : null }, parts);
}

// Its name is the same when the page is drawn anew, so that it keeps the focus.
export function select(label, options, chosen, onchange, { id = `select-${label.toLowerCase().replaceAll(" ", "-")}` } = {}) {
  return h(
    "div",
    { class: "field" },
    h("label", { for: id }, label),
    h(
      "select",
      { id, onchange: (event) => onchange(event.target.value) },
      options.map(([value, text]) => h("option", { value, selected: value === chosen }, text)),
    ),
  );
}

export function copyButton(text, label = "Copy") {
  const name = h("span", {}, label);
  return h(
    "button",
    {
      type: "button",
      class: "button quiet",
      onclick: async () => {
        try {
          await navigator.clipboard.writeText(text());
          replace(name, "Copied");
        } catch {
          replace(name, "Copy failed");
        }
        setTimeout(() => replace(name, label), 1600);
      },
    },
    icon("copy"),
    name,
  );
}

export function download(name, text, type) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export function downloadButton(label, name, text, type = "text/csv") {
  return h("button", { type: "button", class: "button quiet", onclick: async () => download(name, await text(), type) }, icon("download"), label);
}

// A spreadsheet runs a cell that starts with one of =+-@ as a formula: such text gets a quote.
export function csv(rows) {
  const cell = (value) => {
    let text = value === null || value === undefined ? "" : String(value);
    if (typeof value !== "number" && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

export function tabs(label, entries, chosen, panel) {
  const list = h(
    "div",
    { class: "tabs", role: "tablist", "aria-label": label },
    entries.map(([key, text, href, extra]) =>
      h(
        "a",
        { role: "tab", href, id: `tab-${key}`, "aria-selected": String(key === chosen), "aria-controls": key === chosen ? panel : null, tabindex: key === chosen ? "0" : "-1" },
        text,
        extra ?? null,
      ),
    ),
  );
  list.addEventListener("keydown", (event) => {
    const moves = { ArrowRight: 1, ArrowLeft: -1 };
    const all = [...list.children];
    const from = all.indexOf(document.activeElement);
    let to = event.key in moves ? (from + moves[event.key] + all.length) % all.length : -1;
    if (event.key === "Home") to = 0;
    if (event.key === "End") to = all.length - 1;
    if (event.key === " ") document.activeElement.click();
    if (to < 0) return;
    event.preventDefault();
    all[to].focus();
  });
  return list;
}

export function metricTitle(index, name) {
  if (name === "error_rate") return "Error rate";
  // A score may have a dot in its name.
  const [base, statistic = ""] = index.metricByName.has(name) ? [name] : name.split(".");
  return `${index.metricByName.get(base)?.title ?? base} ${statistic}`.trim();
}

export function metricUnit(index, name) {
  if (name === "error_rate") return "ratio";
  return (index.metricByName.get(name) ?? index.metricByName.get(name.split(".")[0]))?.unit ?? "";
}

export function showMetric(index, name, value) {
  return metricValue(value, metricUnit(index, name));
}
