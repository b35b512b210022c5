// A table that can be sorted, with rows that come in slices.
import { append, h, icon } from "./dom.js";
import { frame, inSlices } from "./slices.js";
import { scroll } from "./widgets.js";

// About as many as a window shows.
const FIRST_ROWS = 12;

// columns: [{key, title, num, value(row), cell(row), under}]; sorting keeps the address in step.
// `under` is what else a column can be sorted by: what stands small in its cells.
// What `below` returns of a row stands under it, over all columns. Until all rows are there the table
// is as high as the one before, so that the window stays where it is scrolled to.
export function sortableTable({ label, columns, rows, sort, onsort, rowClass = () => "", below = () => null, before = null }) {
  const [key, direction] = sort;
  const button = ({ key: own, title, num }) => {
    const active = own === key;
    const next = active ? (direction === "desc" ? "asc" : "desc") : num ? "desc" : "asc";
    return h("button", { type: "button", class: `sort ${active ? "active" : ""}`, onclick: () => onsort([own, next]) }, title, active ? icon(direction === "desc" ? "down" : "up") : null);
  };
  const heads = columns.map((column) => {
    const sorts = sortsOf(column);
    if (!sorts.length) return h("th", { scope: "col", class: column.num ? "num" : column.class ?? "" }, column.title || h("span", { class: "unseen" }, column.hidden));
    const aria = sorts.some((one) => one.key === key) ? (direction === "desc" ? "descending" : "ascending") : null;
    return h("th", { scope: "col", class: column.num ? "num" : "", "aria-sort": aria }, sorts.map(button));
  });
  const make = (row) => [h("tr", { class: rowClass(row) }, columns.map((column, at) => cellOf(column, row, at))), rowBelow(below(row), columns.length)];
  const body = h("tbody", {}, rows.slice(0, FIRST_ROWS).map(make));
  const box = scroll(label, h("table", { class: "list sortable" }, h("thead", {}, h("tr", {}, heads)), body));
  if (rows.length > FIRST_ROWS) {
    box.style.setProperty("min-height", `${before?.offsetHeight ?? 0}px`);
    addRows(box, body, rows.slice(FIRST_ROWS), make);
  }
  return box;
}

// Half a hundred rows at once take longer to lay out than a fast typist to go on.
async function addRows(box, body, rows, make) {
  box.setAttribute("aria-busy", "true");
  await frame();
  if (box.isConnected) await inSlices(rows, (row) => append(body, make(row)), () => box.isConnected, frame);
  box.style.removeProperty("min-height");
  box.removeAttribute("aria-busy");
}

// What a table can be sorted by with a column.
export function sortsOf(column) {
  return [column, column.under].filter((one) => one?.value);
}

function rowBelow(content, width) {
  return content ? h("tr", { class: "below" }, h("td", { colspan: width }, content)) : null;
}

function cellOf(column, row, at) {
  const props = { class: `${column.num ? "num" : ""} ${column.class ?? ""}`.trim() };
  return column.head || (at === 0 && column.head !== false) ? h("th", { scope: "row", ...props }, column.cell(row)) : h("td", { "data-head": column.title, ...props }, column.cell(row));
}

export function sortRows(rows, column, direction) {
  const turn = direction === "desc" ? -1 : 1;
  return rows.toSorted((a, b) => {
    const [x, y] = [column.value(a), column.value(b)];
    const [noX, noY] = [x === null || x === undefined, y === null || y === undefined];
    // What has no data stands last in either direction.
    if (noX || noY) return noX - noY;
    return turn * (typeof x === "string" ? x.localeCompare(y, "en") : x - y);
  });
}
