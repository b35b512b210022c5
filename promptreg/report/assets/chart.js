// The frame every chart shares: drawn to the measured width, tooltip, keyboard cursor, a table.
import { append, h, icon, newId, replace, s } from "./dom.js";
import { versionName } from "./widgets.js";

export function chartCard({ title, note = "", legend = [], height = 240, label, draw, table, level = "h3" }) {
  const rest = h("span");
  const tip = h("div", { class: "tip", hidden: true });
  const live = h("p", { class: "unseen", "aria-live": "polite" });
  const plot = h("div", { class: "plot", tabindex: "0", role: "group", "aria-label": `${label ?? title}. Arrow keys move through the values.` }, tip);
  plot.style.setProperty("height", `${height}px`);
  let marks = [];
  let cursor = -1;
  let drawn = [];

  const redraw = (event) => {
    const width = event?.detail ?? Math.floor(plot.clientWidth);
    // A card may be higher than its chart asks for, as is the one beside it.
    const tall = event?.detail ? height : Math.max(height, plot.clientHeight);
    if (!width || (width === drawn[0] && tall === drawn[1])) return;
    drawn = [width, tall];
    const picture = draw({ width, height: tall });
    marks = picture.marks;
    replace(rest, picture.told ? `${note ? "; " : ""}${picture.told}` : "");
    plot.querySelector("svg")?.remove();
    const ring = s("g", { class: "cursor" });
    plot.prepend(
      s("svg", { class: "chart", width, height: tall, viewBox: `0 0 ${width} ${tall}`, "aria-hidden": "true", focusable: "false" }, picture.nodes, ring),
    );
    hide();
  };

  const hide = () => {
    tip.hidden = true;
    cursor = -1;
    plot.querySelector(".cursor")?.replaceChildren();
  };

  const show = (at, speak) => {
    const mark = marks[at];
    if (!mark || (at === cursor && !speak)) return;
    cursor = at;
    replace(
      tip,
      h("strong", {}, mark.title),
      mark.lines.map(([name, text, color]) =>
        h("span", { class: "tip-line" }, color === undefined ? null : s("svg", { width: 10, height: 10, viewBox: "-6 -6 12 12", "aria-hidden": "true" }, shape(color)), h("span", {}, name), h("b", {}, text)),
      ),
    );
    const ring = plot.querySelector(".cursor");
    replace(ring, mark.rule ? s("line", { class: "rule", x1: mark.x, x2: mark.x, y1: mark.rule[0], y2: mark.rule[1] }) : null);
    append(ring, (mark.points ?? []).map(([y, color]) => s("circle", { class: `ring c${color}`, cx: mark.x, cy: y, r: 4 })));
    tip.hidden = false;
    const left = Math.min(Math.max(0, mark.x + 12), plot.clientWidth - tip.offsetWidth);
    const flipped = mark.x + 12 + tip.offsetWidth > plot.clientWidth ? Math.max(0, mark.x - 12 - tip.offsetWidth) : left;
    tip.style.setProperty("left", `${flipped}px`);
    tip.style.setProperty("top", `${Math.max(0, Math.min(mark.y ?? 8, plot.clientHeight - tip.offsetHeight))}px`);
    if (speak) live.textContent = `${mark.title}: ${mark.lines.map(([name, text]) => `${name} ${text}`).join(", ")}`;
  };

  plot.addEventListener("pointermove", (event) => {
    const x = event.clientX - plot.getBoundingClientRect().left;
    let best = -1;
    for (let at = 0; at < marks.length; at++) {
      if (best < 0 || Math.abs(marks[at].x - x) < Math.abs(marks[best].x - x)) best = at;
    }
    show(best, false);
  });
  plot.addEventListener("pointerleave", hide);
  plot.addEventListener("blur", hide);
  plot.addEventListener("keydown", (event) => {
    const moves = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity };
    if (event.key === "Escape") hide();
    if (!(event.key in moves) || !marks.length) return;
    event.preventDefault();
    const from = cursor < 0 && event.key === "ArrowLeft" ? marks.length : cursor;
    show(Math.max(0, Math.min(marks.length - 1, from + moves[event.key])), true);
  });
  plot.addEventListener("redraw", redraw);
  new ResizeObserver(() => redraw()).observe(plot);

  return h(
    "figure",
    { class: "card chart-card" },
    h("figcaption", {}, h("div", {}, h(level, {}, title), h("p", { class: "muted" }, note, rest)), legend.length ? legendOf(legend) : null),
    plot,
    live,
    table ? tableBehind(title, table) : null,
  );
}

// Paper is narrower than most windows, and nothing is measured anew before it is printed.
const PAPER = 660;

export function drawForPrint() {
  const all = (detail) => () => document.querySelectorAll(".plot").forEach((plot) => plot.dispatchEvent(new CustomEvent("redraw", { detail })));
  addEventListener("beforeprint", all(PAPER));
  addEventListener("afterprint", all(null));
}

const SHAPES = ["M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z", "M-3.6-3.6h7.2v7.2h-7.2z", "M0-4.6L4.6 3.6H-4.6z", "M0-5L5 0 0 5-5 0z", "M0 4.6L4.6-3.6H-4.6z", "M-5-1.6h3.4v-3.4h3.2v3.4h3.4v3.2h-3.4v3.4h-3.2v-3.4h-3.4z"];

// The mark of a colour, so that nobody must tell colours apart.
export function shape(color, x = 0, y = 0) {
  return s("path", { class: `shape c${color}`, d: SHAPES[color % SHAPES.length], transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` });
}

function legendOf(entries) {
  const mark = (color) => s("svg", { width: 12, height: 12, viewBox: "-6 -6 12 12", "aria-hidden": "true", focusable: "false" }, shape(color));
  return h("ul", { class: "legend" }, entries.map(([name, color, more]) => h("li", {}, mark(color), versionName(name), more || null)));
}

export function tableBehind(title, { head, rows }) {
  const id = newId("table");
  const box = h("div", { class: "scroll", id, role: "region", "aria-label": `${title}, as a table`, tabindex: "0" });
  const details = h("details", { class: "behind" }, h("summary", {}, icon("chevron"), "Show as table"), box);
  details.addEventListener("toggle", () => {
    if (!details.open || box.firstChild) return;
    box.append(
      h(
        "table",
        {},
        h("thead", {}, h("tr", {}, head.map((text, at) => h("th", { scope: "col", class: at ? "num" : "" }, text)))),
        h(
          "tbody",
          {},
          rows().map(([first, ...others]) => h("tr", {}, h("th", { scope: "row" }, first), others.map((text) => h("td", { class: "num" }, text)))),
        ),
      ),
    );
  });
  return details;
}
