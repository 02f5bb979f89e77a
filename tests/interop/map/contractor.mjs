// A contractor opens the link in a browser, says that work has begun, loses an answer, and says that it is done.
import { chromium } from "playwright-core";

const [program, url, picture] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox"] });
const page = await browser.newPage({ viewport: { width: 420, height: 800 }, locale: "en-US" });
const faults = [];
page.on("pageerror", (fault) => faults.push(String(fault)));
page.on("console", (line) => line.type() === "error" && faults.push(line.text()));
await page.goto(url);
await page.getByRole("button", { name: "Work has begun" }).click();
await page.getByText("In progress").waitFor();

// The answer to the next request is lost on the way: the server has done it, the phone does not know.
let isLost = false;
const keys = [];
await page.route("**/resolve", async (route) => {
  keys.push(route.request().headers()["idempotency-key"]);
  if (isLost) return route.continue();
  isLost = true;
  await route.fetch();
  await route.abort();
});
await page.getByLabel("What was done").fill("Filled with asphalt.");
await page.getByRole("button", { name: "Is done" }).click();
await page.getByRole("alert").filter({ hasText: /./ }).waitFor();
await page.getByRole("button", { name: "Is done" }).click();
await page.getByText("Resolved").waitFor();
await page.screenshot({ path: picture });
console.log(JSON.stringify({ keys, faults: faults.filter((fault) => !fault.includes("ERR_FAILED")), left: await page.getByRole("button").count() }));
await browser.close();
