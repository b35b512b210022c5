// Unpacks the application, which stands compressed before it, and starts it. The security policy
// names the application's hash, so nothing else could be started this way.
(async () => {
  const root = document.documentElement;
  if (!root.classList.contains("js")) return;
  try {
    const packed = atob(document.getElementById("app").textContent);
    const bytes = Uint8Array.from(packed, (char) => char.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    const script = document.createElement("script");
    script.textContent = await new Response(stream).text();
    document.head.append(script);
  } catch (error) {
    // The plain page says the most important.
    root.classList.remove("js");
    throw error;
  }
})();
