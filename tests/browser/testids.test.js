// The names by which the end-to-end tests of Quay's front end find things: each is on our page, at what plays the part.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, signIn } from "./browser.js";
import { Dockpass, furnish } from "./dockpass.js";

let dockpass, browser, page;
before(async () => {
  dockpass = await Dockpass.start();
  furnish(dockpass);
  browser = await launch();
  page = await browser.newPage();
  await signIn(page, dockpass.origin);
});
after(async () => { await browser.close(); await dockpass.stop(); });

const full = "acme+ci";
// Where, which, and which of them are ids of elements (#) and not test ids. What is clicked first stands before the arrow.
const places = [
  ["/organization/acme?tab=Robotaccounts&q=ci", [], ["robot-accounts-table", "create-robot-account-btn", "robot-account-search", "expand-tab", "collapse-tab",
    "select-none-action", "select-page-items-action", "select-all-items-action", `${full}-toggle-kebab`, `${full}-set-repo-perms-btn`,
    `${full}-set-robot-federation-btn`, `${full}-del-btn`]],
  ["/organization/alice?tab=Robotaccounts", [], ["toolbar-button"]],
  ["/organization/acme/robots/new", [], ["#create-robot-account-modal", "robot-wizard-form-name", "robot-wizard-form-description", "next-btn", "create-robot-submit",
    "create-robot-cancel", "robot-wizard-repo-search", "applied-to-input", "checkbox-row-api", "checkbox-row-builders", "api-permission-dropdown",
    "api-permission-dropdown-toggle", "None-permission-type", "Read-permission-type", "Write-permission-type", "Admin-permission-type",
    "#toggle-descriptions", "#add-repository-bulk-select", "#toggle-bulk-perms-kebab"]],
  [`/organization/acme/robot/ci/permissions`, [], ["api-permission-dropdown", "api-permission-dropdown-toggle", "Write-permission-type", "checkbox-row-api", "#toggle-bulk-perms-kebab"]],
  ["/organization/acme/robot/ci", ["show-token"], ["kubernetes-tab", "secret-scope-toggle", "secret-scope-selector", "secret-scope", "step-2-secret", "docker-config-tab",
    "docker-config-content", "docker-config-download", "#podman-login", "#docker-login", "#docker-config-mv", "#step-3", "#step-4"]],
  ["/organization/acme/robots/delete?name=ci", [], ["bulk-delete-modal", "delete-confirmation-input", "bulk-delete-confirm-btn"]],
  ["/organization/acme?tab=Defaultpermissions", [], ["create-default-permissions-btn", "default-permissions-table", "default-permissions-search",
    `${full}-permission-dropdown-toggle`, `${full}-READ`, `${full}-WRITE`, `${full}-ADMIN`, `${full}-del-option`]],
  ["/organization/acme/default-permissions/new", [], ["create-permission-button", "create-new-robot-accnt-btn", `${full}-robot-accnt`, "builders-team"]],
  ["/organization/acme?tab=Teamsandmembership", [], ["create-new-team-button"]],
  ["/organization/acme/teams/new", [], ["create-team-confirm", "new-team-name-input"]],
  ["/organization/acme/team/builders", [], ["add-new-member-button", "add-new-member-submit-btn", `${full}-delete-icon`, `${full}-robot-accnt`]],
  ["/organization/acme", [], ["repo-title"]],
];

test("every test id of Quay's robot screens is on its page", async () => {
  await page.goto(`${dockpass.origin}/organization/acme/default-permissions/new`);
  await page.getByLabel("Anyone").check();
  await page.getByLabel("Applied to", { exact: true }).fill(full);
  await page.getByTestId("create-permission-button").click();
  await page.getByTestId("default-permissions-table").waitFor();
  const missing = [], twice = [];
  for (const [path, clicks, names] of places) {
    await page.goto(dockpass.origin + path);
    for (const click of clicks) await page.getByTestId(click).click();
    for (const name of names) {
      const found = await page.locator(name.startsWith("#") ? name : `[data-testid="${name}"]`).count();
      if (found === 0) missing.push(`${path}: ${name}`);
      // A menu's items have the same names in every menu.
      if (found > 1 && !/-(permission-type|robot-accnt)$/.test(name)) twice.push(`${path}: ${name}`);
    }
  }
  assert.deepEqual(missing, []);
  assert.deepEqual(twice, []);
});

test("a folded secret is shown by what is called Show content", async () => {
  await page.goto(`${dockpass.origin}/organization/acme/robot/ci`);
  await page.getByTestId("show-token").click();
  for (const [tab, content] of [["kubernetes-tab", "step-2-secret"], ["docker-config-tab", "docker-config-content"]]) {
    await page.getByTestId(tab).click();
    assert.equal(await page.getByTestId(content).isVisible(), false);
    await page.getByText("Show content").filter({ visible: true }).click();
    await page.getByTestId(content).waitFor();
  }
});
