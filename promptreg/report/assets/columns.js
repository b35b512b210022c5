// Reads columns of numbers; the twin of columns.py.

const ZERO = 48;

// Returns an array of count numbers, with null where there is none.
export function numbers(column, count) {
  if (Array.isArray(column)) return column;
  if (typeof column !== "string") return new Array(count).fill(column);
  const [decimals, start, ...places] = column.split(" ");
  const steps = new Array(count).fill(0);
  for (const digits of places) {
    for (let at = 0; at < count; at++) steps[at] = steps[at] * 10 + digits.charCodeAt(at) - ZERO;
  }
  const from = Number(start);
  const scale = 10 ** Math.abs(decimals);
  const value = decimals < 0 ? (step) => (from + step) * scale : (step) => (from + step) / scale;
  return steps.map((step) => (step === 0 ? null : value(step)));
}

// All columns of a table by their names.
export function table({ count, ...columns }) {
  return Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, numbers(column, count)]));
}

// Deals out to the groups what was put together by metric, each as [metric, row]; read makes rows of a metric's table.
export function deal({ count, names, of }, pool, read) {
  const left = new Map(Object.entries(of).map(([metric, packed]) => [metric, read(packed, metric).values()]));
  return numbers(names, count).map((set) => pool[set].map((metric) => [metric, left.get(metric).next().value]));
}
