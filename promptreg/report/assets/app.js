// Starts the page: reads the index, draws the frame, follows the address.
import { loadIndex, useFolder } from "./data.js";
import { drawForPrint } from "./chart.js";
import { append, h, icon, replace } from "./dom.js";
import { count, day, setCurrency, time } from "./format.js";
import { readAlerts } from "./judged.js";
import { focusAgain, rememberPlaces, scrollToPlace } from "./places.js";
import { parseRoute, routeTo } from "./router.js";
import { abPage } from "./view_ab.js";
import { alertsPage } from "./view_alerts.js";
import { comparePage } from "./view_compare.js";
import { overviewPage } from "./view_overview.js";
import { notFound, promptPage } from "./view_prompt.js";
import { promptsPage } from "./view_prompts.js";
import { tabs } from "./widgets.js";

const PAGES = [
  ["overview", "Overview", (app) => overviewPage(app)],
  ["prompts", "Prompts", (app, route) => promptsPage(app, route.query)],
  ["ab", "A/B tests", (app, route) => abPage(app, route.query)],
  ["compare", "Compare", (app, route) => comparePage(app, route.query)],
  ["alerts", "Alerts", (app, route) => alertsPage(app, route.query)],
];

function prepare(index) {
  index.prompts.forEach((row, number) => {
    row.number = number;
  });
  // A link with a former name leads to the prompt that has it now.
  const former = index.prompts.flatMap((row) => (row.formerly ?? []).map((name) => [name, row]));
  index.promptByName = new Map([...former, ...index.prompts.map((row) => [row.name, row])]);
  index.metricByName = new Map(index.metrics.map((metric) => [metric.name, metric]));
  index.alerts = readAlerts(index.alerts);
  index.figures.forEach((figure) => {
    figure.dates = figure.series.length === index.days.length ? index.days : [];
  });
  setCurrency(index.currency);
  if (index.split) useFolder(index.split);
  return index;
}

function themeButton() {
  const root = document.documentElement;
  const dark = () => (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const name = () => `Switch to the ${dark() ? "light" : "dark"} theme`;
  const button = h(
    "button",
    {
      type: "button",
      class: "button icon-only",
      "aria-label": name(),
      onclick: () => {
        root.dataset.theme = dark() ? "light" : "dark";
        button.setAttribute("aria-label", name());
        try {
          localStorage.setItem("promptreg-theme", root.dataset.theme);
        } catch {
          // Storage may be forbidden; the choice then lasts as long as the page.
        }
      },
    },
    icon("theme"),
  );
  return button;
}

function show(app, { focus }) {
  const route = parseRoute(location.hash);
  const [first = "overview", second] = route.parts;
  const page = PAGES.find(([key]) => key === first);
  const open = first === "prompt" ? "prompts" : page ? first : "overview";
  const nav = tabs("Report", PAGES.map(([key, title]) => [key, title, routeTo(key === "overview" ? [] : [key]), key === "alerts" ? alertCount(app.index) : null]), open, "page");
  replace(app.nav, nav);
  const panel = h("div", { id: "page", role: "tabpanel", "aria-labelledby": `tab-${open}`, class: "page" });
  if (first === "prompt" && second) append(panel, promptPage(app, second, route.query));
  else if (page) append(panel, page[2](app, route));
  else append(panel, notFound(first));
  replace(app.main, panel);
  const title = first === "prompt" ? (app.index.promptByName.get(second)?.name ?? second) : (page?.[1] ?? "");
  document.title = open === "overview" && first !== "prompt" ? app.index.title : `${title} · ${app.index.title}`;
  if (focus) {
    app.main.focus({ preventScroll: true });
    scrollToPlace();
  }
}

function alertCount(index) {
  const open = index.alerts.filter((alert) => alert.current && alert.severity !== "info").length;
  return open ? h("span", { class: "count" }, count(open)) : null;
}

function focusSearch(event) {
  const typing = event.target.closest?.("input, textarea, select");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const search = document.getElementById("prompt-search");
  if (search) search.focus();
  else {
    location.hash = routeTo(["prompts"]);
    addEventListener("hashchange", () => document.getElementById("prompt-search")?.focus(), { once: true });
  }
}

async function start() {
  const app = { main: document.getElementById("main"), nav: h("nav", { class: "top-nav", "aria-label": "Report" }), index: null };
  app.index = prepare(await loadIndex());
  const top = document.querySelector(".top");
  top.append(app.nav);
  for (const one of top.querySelectorAll("time")) Object.assign(one, { textContent: day(one.dateTime), title: time(one.dateTime) });
  // Heads of tables stick beneath what sticks already.
  const stuck = () => top.offsetHeight + Number.parseFloat(getComputedStyle(top).top);
  new ResizeObserver(() => document.documentElement.style.setProperty("--top", `${stuck()}px`)).observe(top);
  document.querySelector(".top-tools").append(themeButton());
  show(app, { focus: false });
  let path = location.hash.split("?")[0];
  addEventListener("hashchange", () => {
    const next = location.hash.split("?")[0];
    const samePage = next === path;
    path = next;
    const active = document.activeElement;
    const kept = samePage || active?.getAttribute("role") === "tab" ? active?.id : "";
    show(app, { focus: !samePage && !kept });
    if (kept) focusAgain(kept, { preventScroll: samePage });
  });
  rememberPlaces();
  addEventListener("keydown", focusSearch);
  drawForPrint();
  document.querySelector(".skip").addEventListener("click", (event) => {
    // The address belongs to the routes.
    event.preventDefault();
    app.main.focus();
  });
  document.documentElement.dataset.ready = "yes";
}

start().catch((error) => {
  // Before anything is drawn the plain page is still there, and says the most important.
  document.documentElement.classList.remove("js");
  throw error;
});
