// What the page knows of prompts, as JSON for other tools.
import { loadPrompt } from "./data.js";

const SCHEMA = "promptreg-prompts/1";

// Reads one prompt after the other, because all of them together may be large.
export async function promptsJson(rows) {
  const prompts = [];
  for (const row of rows) prompts.push(contentOf(await loadPrompt(row.number)));
  return `${JSON.stringify({ schema: SCHEMA, prompts }, null, 2)}\n`;
}

function contentOf(prompt) {
  const { name, title, description, tags, metadata, versions } = prompt;
  return { name, title, description, tags, metadata: fromTexts(metadata), versions: versions.map(versionOf) };
}

export function versionOf(v) {
  const { version, digest, commit, author, date, level, summary, labels, released, yanked, model, template, description, calls, cost, tokens } = v;
  return {
    version, digest, commit, author, date, level, summary, labels, released, yanked, model, template, description,
    messages: v.messages.map(({ role, text }) => (role === "placeholder" ? { placeholder: text } : { role, content: text })),
    fragments: Object.fromEntries(v.fragments.map(({ path, text }) => [path, text])),
    variables: v.variables.map((one) => ({ ...one, default: one.default === null || one.default === undefined ? null : read(one.default), enum: one.enum.map(read) })),
    settings: fromTexts(v.settings),
    annotations: v.annotations,
    calls, cost, tokens,
    metrics: Object.fromEntries(Object.entries(v.metrics).map(([metric, { n, mean, low, high, quantiles }]) => [metric, { n, mean, low, high, quantiles }])),
    models: v.models,
  };
}

function fromTexts(pairs) {
  return Object.fromEntries(pairs.map(([key, text]) => [key, read(text)]));
}

// Defaults and settings travel as JSON texts.
function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
