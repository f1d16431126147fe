// WCAG 2.2 AA as far as a program can check it, on every page in both colour schemes; reflow; keyboard alone.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { everyPage, launch, signIn } from "./browser.js";
import { Dockpass, PASSWORD, furnish } from "./dockpass.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
let dockpass, fresh, browser, pages;
before(async () => {
  dockpass = await Dockpass.start({ FRESH_LOGIN_TIMEOUT: "24h" });
  furnish(dockpass);
  fresh = await Dockpass.start({ FEATURE_USER_INITIALIZE: true, FRESH_LOGIN_TIMEOUT: "30s" });
  browser = await launch();
  const world = await context({});
  const page = await world.newPage();
  await signIn(page, dockpass.origin);
  pages = await everyPage(page, dockpass.origin);
  await world.close();
});
after(async () => { await browser.close(); await dockpass.stop(); await fresh.stop(); });

// The pages' policy forbids injected script, so axe runs in a context that ignores it; the policy has tests of its own.
const context = (options) => browser.newContext({ bypassCSP: true, ...options });

async function check(page, name) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate((tags) => axe.run(document, { runOnly: { type: "tag", values: tags } }), TAGS);
  const told = violations.map((rule) => `${rule.id}: ${rule.help}\n${rule.nodes.slice(0, 3).map((node) => `    ${node.html}\n    ${node.failureSummary}`).join("\n")}`);
  assert.equal(told.length, 0, `${name}\n${told.join("\n")}`);
}

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing on any page in ${colorScheme} colours`, async () => {
    // Half-way through an animation colours are not what they will be.
    const world = await context({ colorScheme, reducedMotion: "reduce" });
    const page = await world.newPage();
    await page.goto(`${dockpass.origin}/signin`);
    await check(page, "signin");
    await page.getByLabel("Username or e-mail address").fill("nobody");
    await page.getByLabel("Password").fill("wrong-password");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.locator(".notice").waitFor();
    await check(page, "signin refused");
    await page.goto(`${dockpass.origin}/setup`);
    await check(page, "setup, made already");
    await page.goto(`${fresh.origin}/setup`);
    await check(page, "setup");
    await signIn(page, dockpass.origin);
    const failures = [];
    for (const [name, path] of Object.entries(pages)) {
      await page.goto(dockpass.origin + path);
      await check(page, name).catch((error) => failures.push(error.message));
    }
    await page.goto(`${dockpass.origin}/organization/acme/robot/ci`);
    await page.getByTestId("show-token").click();
    for (const panel of ["robot-account", "kubernetes", "podman", "docker", "docker-configuration", "mesos"]) {
      await page.evaluate((hash) => { location.hash = hash; }, panel);
      await page.locator(`#${panel}`).waitFor();
      await check(page, `credentials ${panel}`).catch((error) => failures.push(error.message));
    }
    await page.goto(`${dockpass.origin}/organization/acme/robots/new`);
    for (const step of ["step-teams", "step-repositories", "step-default", "step-review"]) {
      await page.locator(`.steps a[href="#${step}"]`).click();
      await check(page, `wizard ${step}`).catch((error) => failures.push(error.message));
    }
    await page.goto(`${dockpass.origin}/organization/acme/teams/new`);
    for (const step of ["step-repositories", "step-members", "step-review"]) {
      await page.locator(`.steps a[href="#${step}"]`).click();
      await check(page, `team wizard ${step}`).catch((error) => failures.push(error.message));
    }
    await page.goto(`${dockpass.origin}/organization/acme?tab=Robotaccounts&q=ci`);
    await page.getByTestId("acme+ci-toggle-kebab").click();
    await check(page, "an open menu").catch((error) => failures.push(error.message));
    await page.getByTestId("acme+ci-del-btn").click();
    await page.locator("dialog[open]").waitFor();
    await check(page, "an open dialog").catch((error) => failures.push(error.message));
    await world.close();
    assert.equal(failures.length, 0, failures.join("\n\n"));
  });
}

test("axe finds nothing where the password is asked for again", async () => {
  const world = await context({});
  const page = await world.newPage();
  fresh.user("carol");
  await signIn(page, fresh.origin, "carol");
  fresh.cli(["robot", "create", "carol+laptop"]);
  // The shortest time that can be configured is half a minute.
  await page.waitForTimeout(31_000);
  for (const scheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    await page.goto(`${fresh.origin}/organization/carol/robot/laptop?reveal=1`);
    await page.getByRole("heading", { name: "Confirm it is you" }).waitFor();
    await check(page, `confirm ${scheme}`);
  }
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press("Enter");
  await page.getByTestId("show-token").waitFor();
  await world.close();
});

test("targets are at least 24 pixels in both directions", async () => {
  const world = await context({});
  const page = await world.newPage();
  await signIn(page, dockpass.origin);
  const small = [];
  for (const [name, path] of Object.entries(pages)) {
    await page.goto(dockpass.origin + path);
    small.push(...await page.evaluate((name) => [...document.querySelectorAll("button, .button, summary, input:not([type=hidden]), select, nav a")]
      .filter((target) => target.offsetParent && !target.closest(".sr, .crumbs"))
      .map((target) => [target, target.getBoundingClientRect()])
      .filter(([target, box]) => (box.width < 24 || box.height < 24) && !["checkbox", "radio"].includes(target.type))
      .map(([target, box]) => `${name}: ${target.outerHTML.slice(0, 80)} ${Math.round(box.width)}x${Math.round(box.height)}`), name));
  }
  await world.close();
  assert.deepEqual(small, []);
});

describe("by keyboard alone", () => {
  let world, page;
  before(async () => { world = await context({ permissions: ["clipboard-read", "clipboard-write"] }); page = await world.newPage(); });
  after(() => world.close());
  // Goes on with Tab, or back with Shift+Tab, until what has the focus fits. Past either end of the page the focus is with the
  // browser's own controls, which the page sees as nobody having it, and then comes round: once is enough to see everything.
  const tabTo = async (matches, label, key = "Tab") => {
    let rounds = 0;
    for (let presses = 0; presses < 120 && rounds < 2; presses += 1) {
      await page.keyboard.press(key);
      const at = await page.evaluate(() => {
        const focused = document.activeElement;
        const box = focused.getBoundingClientRect();
        const seen = getComputedStyle(focused).outlineStyle !== "none" && box.bottom > 0 && box.top < innerHeight;
        return { outside: focused === document.body, seen, html: focused.outerHTML.slice(0, 120) };
      });
      if (at.outside) { rounds += 1; continue; }
      assert.ok(at.seen, `what has the focus cannot be seen on the way to ${label}: ${at.html}`);
      if (await page.evaluate(matches)) return;
    }
    assert.fail(`${label} cannot be reached`);
  };

  test("one signs in, makes a robot, sees its token, regenerates and deletes it", async () => {
    await page.goto(`${dockpass.origin}/signin`);
    await page.locator("#username:focus").waitFor();
    await page.keyboard.type("alice");
    await page.keyboard.press("Tab");
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/organization$/);
    await tabTo(() => document.activeElement.textContent === "acme", "the organization");
    await page.keyboard.press("Enter");
    await page.waitForURL(/tab=Robotaccounts/);
    await tabTo(() => document.activeElement.dataset.testid === "create-robot-account-btn", "the create button");
    await page.keyboard.press("Enter");
    await page.waitForURL(/robots\/new/);
    await tabTo(() => document.activeElement.name === "name", "the name");
    await page.keyboard.type("keyboard");
    await tabTo(() => document.activeElement.dataset.testid === "next-btn", "next");
    await page.keyboard.press("Enter");
    await tabTo(() => document.activeElement.value === "readers", "a team");
    await page.keyboard.press("Space");
    await tabTo(() => document.activeElement.dataset.testid === "create-robot-submit", "the submit button");
    await page.keyboard.press("Enter");
    await page.getByText("Successfully created robot account with robot name: acme+keyboard").waitFor();
    await tabTo(() => document.activeElement.dataset.testid === "regenerate-token", "regenerate");
    await page.keyboard.press("Enter");
    await page.locator("dialog[open]").waitFor();
    await page.keyboard.press("Escape");
    await page.locator("dialog").waitFor({ state: "detached" });
    assert.equal(await page.evaluate(() => document.activeElement.dataset.testid), "regenerate-token", "the focus comes back");
    await page.goto(`${dockpass.origin}/organization/acme?tab=Robotaccounts&q=keyboard`);
    await tabTo(() => document.activeElement.dataset.testid === "acme+keyboard-toggle-kebab", "the menu");
    await page.keyboard.press("Enter");
    await tabTo(() => document.activeElement.dataset.testid === "acme+keyboard-del-btn", "delete");
    await page.keyboard.press("Enter");
    await page.locator("dialog[open]").waitFor();
    await page.keyboard.type("confirm");
    await page.keyboard.press("Enter");
    await page.getByText("Successfully deleted robot account").waitFor();
  });

  const focus = (testid, key) => tabTo(`document.activeElement.dataset.testid === ${JSON.stringify(testid)}`, testid, key);
  const focusName = (name) => tabTo(`document.activeElement.name === ${JSON.stringify(name)} && document.activeElement.type !== "hidden"`, name);
  const focusText = (text, key) => tabTo(`document.activeElement.textContent.trim().startsWith(${JSON.stringify(text)})`, text, key);
  const press = (key) => page.keyboard.press(key);
  const type = (text) => page.keyboard.type(text);
  const said = (text) => page.locator(".notice", { hasText: text }).first().waitFor({ timeout: 10_000 });
  const at = (path) => page.goto(dockpass.origin + path);
  // Chooses in the drop-down that has the focus, by the first letter.
  const choose = async (letter, value) => {
    await press(letter);
    assert.equal(await page.evaluate(() => document.activeElement.value), value);
  };

  test("one searches, sorts, turns pages, selects and deletes many robots", async () => {
    await at("/organization/acme?tab=Robotaccounts");
    await focus("robot-account-search");
    await type("runner-0");
    await page.getByText("1 - 9 of 9").first().waitFor();
    await focus("robot-bulk-select");
    await press("Enter");
    await focus("select-page-items-action");
    await press("Enter");
    await focus("bulk-delete-button");
    await press("Enter");
    await page.locator("dialog[open]").waitFor();
    await type("confirm");
    await press("Enter");
    await said("Successfully deleted 9 robot accounts");
    await focusText("Teams and");
    await tabTo(`document.activeElement.matches("thead a") && document.activeElement.textContent === "Teams"`, "the column");
    await press("Enter");
    await page.locator("th[aria-sort]", { hasText: "Teams" }).waitFor();
    await tabTo(`document.activeElement.getAttribute("aria-label") === "Go to next page"`, "the next page");
    await press("Enter");
    await page.getByText("21 - ").first().waitFor();
  });

  test("one makes a robot with a new team, a repository and a default permission", async () => {
    await at("/organization/acme/robots/new");
    await focusName("name");
    await type("walker");
    await focus("next-btn");
    await press("Enter");
    await focus("create-new-team");
    await press("Enter");
    await focusName("new-team");
    await type("walkers");
    await focus("next-btn");
    await press("Enter");
    await focus("robot-wizard-repo-search");
    await type("bill");
    await focus("billing-permission-dropdown-toggle");
    await choose("w", "write");
    await focus("next-btn");
    await press("Enter");
    await focusName("default");
    await choose("r", "read");
    await focus("next-btn");
    await press("Enter");
    await page.locator("[data-summary]", { hasText: "walkers" }).waitFor();
    await focus("create-robot-submit");
    await press("Enter");
    await said("Successfully created robot account with robot name: acme+walker");
  });

  test("one goes through every form of the credentials, copies and downloads each", async () => {
    await at("/organization/acme/robot/ci");
    await focus("show-token");
    await press("Enter");
    await page.getByText("Hide token").waitFor();
    await focus("robot-name");
    for (const [tab, ...buttons] of [
      ["Robot Account", "Copy Robot token", "Download acme-ci.env"],
      ["Kubernetes Secret", "Copy Kubernetes secret", "Download acme-ci-secret.yml"],
      ["Podman", "Copy Podman login command", "Download acme-ci-login.sh"],
      ["Docker Login", "Copy Docker login command", "Download acme-ci-login.sh"],
      ["Docker Configuration", "Copy Docker configuration", "Download acme-ci-auth.json"],
      ["Mesos", "Download acme-ci-auth.tar.gz", "Copy Marathon uris"],
    ]) {
      await focusText(tab, "Shift+Tab");
      await press("Enter");
      await page.locator("[data-panels] a[aria-current]", { hasText: tab }).waitFor();
      for (const button of buttons) {
        await focusText(button);
        const [action, file] = button.split(" ");
        if (action === "Download") {
          const [download] = await Promise.all([page.waitForEvent("download"), press("Enter")]);
          assert.equal(download.suggestedFilename(), file);
        } else {
          await press("Enter");
          await page.locator("button:focus", { hasText: "Copied" }).waitFor();
        }
      }
    }
  });

  test("one sets permissions on repositories row by row and in bulk", async () => {
    const role = (repository) => page.getByTestId(`${repository}-permission-dropdown-toggle`).inputValue();
    await at("/organization/acme/robot/deploy/permissions");
    await focus("gateway-permission-dropdown-toggle");
    await choose("a", "admin");
    await focus("save-permissions");
    await press("Enter");
    await said("Successfully updated repository permission");
    assert.equal(await role("gateway"), "admin");
    await at("/organization/acme/robot/deploy/permissions");
    for (const repository of ["frontend", "worker"]) {
      await focus(`checkbox-row-${repository}`);
      await press("Space");
    }
    await focus("toggle-bulk-perms-kebab", "Shift+Tab");
    await choose("w", "write");
    await focus("apply-ticked");
    await press("Enter");
    await said("Successfully updated repository permission");
    assert.deepEqual(await Promise.all(["api", "frontend", "gateway", "worker"].map(role)), ["read", "write", "admin", "write"]);
  });

  test("one edits federation, teams, members, default permissions and addresses", async () => {
    await at("/organization/acme/robot/ci/federation");
    await focusName("issuer");
    await type("https://token.actions.example");
    await focusName("subject");
    await type("repo:acme/api");
    await press("Enter");
    await said("Robot federation config saved");
    await at("/organization/acme?tab=Teamsandmembership");
    await focus("create-new-team-button");
    await press("Enter");
    await page.waitForURL(/teams\/new/);
    await focusName("name");
    await type("typists");
    await focus("next-btn");
    await press("Enter");
    await focus("api-permission-dropdown-toggle");
    await choose("r", "read");
    await focus("next-btn");
    await press("Enter");
    await focus("checkbox-row-bob");
    await press("Space");
    await focus("next-btn");
    await press("Enter");
    await page.locator("[data-summary]", { hasText: "bob" }).waitFor();
    await focus("create-team-confirm");
    await press("Enter");
    await said("Successfully created new team: typists");
    await focus("add-new-member-button");
    await type("acme+deploy");
    await press("Enter");
    await said('Successfully added "acme+deploy" to team');
    await focus("acme+deploy-delete-icon");
    await press("Enter");
    await said("Successfully deleted team member: acme+deploy");
    await at("/organization/acme?tab=Defaultpermissions");
    await focus("create-default-permissions-btn");
    await press("Enter");
    await page.locator("dialog[open]").waitFor();
    await tabTo(`document.activeElement.name === "applies"`, "who creates");
    await press("ArrowUp");
    await focusName("delegate");
    await type("acme+deploy");
    await press("Enter");
    await said("Successfully applied default permission to: acme+deploy");
    await focus("acme+deploy-del-option");
    await press("Enter");
    await said("Permission created by: organization default successfully deleted");
    await at("/organization/acme/default-permissions/new");
    await focusName("creator");
    await type("alice");
    await focusName("delegate");
    await type("team:readers");
    await press("Enter");
    await said("Successfully created default permission for creator: alice");
    await focus("default-permissions-search");
    await type("readers");
    await page.locator("#results").getByText("1 - 1 of 1").waitFor();
    await focusName("rule");
    await press("Space");
    await focus("default-perm-bulk-delete-icon", "Shift+Tab");
    await press("Enter");
    await page.locator("dialog[open]").waitFor();
    await type("confirm");
    await press("Enter");
    await said("Successfully deleted default permissions");
    await at("/organization/acme?tab=Teamsandmembership");
    await focus("readers-team-dropdown");
    await choose("c", "creator");
    await press("Tab");
    await press("Enter");
    await said("Team role updated successfully for: readers");
    await focusText("Collaborators View");
    await press("Enter");
    await page.waitForURL(/view=collaborators/);
    await page.getByTestId("collaborators-table").waitFor();
    await tabTo(`document.activeElement.matches("tbody [type=checkbox]")`, "the tick box");
    await press("Space");
    await focus("people-bulk-delete", "Shift+Tab");
    await press("Enter");
    await page.locator("dialog[open]").waitFor();
    await focus("dora-del-btn");
    await press("Enter");
    await said("Successfully deleted collaborator: dora");
    await at("/organization/acme?tab=Settings");
    await focusName("email");
    await type("ops@acme.example");
    await press("Enter");
    await said("E-mail address saved");
  });

  test("one makes and deletes an organization, makes a repository, an application and its token, and signs out", async () => {
    await at("/organization");
    await focus("create-organization-button");
    await press("Enter");
    await page.locator("dialog[open]").waitFor();
    await type("keys");
    await press("Enter");
    await said("Successfully created organization: keys");
    await at("/organization/keys/repositories/new");
    await focusName("name");
    await type("board");
    await press("Enter");
    await said("Successfully created repository: keys/board");
    await at("/organization/keys/applications/new");
    await focusName("name");
    await type("Script");
    await press("Enter");
    await said("Successfully created application: Script");
    await tabTo(`document.activeElement.id === "token-name"`, "the token's name");
    await type("one");
    await tabTo(`document.activeElement.value === "repo:read"`, "a scope");
    await press("Space");
    await focusText("Generate access token");
    await press("Enter");
    await page.getByText("Store this access token now.").waitFor();
    await at("/organization/keys?tab=Settings");
    await focusText("Begin deletion");
    await press("Enter");
    await page.waitForURL(/delete$/);
    await focusName("confirm");
    await type("keys");
    await press("Enter");
    await said("Successfully deleted organization: keys");
    await tabTo(`document.activeElement.matches("header summary") && document.activeElement.textContent === "alice"`, "the account menu");
    await press("Enter");
    await focusText("Sign out");
    await press("Enter");
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await signIn(page, dockpass.origin);
  });

  test("the skip link leads to the content", async () => {
    await page.goto(`${dockpass.origin}/organization`);
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to content");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "main");
  });
});
