// Unpacks the application, which stands compressed before it, and starts it. The security policy
// names the application's hash, so nothing else could be started this way.
(async () => {
  try {
    const packed = atob(document.getElementById("app").textContent);
    const bytes = Uint8Array.from(packed, (char) => char.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    const script = document.createElement("script");
    script.textContent = await new Response(stream).text();
    document.head.append(script);
  } catch (error) {
    // An old browser: the plain page says the most important.
    document.documentElement.classList.remove("js");
    throw error;
  }
})();
