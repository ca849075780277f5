// Opens the page in a headless Chromium, runs one function of it, and prints what it returned as JSON.
// usage: node drive.mjs MODULES CHROMIUM PROFILE_DIRECTORY ORIGIN FUNCTION ARGUMENT...
import { createRequire } from "node:module";
import process from "node:process";

const [modules, executablePath, profile, origin, name, ...values] = process.argv.slice(2);
const { chromium } = createRequire(`${modules}/`)("playwright-core");

const context = await chromium.launchPersistentContext(profile, {
  executablePath,
  headless: true,
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--autoplay-policy=no-user-gesture-required",
  ],
});
try {
  const page = await context.newPage();
  await page.goto(`${origin}/page.html`);
  const result = await page.evaluate(([call, given]) => globalThis[call](...given), [name, values]);
  process.stdout.write(JSON.stringify(result));
} finally {
  await context.close();
}
