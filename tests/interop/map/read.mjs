// Opens a crew's map in a browser whose network is gone, and prints what MapLibre shows of it at each zoom.
import { readFile } from "node:fs/promises";
import path from "node:path";
import { chromium } from "playwright-core";

const [program, file, picture, lon, lat] = process.argv.slice(2);
const kinds = { ".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".mjs": "text/javascript" };
const browser = await chromium.launch({
  executablePath: program,
  args: ["--no-sandbox", "--enable-unsafe-swiftshader", "--use-gl=angle", "--use-angle=swiftshader", "--ignore-gpu-blocklist"],
});
const context = await browser.newContext({ viewport: { width: 640, height: 640 } });
const asked = [];
let isOffline = false;
await context.route("**/*", async (route) => {
  const url = new URL(route.request().url());
  if (isOffline) asked.push(url.href);
  const name = url.pathname === "/" ? "page.html" : path.join("node_modules", url.pathname);
  try {
    await route.fulfill({ body: await readFile(name), contentType: kinds[path.extname(name)] ?? "application/octet-stream" });
  } catch {
    await route.abort();
  }
});
const page = await context.newPage();
await page.goto("http://tablet.invalid/");
await page.waitForFunction("window.ready === true", undefined, { timeout: 60_000 });

isOffline = true;
await context.setOffline(true);
await page.setInputFiles("#file", file);
const opened = await page.evaluate("openMap()");
const seen = {};
for (const zoom of [12, 13, 14, 15, 16, 18]) seen[zoom] = await page.evaluate(`look(${lon}, ${lat}, ${zoom})`);
await page.evaluate(`look(${lon}, ${lat}, 15)`);
await page.screenshot({ path: picture });
console.log(JSON.stringify({ opened, seen, asked, faults: await page.evaluate("faults") }));
await browser.close();
