// What the pages look like where people need something else than a bright screen of the usual size: forced colours, paper,
// twice the size, no motion, and widths from a telephone to a wall.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { everyPage, launch, signIn } from "./browser.js";
import { Dockpass, furnish } from "./dockpass.js";

let dockpass, browser, pages, cookies;
before(async () => {
  dockpass = await Dockpass.start();
  furnish(dockpass);
  browser = await launch();
  const context = await browser.newContext();
  const page = await context.newPage();
  await signIn(page, dockpass.origin);
  pages = await everyPage(page, dockpass.origin);
  cookies = await context.cookies();
  await context.close();
});
after(async () => { await browser.close(); await dockpass.stop(); });

// Opens every page in a context with `options` and collects what `complaints`, which runs in the page, returns.
async function survey(options, complaints, prepare = async () => {}) {
  const context = await browser.newContext({ bypassCSP: true, ...options });
  await context.addCookies(cookies);
  const page = await context.newPage();
  const told = [];
  for (const [name, path] of Object.entries(pages)) {
    await page.goto(dockpass.origin + path);
    await prepare(page);
    told.push(...(await page.evaluate(complaints)).map((text) => `${name}: ${text}`));
  }
  await context.close();
  assert.deepEqual(told, []);
}

const sideways = () => {
  const excess = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  const cut = [...document.querySelectorAll("h1, h2, h3, p, button, .button, label, summary, .badge, dd, dt")]
    .filter((element) => element.offsetParent && !element.closest(".sr, .scroll") && element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0
      && getComputedStyle(element).display !== "inline");
  return [...(excess > 0 ? [`${excess} px too wide`] : []), ...cut.map((element) => `cut: ${element.outerHTML.slice(0, 90)}`)];
};

for (const width of [320, 360, 768, 1280, 1920, 3840]) {
  test(`nothing scrolls sideways or is cut at ${width} px`, () => survey({ viewport: { width, height: 740 } }, sideways));
}

test("at 4K lines stay short enough to read", () => survey({ viewport: { width: 3840, height: 2160 } }, () => {
  const { width, left, right } = document.querySelector("main").getBoundingClientRect();
  return width <= 78 * 16 && Math.abs(left - (innerWidth - right)) < 2 ? [] : [`${width} px wide from ${left}`];
}));

// A browser's zoom halves the width of the page in CSS pixels; its larger text leaves the width as it is.
test("at 200 % zoom everything is there without scrolling sideways", () =>
  survey({ viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 }, sideways));

for (const width of [640, 1280]) {
  test(`with text of twice the size nothing is cut at ${width} px`, () => survey({ viewport: { width, height: 800 } }, sideways,
    (page) => page.addStyleTag({ content: ":root { font-size: 200% !important }" })));
}

test("in forced colours it shows where one is, what can be pressed and what has the focus", async () => {
  await survey({ forcedColors: "active" }, () => {
    if (!matchMedia("(forced-colors: active)").matches) return ["colours are not forced"];
    const visible = (element) => element.offsetParent && !element.closest(".sr");
    const told = [];
    for (const here of document.querySelectorAll("[aria-current], [aria-pressed=true]")) {
      const style = getComputedStyle(here);
      if (visible(here) && !here.matches(".crumbs *") && style.outlineStyle === "none" && style.borderBottomWidth !== "3px") told.push(`not marked: ${here.outerHTML.slice(0, 90)}`);
    }
    for (const target of document.querySelectorAll("button, .button, input:not([type=hidden], [type=checkbox], [type=radio]), select, .badge, .notice")) {
      if (visible(target) && !target.matches(".menu li *") && getComputedStyle(target).borderTopStyle === "none") told.push(`no border: ${target.outerHTML.slice(0, 90)}`);
    }
    const first = [...document.querySelectorAll("main a[href], main button, main input:not([type=hidden])")].find(visible);
    first?.focus();
    if (first && !first.disabled && getComputedStyle(first).outlineStyle === "none") told.push(`no focus ring: ${first.outerHTML.slice(0, 90)}`);
    return told;
  });
});

test("where motion is unwelcome nothing moves, nor while a dialog opens", async () => {
  const moving = () => [...document.querySelectorAll("*")].filter((element) => {
    const style = getComputedStyle(element);
    return style.animationName !== "none" || style.transitionDuration.split(",").some((time) => parseFloat(time) > 0);
  }).map((element) => element.outerHTML.slice(0, 90));
  await survey({ reducedMotion: "reduce" }, moving);
  const context = await browser.newContext({ reducedMotion: "reduce" });
  await context.addCookies(cookies);
  const page = await context.newPage();
  await page.goto(`${dockpass.origin}/organization/acme?tab=Robotaccounts&q=ci`);
  await page.getByTestId("acme+ci-toggle-kebab").click();
  await page.getByTestId("acme+ci-del-btn").click();
  await page.locator("dialog[open]").waitFor();
  assert.deepEqual(await page.evaluate(moving), []);
  await context.close();
});

test("on paper there is the content, dark on white, and nothing to press", async () => {
  await survey({ colorScheme: "dark" }, () => {
    const told = [...document.querySelectorAll("header, footer, nav.tabs, button, .button, .menu")]
      .filter((element) => element.offsetParent).map((element) => `printed: ${element.outerHTML.slice(0, 90)}`);
    const light = (color) => color.match(/[\d.]+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) / 3;
    const { color, backgroundColor } = getComputedStyle(document.body);
    if (light(color) > 100 || light(backgroundColor) < 200) told.push(`${color} on ${backgroundColor}`);
    if (!document.querySelector("h1").offsetParent) told.push("no heading");
    return told;
  }, (page) => page.emulateMedia({ media: "print", colorScheme: "dark" }));
  const context = await browser.newContext();
  await context.addCookies(cookies);
  const page = await context.newPage();
  await page.goto(`${dockpass.origin}/organization/acme/robot/ci`);
  await page.getByTestId("show-token").click();
  const token = await page.getByTestId("robot-token").inputValue();
  assert.match(token, /^[A-Z0-9]{64}$/);
  await page.emulateMedia({ media: "print" });
  assert.ok(await page.getByTestId("robot-token").isVisible(), "the token is printed");
  assert.ok((await page.pdf({ format: "A4" })).length > 5_000);
  await context.close();
});
