// Reads columns of numbers; the twin of columns.py. Of a thousand columns that a prompt has few are
// looked at, and there at few places: each value is read when it is asked for.

const ZERO = 48;

// Returns a function that gives the number at a place, or null where there is none.
export function reader(column) {
  if (Array.isArray(column)) return (at) => column[at];
  if (typeof column !== "string") return () => column;
  const [decimals, start, ...places] = column.split(" ");
  const from = Number(start);
  const scale = 10 ** Math.abs(decimals);
  return (at) => {
    let step = 0;
    for (let n = 0; n < places.length; n++) step = step * 10 + places[n].charCodeAt(at) - ZERO;
    if (step === 0) return null;
    return decimals < 0 ? (from + step) * scale : (from + step) / scale;
  };
}

// The readers of a table's columns by their names.
export function table(columns) {
  return Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, reader(column)]));
}

// What make gives for each of so many places.
export function rows(count, make) {
  return Array.from({ length: count }, (_, at) => make(at));
}

// Deals out to the groups what was put together by metric, each as [metric, function that makes its row].
// open gives for a metric's table the function that makes the row of a place.
export function deal({ count, names, of }, pool, open) {
  const tables = new Map(Object.entries(of).map(([metric, packed]) => [metric, { make: open(packed, metric), next: 0 }]));
  const name = reader(names);
  return rows(count, (at) =>
    pool[name(at)].map((metric) => {
      const one = tables.get(metric);
      const place = one.next++;
      return [metric, () => one.make(place)];
    }),
  );
}

// A function that makes its value when it is first called.
export function once(make) {
  let made = null;
  return () => (made ??= make());
}
