// Pictures of every page: `npm run screenshots` writes those of the README into docs/screenshots/; with ALL=DIRECTORY
// every page in both colour schemes, on a telephone and on a wall goes there, to be looked at.
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { everyPage, launch, signIn } from "./browser.js";
import { Dockpass, furnish } from "./dockpass.js";

const all = process.env.ALL;
const target = all ?? resolve(import.meta.dirname, "../../docs/screenshots");
mkdirSync(target, { recursive: true });
// One picture in each colour scheme: enough to see what it looks like, and small enough to keep.
const chosen = { "tab-robots": "light", credentials: "dark" };
const looks = [["light", 1280, 800], ["dark", 1280, 800], ...(all ? [["light", 360, 740], ["dark", 360, 740], ["light", 320, 740], ["dark", 3840, 2160]] : [])];

const dockpass = await Dockpass.start();
const browser = await launch();
try {
  furnish(dockpass);
  const first = await browser.newPage();
  await signIn(first, dockpass.origin);
  const pages = await everyPage(first, dockpass.origin);
  await first.close();
  for (const [colorScheme, width, height] of looks) {
    const context = await browser.newContext({ colorScheme, viewport: { width, height } });
    const page = await context.newPage();
    if (all) {
      await page.goto(`${dockpass.origin}/signin`);
      await page.screenshot({ path: `${target}/signin-${colorScheme}-${width}.png`, fullPage: true });
    }
    await signIn(page, dockpass.origin);
    for (const [name, path] of Object.entries(pages)) {
      if (!all && chosen[name] !== colorScheme) continue;
      // The README shows the list where there is most to see.
      await page.goto(dockpass.origin + path + (!all && name === "tab-robots" ? "&sort=name&dir=asc&expand=all" : ""));
      const file = all ? `${name}-${colorScheme}-${width}` : `${name}-${colorScheme}`;
      await page.screenshot({ path: `${target}/${file}.png`, fullPage: Boolean(all) });
    }
    await context.close();
  }
} finally {
  await browser.close();
  await dockpass.stop();
}
