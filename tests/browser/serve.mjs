// A folder on this machine for this machine, and a browser to look at it, for the tests beside this.
// CHROMIUM names the browser. The packages may lie elsewhere, in a folder named by NODE_PATH.
import { readFile } from "node:fs/promises";
import http from "node:http";
import { createRequire } from "node:module";
import path from "node:path";

const require = createRequire(import.meta.url);  // unlike import, it looks in NODE_PATH
const puppeteer = require("puppeteer-core");

/** The source of axe-core, to be run in a page. */
export const axe = require("axe-core").source;

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm",
  ".json": "application/json", ".png": "image/png", ".svg": "image/svg+xml" };

/** Serves a folder below a path, since a site seldom has an address of its own. */
export async function serve(folder, under) {
  const server = http.createServer(async (request, response) => {
    const name = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
    try {
      if (!name.startsWith(under)) throw new Error(`${name} is not under ${under}`);
      const file = path.join(folder, name.slice(under.length) || "index.html");
      const body = await readFile(file);
      response.writeHead(200, { "Content-Type": TYPES[path.extname(file)] ?? "application/octet-stream" }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { address: `http://127.0.0.1:${server.address().port}${under}`, close: () => server.close() };
}

export const launch = () => puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
