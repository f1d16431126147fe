// Debian's chromium, driven without downloading another one.
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";
import { PASSWORD } from "./dockpass.js";

export const launch = () => chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});

export async function signIn(page, origin, name = "alice") {
  await page.goto(`${origin}/signin`);
  await page.getByLabel("Username or e-mail address").fill(name);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL((url) => !url.pathname.startsWith("/signin"));
}

// Every page there is, by name, for a person who administers the organization that `furnish` makes. A test of the server
// compares this list with its routes and templates, so that a page that is not in it cannot be forgotten.
export const pages = JSON.parse(readFileSync(new URL("pages.json", import.meta.url)));

// These, and the page of an application, whose address holds an id that is drawn when it is made.
export async function everyPage(page, origin) {
  await page.goto(`${origin}/organization/acme/applications/new`);
  await page.getByLabel("Application name").fill("Terraform");
  await page.getByRole("button", { name: "Create application" }).click();
  await page.waitForURL(/\/application\//);
  await page.goto(`${origin}/organization/acme/default-permissions/new`);
  await page.getByLabel("Anyone").check();
  await page.getByLabel("Applied to", { exact: true }).fill("acme+backup");
  await page.getByTestId("create-permission-button").click();
  await page.getByTestId("default-permissions-table").waitFor();
  await page.goto(`${origin}/organization/acme?tab=OAuthApplications`);
  const application = await page.getByRole("link", { name: "Terraform" }).getAttribute("href");
  return { ...pages, application };
}
