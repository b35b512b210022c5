// Shows a diff as a table: side by side, or in one column where there is little room.
import { h, icon, replace } from "./dom.js";
import { plural } from "./format.js";

const CONTEXT = 3;
const MIN_FOLD = 8;
// Of a prompt that was written anew more is shown on demand: its figures stand beneath.
const MOST_CHANGED = 120;

export function diffTable(rows, { inline = false, label = "Differences" } = {}) {
  const table = h("table", { class: `diff ${inline ? "inline" : "split"}` }, h("caption", { class: "unseen" }, label), columnsOf(inline));
  for (const part of foldParts(rows)) {
    const body = h("tbody");
    const lines = () => part.rows.flatMap((row) => (inline ? inlineRows(row) : [splitRow(row)]));
    if (part.folded) {
      const open = () => {
        replace(body, lines());
        // The button had the focus.
        table.parentElement.focus({ preventScroll: true });
      };
      body.append(
        h(
          "tr",
          { class: "folded" },
          h("td", { colspan: inline ? 4 : 6 }, h("button", { type: "button", class: "button quiet", onclick: open }, icon("fold"), plural(part.rows.length, part.folded))),
        ),
      );
    } else replace(body, lines());
    table.append(body);
  }
  return h("div", { class: "scroll diff-box", role: "region", "aria-label": label, tabindex: "0" }, table);
}

function columnsOf(inline) {
  const names = inline ? ["Old line", "New line", "Change", "Text"] : ["Old line", "Change", "Old text", "New line", "Change", "New text"];
  const widths = { "Old line": "w-line", "New line": "w-line", Change: "w-sign" };
  return [
    h("colgroup", {}, names.map((name) => h("col", { class: widths[name] ?? "" }))),
    h("thead", {}, h("tr", {}, names.map((name) => h("th", { scope: "col" }, h("span", { class: "unseen" }, name))))),
  ];
}

function foldParts(rows) {
  const parts = [];
  let at = 0;
  while (at < rows.length) {
    let end = at;
    while (end < rows.length && rows[end].kind === "equal") end++;
    if (end > at) {
      const from = at === 0 ? 0 : at + CONTEXT;
      const to = end === rows.length ? end : end - CONTEXT;
      if (to - from >= MIN_FOLD) {
        if (from > at) parts.push({ rows: rows.slice(at, from) });
        parts.push({ rows: rows.slice(from, to), folded: "unchanged line" });
        if (end > to) parts.push({ rows: rows.slice(to, end) });
      } else parts.push({ rows: rows.slice(at, end) });
      at = end;
    }
    while (end < rows.length && rows[end].kind !== "equal") end++;
    if (end > at) parts.push(...changedParts(rows.slice(at, end)));
    at = end;
  }
  return parts;
}

function changedParts(rows) {
  if (rows.length < MOST_CHANGED + MIN_FOLD) return [{ rows }];
  return [{ rows: rows.slice(0, MOST_CHANGED) }, { rows: rows.slice(MOST_CHANGED), folded: "more changed line" }];
}

function sideText(row, side) {
  const text = row[side];
  const mark = side === "old" ? "delete" : "insert";
  const tag = side === "old" ? "del" : "ins";
  if (row.kind !== "change") return trimmed(text);
  const found = row.spans.filter(([kind]) => kind === "equal" || kind === mark);
  return found.map(([kind, part], at) => {
    const shown = at === found.length - 1 ? trimmed(part) : part;
    if (kind === "equal") return shown;
    // A line end that only one side has would be an empty mark.
    return shown === "" ? h("span", { class: "line-end", title: "line end" }, "⏎") : h(tag, {}, shown);
  });
}

function trimmed(text) {
  return text.endsWith("\n") ? text.slice(0, -1) : text;
}

function splitRow(row) {
  return h("tr", {}, side(row, "old", row.oldNumber), side(row, "new", row.newNumber));
}

function side(row, name, number) {
  if (number === null) return [h("td", { class: "line none" }), h("td", { class: "sign none" }), h("td", { class: "text none" })];
  const tone = row.kind === "equal" ? "" : name === "old" ? "removed" : "added";
  return [
    h("td", { class: `line ${tone}` }, number),
    h("td", { class: `sign ${tone}` }, signOf(tone)),
    h("td", { class: `text ${tone}`, dir: "auto" }, sideText(row, name)),
  ];
}

function signOf(tone) {
  if (!tone) return "";
  return [h("span", { "aria-hidden": "true" }, tone === "removed" ? "−" : "+"), h("span", { class: "unseen" }, tone)];
}

function inlineRows(row) {
  const line = (name, tone) =>
    h(
      "tr",
      {},
      h("td", { class: `line ${tone}` }, name === "old" || !tone ? row.oldNumber : ""),
      h("td", { class: `line ${tone}` }, name === "new" || !tone ? row.newNumber : ""),
      h("td", { class: `sign ${tone}` }, signOf(tone)),
      h("td", { class: `text ${tone}`, dir: "auto" }, sideText(row, name)),
    );
  if (row.kind === "equal") return [line("new", "")];
  const lines = [];
  if (row.old !== null) lines.push(line("old", "removed"));
  if (row.new !== null) lines.push(line("new", "added"));
  return lines;
}
