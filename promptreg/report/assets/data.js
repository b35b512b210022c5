// Fetches and unpacks the data chunks that stand behind the application in the file.
import { decode } from "./decode.js";

const unpacked = new Map();
const OPEN_PROMPTS = 12;
let splitFolder = "";
const arrivals = new Map();

export function useFolder(folder) {
  splitFolder = folder;
  // Data files beside the page call this; they cannot be fetched from file://.
  globalThis.promptregChunk = (name, data) => arrivals.get(name)?.(data);
}

export async function loadIndex() {
  return unpack(document.getElementById("index").textContent);
}

export async function unpack(base64) {
  const bytes = Uint8Array.fromBase64
    ? Uint8Array.fromBase64(base64)
    : Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  // Not by way of a Blob: that would ask the browser's own process and wait for its answer.
  const { readable, writable } = new DecompressionStream("deflate-raw");
  const writer = writable.getWriter();
  const written = Promise.all([writer.write(bytes), writer.close()]);
  const [value] = await Promise.all([new Response(readable).json(), written]);
  return value;
}

export async function chunk(name) {
  return splitFolder ? fromFile(name) : fromPage(name);
}

function fromFile(name) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    const done = (data) => {
      arrivals.delete(name);
      script.remove();
      resolve(data);
    };
    arrivals.set(name, done);
    script.src = `${splitFolder}/${name}.js`;
    script.onerror = () => {
      arrivals.delete(name);
      reject(new Error(`The file ${splitFolder}/${name}.js is missing beside this page. Where a newer report was written meanwhile, reload it.`));
    };
    document.head.append(script);
  });
}

// The file may still be arriving: a chunk is whole once something stands behind it.
function fromPage(name) {
  const look = () => {
    const element = document.getElementById(name);
    return element && (element.nextElementSibling || document.readyState !== "loading") ? element : null;
  };
  return new Promise((resolve, reject) => {
    const found = look();
    if (found) {
      resolve(found.textContent);
      return;
    }
    const finish = (element) => {
      observer.disconnect();
      document.removeEventListener("DOMContentLoaded", ended);
      if (element) resolve(element.textContent);
      else reject(new Error("This file is incomplete: the data of this prompt is missing."));
    };
    const observer = new MutationObserver(() => {
      const element = look();
      if (element) finish(element);
    });
    const ended = () => finish(document.getElementById(name));
    observer.observe(document.body, { childList: true });
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ended);
    else ended();
  });
}

// A prompt as it is packed, for who looks at a little of every prompt.
export async function loadPacked(number) {
  return unpack(await chunk(`p${number}`));
}

export async function loadPrompt(number) {
  const name = `p${number}`;
  let prompt = unpacked.get(name);
  if (prompt) unpacked.delete(name);
  else prompt = decode(await loadPacked(number));
  unpacked.set(name, prompt);
  for (const old of unpacked.keys()) {
    if (unpacked.size <= OPEN_PROMPTS) break;
    if (old !== name) unpacked.delete(old);
  }
  return prompt;
}
