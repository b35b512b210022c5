// Routes live in the fragment, because a page from file:// may not change its path.
// #/prompts?q=json  ->  {parts: ["prompts"], query: {q: "json"}}

export function parseRoute(hash) {
  const [path, query = ""] = hash.startsWith("#/") ? hash.slice(2).split("?") : [""];
  const safe = (text) => {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  };
  return {
    parts: path.split("/").filter(Boolean).map(safe),
    query: Object.fromEntries(new URLSearchParams(query)),
  };
}

export function routeTo(parts, query = {}) {
  const path = parts.map(encodeURIComponent).join("/");
  const filled = Object.entries(query).filter(([, value]) => value !== "" && value !== null && value !== undefined && value !== false);
  const text = new URLSearchParams(filled).toString();
  return `#/${path}${text ? `?${text}` : ""}`;
}

export function promptRoute(name, query) {
  return routeTo(["prompt", name], query);
}

export function compareRoute(prompt, base, head) {
  return routeTo(["compare"], { prompt, base, head });
}

export function abRoute(prompt, base, head) {
  return routeTo(["ab"], { prompt, base, head });
}

// The test behind an alert: of its kind of rows, and of the mean where the alert is of the p95.
export function evidenceOf({ prompt, base, head, basis, c }) {
  return { prompt, base, head, metric: c.metric.split(".")[0], rows: basis };
}

export function evidenceRoute(alert) {
  return routeTo(["ab"], evidenceOf(alert));
}

export function go(parts, query) {
  location.hash = routeTo(parts, query);
}

// Keeps the address in step with filters while somebody types, without a history entry for each.
export function remember(parts, query) {
  history.replaceState(null, "", routeTo(parts, query));
}
