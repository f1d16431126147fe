// Light and locked down: requests and bytes of every page, its policy, and what another site cannot do.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { everyPage, launch, signIn } from "./browser.js";
import { Dockpass, furnish } from "./dockpass.js";

let dockpass, browser, pages;
before(async () => {
  dockpass = await Dockpass.start();
  furnish(dockpass);
  browser = await launch();
  const context = await browser.newContext();
  const page = await context.newPage();
  await signIn(page, dockpass.origin);
  pages = await everyPage(page, dockpass.origin);
  await context.close();
});
after(async () => { await browser.close(); await dockpass.stop(); });

// What a browser with nothing cached sends and receives for a page of somebody who is signed in.
async function weigh(cookies, path) {
  const context = await browser.newContext();
  await context.addCookies(cookies);
  const page = await context.newPage();
  const responses = [];
  page.on("response", (response) => responses.push(response));
  await page.goto(dockpass.origin + path, { waitUntil: "networkidle" });
  let bytes = 0;
  for (const response of responses) {
    const { responseHeadersSize, responseBodySize } = await response.request().sizes();
    bytes += responseHeadersSize + responseBodySize;
    if (["stylesheet", "script"].includes(response.request().resourceType())) {
      assert.equal(response.headers()["content-encoding"], "gzip", response.url());
      assert.equal(responseBodySize, Number(response.headers()["content-length"]), response.url());
    }
  }
  const rows = await page.locator("main tbody tr").count();
  await context.close();
  assert.ok(responses.length <= 4, `${path}: ${responses.length} requests`);
  assert.ok(bytes < 50_000, `${path}: ${bytes} bytes over the wire`);
  return { path, bytes, requests: responses.length, rows };
}

async function signedIn() {
  const context = await browser.newContext();
  const page = await context.newPage();
  await signIn(page, dockpass.origin);
  const cookies = await context.cookies();
  await context.close();
  return cookies;
}

const heavier = (one, other) => one.bytes > other.bytes ? one : other;

test("no page needs more than 4 requests or 50 kB, with nothing cached", async () => {
  const cookies = await signedIn();
  let heaviest = { bytes: 0 };
  for (const path of Object.values(pages)) heaviest = heavier(heaviest, await weigh(cookies, path));
  console.log("heaviest page:", heaviest);
});

test("every offered number of rows stays below 50 kB", async () => {
  const kinds = ["checkout-service", "image-builder", "nightly-scan", "edge.gateway"];
  for (let number = 1; number <= 100; number += 1) {
    dockpass.cli(["repo", "create", `acme/${kinds[number % 4]}/component-${number}`]);
    dockpass.cli(["robot", "create", `acme+${kinds[number % 4]}-${number}`, "--team", number % 2 ? "builders" : "readers", "--repository", "api:read",
      "--description", `Builds and pushes component ${number} of the ${kinds[number % 4]} from its main branch`]);
  }
  const cookies = await signedIn();
  let heaviest = { bytes: 0 };
  for (const path of ["/organization/acme?tab=Robotaccounts&expand=all", "/organization/acme?tab=Repositories", "/organization/acme/robot/ci/permissions?",
    "/organization/acme/team/builders/permissions?"]) {
    for (const rows of [10, 20, 50, 100]) {
      const weight = await weigh(cookies, `${path}&rows=${rows}`);
      assert.equal(weight.rows, rows, weight.path);
      heaviest = heavier(heaviest, weight);
    }
  }
  console.log("heaviest list:", heaviest);
});

test("no page holds inline script or style, and its policy forbids them", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await signIn(page, dockpass.origin);
  for (const [name, path] of Object.entries(pages)) {
    const response = await page.goto(dockpass.origin + path);
    const policy = response.headers()["content-security-policy"];
    assert.match(policy, /default-src 'none'/, name);
    assert.doesNotMatch(policy, /unsafe/, name);
    assert.equal(response.headers()["cache-control"], "no-store", name);
    const html = await response.text();
    assert.doesNotMatch(html, /<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)/, name);
  }
  await context.close();
});

test("another site can neither post a form nor frame a page", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await signIn(page, dockpass.origin);
  // Another port of the same host is another origin of the same site: SameSite cookies do not stop it.
  const { createServer } = await import("node:http");
  const evil = createServer((_, response) => response.setHeader("content-type", "text/html").end(
    `<form method=post action="${dockpass.origin}/organization/acme/teams/new"><input name=name value=evil><button>go</button></form>
     <iframe src="${dockpass.origin}/organization"></iframe>`));
  await new Promise((done) => evil.listen(0, "127.0.0.1", done));
  await page.goto(`http://localhost:${evil.address().port}/`);
  await page.getByRole("button").click();
  await page.getByText("The form was not accepted").waitFor();
  evil.close();
  assert.doesNotMatch(dockpass.cli(["team", "list", "acme"]), /evil/);
  await context.close();
});

test("a session cookie is out of reach of scripts and a new sign-in gives a new one", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${dockpass.origin}/signin`);
  const before = (await context.cookies()).find((cookie) => cookie.name === "dockpass");
  await signIn(page, dockpass.origin);
  const session = (await context.cookies()).find((cookie) => cookie.name === "dockpass");
  assert.ok(session.httpOnly && session.sameSite === "Lax");
  assert.notEqual(session.value, before.value);
  assert.equal(await page.evaluate(() => document.cookie.includes("dockpass=")), false);
  await page.goto(`${dockpass.origin}/signin?next=//evil.example/`);
  assert.equal(new URL(page.url()).origin, dockpass.origin);
  await context.close();
});
