// Only in a page that `promptreg report --serve` shows: reloads when its server has a newer one than
// this, which may have happened before the server hears of this page.
const pageEdition = document.querySelector('meta[name="promptreg-edition"]').content;
new EventSource(`/events?${pageEdition}`).addEventListener("message", () => location.reload());
