// Debian's chromium, driven without downloading another one.
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

// Every page there is, by name, for a person who administers the organization that `furnish` makes.
export const pages = {
  organizations: "/organization",
  "new-organization": "/organizations/new",
  "all-repositories": "/repository",
  "tab-repositories": "/organization/acme?tab=Repositories",
  "tab-teams": "/organization/acme?tab=Teamsandmembership",
  "tab-robots": "/organization/acme?tab=Robotaccounts",
  "tab-robots-expanded": "/organization/acme?tab=Robotaccounts&expand=all&sort=name&dir=asc&select=page",
  "tab-robots-no-match": "/organization/acme?tab=Robotaccounts&q=zzz",
  "tab-default-permissions": "/organization/acme?tab=Defaultpermissions",
  "tab-applications": "/organization/acme?tab=OAuthApplications",
  "tab-logs": "/organization/acme?tab=Logs",
  "tab-settings": "/organization/acme?tab=Settings",
  "own-robots-empty": "/organization/alice?tab=Robotaccounts",
  "own-settings": "/organization/alice?tab=Settings",
  wizard: "/organization/acme/robots/new",
  credentials: "/organization/acme/robot/ci",
  regenerate: "/organization/acme/robot/ci/regenerate",
  "robot-permissions": "/organization/acme/robot/ci/permissions",
  federation: "/organization/acme/robot/ci/federation",
  activity: "/organization/acme/robot/ci/activity",
  "delete-robots": "/organization/acme/robots/delete?name=ci&name=deploy",
  "new-team": "/organization/acme/teams/new",
  team: "/organization/acme/team/builders",
  "team-permissions": "/organization/acme/team/builders/permissions",
  "delete-team": "/organization/acme/team/builders/delete",
  "new-default-permission": "/organization/acme/default-permissions/new",
  "new-application": "/organization/acme/applications/new",
  "new-repository": "/organization/acme/repositories/new",
  repository: "/repository/acme/api",
  "delete-organization": "/organization/acme/delete",
  "not-found": "/organization/acme/robot/nobody",
  forbidden: "/organization/nosuch",
};
