// Only in a page that `promptreg report --serve` shows: reloads when its server has a newer one.
new EventSource("/events").addEventListener("message", () => location.reload());
