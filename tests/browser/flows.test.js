// Each flow, with and without JavaScript: the same steps for a person, the same result.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { launch, signIn } from "./browser.js";
import { Dockpass, PASSWORD, furnish } from "./dockpass.js";

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

for (const javaScriptEnabled of [true, false]) {
  describe(javaScriptEnabled ? "with script" : "without script", () => {
    let dockpass, context, page;
    const at = (path) => page.goto(dockpass.origin + path);
    const said = (text) => page.locator(".notice", { hasText: text }).first().waitFor({ timeout: 10_000 });

    before(async () => {
      dockpass = await Dockpass.start();
      furnish(dockpass);
      context = await browser.newContext({ javaScriptEnabled, permissions: javaScriptEnabled ? ["clipboard-read", "clipboard-write"] : [] });
      page = await context.newPage();
      page.on("pageerror", (error) => assert.fail(error));
      page.on("console", (message) => { if (message.type() === "error" && /Content Security|integrity|Trusted/i.test(message.text())) assert.fail(message.text()); });
      await signIn(page, dockpass.origin);
    });
    after(async () => { await context.close(); await dockpass.stop(); });

    test("an organization is made and opens at its robots", async () => {
      await at("/organization");
      await page.getByTestId("create-organization-button").click();
      await page.getByTestId("org-name-input").fill("globex");
      await page.getByTestId("create-org-submit").click();
      await said("Successfully created organization: globex");
      assert.match(page.url(), /\/organization\/globex\?tab=Robotaccounts/);
      await page.getByText("There are no viewable robot accounts").waitFor();
    });

    test("a robot is made with team, repositories and default permission and shows its token", async () => {
      await at("/organization/acme?tab=robotACCOUNTS");
      await page.getByTestId("create-robot-account-btn").click();
      await page.getByTestId("robot-wizard-form-name").fill("wizard.made_it");
      await page.getByTestId("robot-wizard-form-description").fill("Made in a browser");
      const next = async () => { if (javaScriptEnabled) await page.getByTestId("next-btn").click(); };
      await next();
      await page.getByTestId("checkbox-row-readers").check();
      await next();
      if (javaScriptEnabled) {
        await page.getByTestId("robot-wizard-repo-search").fill("bill");
        assert.equal(await page.getByTestId("api-permission-dropdown-toggle").isVisible(), false);
        await page.getByTestId("checkbox-row-billing").check();
        assert.equal(await page.getByTestId("billing-permission-dropdown-toggle").inputValue(), "read");
        await page.getByTestId("robot-wizard-repo-search").fill("");
        await page.locator("#step-repositories").getByRole("button", { name: "Selected" }).click();
        assert.deepEqual(await page.locator("#wizard-repositories tbody tr:visible th").allInnerTexts(), ["billing"]);
        await page.locator("#add-repository-bulk-select", { hasText: "1" }).click();
        await page.getByRole("button", { name: "Select none" }).filter({ visible: true }).click();
        assert.equal(await page.getByTestId("billing-permission-dropdown-toggle").inputValue(), "none");
        await page.locator("#step-repositories").getByRole("button", { name: "All", exact: true }).click();
        await page.getByTestId("robot-wizard-repo-search").fill("bill");
        await page.locator("#add-repository-bulk-select").click();
        await page.getByRole("button", { name: "Select page" }).filter({ visible: true }).click();
        await page.getByTestId("robot-wizard-repo-search").fill("");
        await page.getByTestId("toggle-bulk-perms-kebab").selectOption("admin");
        assert.equal(await page.getByTestId("billing-permission-dropdown-toggle").inputValue(), "admin");
        await page.locator("#step-repositories").getByRole("button", { name: "All", exact: true }).click();
        await page.getByTestId("api-permission-dropdown-toggle").selectOption("write");
        assert.ok(await page.getByTestId("checkbox-row-api").isChecked());
        await page.getByTestId("checkbox-row-api").uncheck();
        assert.equal(await page.getByTestId("api-permission-dropdown-toggle").inputValue(), "none");
      }
      await page.getByTestId("billing-permission-dropdown-toggle").selectOption("write");
      await next();
      await page.locator("#toggle-descriptions").selectOption("read");
      await next();
      if (javaScriptEnabled) await page.locator("[data-summary]", { hasText: "billing (Write)" }).waitFor();
      await page.getByTestId("create-robot-submit").click();
      await said("Successfully created robot account with robot name: acme+wizard.made_it");
      const token = await page.getByTestId("robot-token").inputValue();
      assert.match(token, /^[A-Z0-9]{64}$/);
      const answer = await fetch(`${dockpass.origin}/v2/auth?service=registry.example.com&scope=repository:acme/billing:pull,push`, {
        headers: { authorization: `Basic ${Buffer.from(`acme+wizard.made_it:${token}`).toString("base64")}` },
      });
      assert.equal(answer.status, 200);
      const claims = JSON.parse(Buffer.from((await answer.json()).token.split(".")[1], "base64url"));
      assert.deepEqual(claims.access[0].actions.toSorted(), ["pull", "push"]);
      // dockpass answers the registry's ping itself, so the client's whole login goes through without a registry.
      const login = spawnSync("podman", ["login", "--tls-verify=false", "--authfile", join(dockpass.directory, "auth.json"),
        "-u", "acme+wizard.made_it", "--password-stdin", `localhost:${dockpass.port}`], { input: token, encoding: "utf8" });
      assert.equal(login.status, 0, login.error?.message ?? login.stderr);
    });

    test("a robot that cannot be made says why and keeps what was typed", async () => {
      await at("/organization/acme/robots/new");
      await page.getByTestId("robot-wizard-form-name").fill("ci");
      await page.getByTestId("robot-wizard-form-description").fill("again");
      await page.getByTestId("create-robot-submit").click();
      await said("Existing robot with name: acme+ci");
      assert.equal(await page.getByTestId("robot-wizard-form-description").inputValue(), "again");
    });

    test("the list is searched whatever the case, sorted, and paged, and all of it stands in the address", async () => {
      await at("/organization/acme?tab=Robotaccounts");
      await page.getByText("1 - 20 of ").first().waitFor();
      await page.getByRole("link", { name: "Go to next page" }).first().click();
      await page.getByText(/21 - 3\d of/).first().waitFor();
      await page.goBack();
      await page.getByText("1 - 20 of ").first().waitFor();
      await page.getByText("1 - 20 of ").first().click();
      await page.getByRole("link", { name: "10 per page" }).first().click();
      await page.getByText("1 - 10 of ").first().waitFor();
      await page.getByRole("link", { name: "Go to last page" }).first().click();
      await page.getByText(/31 - 3\d of/).first().waitFor();
      assert.match(page.url(), /rows=10&page=4/);
      await page.getByRole("link", { name: "Robot account name" }).click();
      await page.getByText("1 - 10 of ").first().waitFor();
      await page.getByTestId("robot-account-search").fill("RUNNER-07");
      if (!javaScriptEnabled) await page.getByRole("button", { name: "Search" }).click();
      await page.getByText("1 - 1 of 1").first().waitFor();
      assert.match(page.url(), /q=RUNNER-07/);
      assert.match(page.url(), /rows=10/);
      await at("/organization/acme?tab=Robotaccounts");
      await page.getByRole("link", { name: "Robot account name" }).click();
      await page.locator("th[aria-sort=ascending]", { hasText: "Robot account name" }).waitFor();
      assert.equal(await page.locator("tbody th a").first().innerText(), "acme+backup");
      await page.getByTestId("expand-tab").click();
      await page.getByText("Builds and pushes every service").waitFor();
      await page.getByTestId("collapse-tab").click();
      await page.getByText("Builds and pushes every service").waitFor({ state: "hidden" });
    });

    test("the token is hidden until asked for, and asking is written to the log", async () => {
      await at("/organization/acme/robot/ci");
      assert.match(await page.getByTestId("robot-token").inputValue(), /^•+$/);
      assert.equal((await page.content()).match(/[A-Z0-9]{64}/), null);
      await page.getByTestId("show-token").click();
      const token = page.getByTestId("robot-token");
      assert.match(await token.inputValue(), /^[A-Z0-9]{64}$/);
      const secret = await token.inputValue();
      if (javaScriptEnabled) {
        await page.locator("[data-copy=robot-token]").click();
        assert.equal(await page.evaluate(() => navigator.clipboard.readText()), secret);
        await page.getByTestId("kubernetes-tab").click();
      }
      assert.match(await page.getByTestId("step-2-secret").textContent(), /name: acme-ci-pull-secret/);
      assert.equal(await page.locator("#secret-scope").innerText(), "registry.example.com/acme");
      await page.getByTestId("secret-scope-toggle").selectOption("registry");
      if (!javaScriptEnabled) await page.getByRole("button", { name: "Apply" }).click();
      await page.locator("#secret-scope", { hasText: /^registry\.example\.com$/ }).waitFor();
      if (javaScriptEnabled) await page.getByTestId("docker-config-tab").click();
      const [download] = await Promise.all([page.waitForEvent("download"), page.locator("#docker-configuration").getByTestId("docker-config-download").click()]);
      assert.equal(download.suggestedFilename(), "acme-ci-auth.json");
      let text = "";
      for await (const chunk of await download.createReadStream()) text += chunk;
      assert.equal(Buffer.from(JSON.parse(text).auths["registry.example.com"].auth, "base64").toString(), `acme+ci:${secret}`);
      await at("/organization/acme/robot/ci/activity");
      await page.getByText("Token shown").first().waitFor();
    });

    test("every form of the credentials is copied or downloaded, and Mesos gets an archive", async () => {
      await at("/organization/acme/robot/ci");
      await page.getByTestId("show-token").click();
      const secret = await page.getByTestId("robot-token").inputValue();
      for (const [panel, format, file] of [["robot-account", "env", "acme-ci.env"], ["kubernetes", "kubernetes-secret", "acme-ci-secret.yml"],
        ["podman", "podman", "acme-ci-login.sh"], ["docker", "docker", "acme-ci-login.sh"],
        ["docker-configuration", "docker-config", "acme-ci-auth.json"], ["mesos", "mesos", "acme-ci-auth.tar.gz"]]) {
        if (javaScriptEnabled) await page.locator(`[data-panels] a[href="#${panel}"]`).click();
        const [download] = await Promise.all([page.waitForEvent("download"), page.locator(`#${panel}`).getByTestId(`${format}-download`).click()]);
        assert.equal(download.suggestedFilename(), file);
        if (format === "mesos") {
          const path = join(dockpass.directory, file);
          await download.saveAs(path);
          const { stdout } = spawnSync("tar", ["-xzOf", path, ".docker/config.json"], { encoding: "utf8" });
          assert.equal(Buffer.from(JSON.parse(stdout).auths["registry.example.com"].auth, "base64").toString(), `acme+ci:${secret}`);
        }
        if (!javaScriptEnabled) continue;
        for (const copy of await page.locator(`#${panel} [data-copy]`).all()) {
          await copy.click();
          await copy.getByText("Copied").waitFor();
          const source = page.locator(`#${await copy.getAttribute("data-copy")}`);
          const shown = await source.evaluate((element) => element.value ?? element.textContent);
          assert.equal(await page.evaluate(() => navigator.clipboard.readText()), shown);
        }
      }
    });

    test("among many repositories the wizard searches, and makes a team on the way", async () => {
      for (let number = 1; number <= 60; number += 1) dockpass.cli(["repo", "create", `globex/service-${String(number).padStart(2, "0")}`]);
      await at("/organization/globex/robots/new");
      await page.getByTestId("robot-wizard-form-name").fill("searcher");
      const next = async () => { if (javaScriptEnabled) await page.getByTestId("next-btn").click(); };
      await next();
      await page.getByTestId("create-new-team").click();
      await page.getByTestId("new-team-name-input").fill("finders");
      await next();
      await page.getByTestId("service-07-permission-dropdown-toggle").selectOption("write");
      await page.getByRole("button", { name: "Go to next page" }).click();
      await page.getByText("51 - 60 of 60").waitFor();
      await page.getByLabel("Rows per page").selectOption("100");
      await page.getByRole("button", { name: "Apply rows per page" }).click();
      await page.getByText("1 - 60 of 60").waitFor();
      await page.getByLabel("Rows per page").selectOption("50");
      await page.getByRole("button", { name: "Apply rows per page" }).click();
      await page.getByText("1 - 50 of 60").waitFor();
      await page.getByTestId("robot-wizard-repo-search").fill("SERVICE-60");
      await page.getByTestId("robot-wizard-repo-search").press("Enter");
      await page.getByTestId("service-51-permission-dropdown-toggle").waitFor({ state: "detached" });
      assert.equal(await page.getByTestId("service-07-permission-dropdown-toggle").inputValue(), "write");
      await page.getByTestId("service-60-permission-dropdown-toggle").selectOption("read");
      await page.getByTestId("create-robot-submit").click();
      await said("Successfully created robot account with robot name: globex+searcher");
      await said("Successfully created new team: finders");
      await at("/organization/globex/robot/searcher/activity");
      assert.match(await page.locator("#access").innerText(), /service-07[\s\S]*Write[\s\S]*service-60[\s\S]*Read/);
      await page.getByRole("link", { name: "finders" }).waitFor();
    });

    test("an address with nothing behind it leads back", async () => {
      const answer = await at("/organizations/acme/nothing");
      assert.equal(answer.status(), 404);
      await page.getByRole("heading", { name: "There is no such page" }).waitFor();
      await page.getByRole("link", { name: "Go to your organizations" }).click();
      await page.getByRole("heading", { name: "Organizations" }).waitFor();
    });

    test("an organization's address is kept in its settings", async () => {
      await at("/organization/globex?tab=Settings");
      await page.getByLabel("E-mail address").fill("ops@globex.example");
      await page.getByRole("button", { name: "Save" }).click();
      await said("E-mail address saved");
      assert.equal(await page.getByLabel("E-mail address").inputValue(), "ops@globex.example");
    });

    test("regenerating asks first, shows the new token, and the old one stops working", async () => {
      await at("/organization/acme/robot/deploy");
      await page.getByTestId("show-token").click();
      const old = await page.getByTestId("robot-token").inputValue();
      await page.getByTestId("regenerate-token").click();
      await page.getByTestId("regenerate-confirm").click();
      await said("Successfully regenerated the token of acme+deploy");
      const fresh = await page.getByTestId("robot-token").inputValue();
      assert.notEqual(fresh, old);
      const logIn = async (token) => (await fetch(`${dockpass.origin}/v2/auth?service=registry.example.com`, {
        headers: { authorization: `Basic ${Buffer.from(`acme+deploy:${token}`).toString("base64")}` },
      })).status;
      assert.deepEqual([await logIn(old), await logIn(fresh)], [401, 200]);
    });

    test("permissions are set row by row, for ticked rows and for all that match", async () => {
      await at("/organization/acme/robot/backup/permissions");
      await page.getByTestId("gateway-permission-dropdown-toggle").selectOption("admin");
      await page.getByTestId("save-permissions").click();
      await said("Successfully updated repository permission");
      assert.equal(await page.getByTestId("gateway-permission-dropdown-toggle").inputValue(), "admin");
      await page.getByTestId("checkbox-row-api").check();
      await page.getByTestId("checkbox-row-worker").check();
      await page.getByTestId("toggle-bulk-perms-kebab").selectOption("write");
      await page.getByTestId("apply-ticked").click();
      await said("Successfully updated repository permission");
      assert.equal(await page.getByTestId("worker-permission-dropdown-toggle").inputValue(), "write");
      await page.getByTestId("toggle-bulk-perms-kebab").selectOption("none");
      await page.getByTestId("apply-matching").click();
      await said("Successfully updated repository permission");
      await page.getByText("Selected (0)").waitFor();
    });

    test("effective permissions name the rule that gave them", async () => {
      await at("/organization/acme/robot/ci/activity");
      const row = page.locator("#access tr", { hasText: "api" });
      assert.match(await row.innerText(), /Admin[\s\S]*Write, granted directly[\s\S]*Admin, through team builders/);
    });

    test("federation entries are added and removed", async () => {
      await at("/organization/acme/robot/ci/federation");
      await page.getByLabel("Issuer URL").fill("https://token.actions.example");
      await page.getByLabel("Subject").fill("repo:acme/api");
      await page.getByLabel("Audience").fill("dockpass.example");
      await page.getByRole("button", { name: "Save" }).click();
      await said("Robot federation config saved");
      assert.equal(await page.getByLabel("Audience").first().inputValue(), "dockpass.example");
      await page.getByLabel(/Remove federation entry/).check();
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByText("No federation configured").waitFor();
    });

    test("one robot is deleted from its menu after seeing what loses access", async () => {
      await at("/organization/acme?tab=Robotaccounts&sort=name&dir=asc");
      await page.getByTestId("acme+ci-toggle-kebab").click();
      await page.getByTestId("acme+ci-del-btn").click();
      await page.getByText("Repositories that lose access").waitFor();
      await page.getByText("billing", { exact: false }).first().waitFor();
      await page.getByTestId("delete-confirmation-input").fill("confirm");
      await page.getByTestId("bulk-delete-confirm-btn").click();
      await said("Successfully deleted robot account");
      await page.getByText("acme+ci", { exact: true }).waitFor({ state: "detached" });
    });

    test("many robots are deleted at once, also over several pages", async () => {
      await at("/organization/acme?tab=Robotaccounts&q=runner");
      await page.getByTestId("robot-bulk-select").click();
      await page.getByTestId("select-all-items-action").click();
      await page.getByTestId("bulk-delete-button").click();
      await page.getByText("the 30 robot accounts below").waitFor();
      await page.getByTestId("delete-confirmation-input").fill("confirm");
      await page.getByTestId("bulk-delete-confirm-btn").click();
      await said("Successfully deleted 30 robot accounts");
    });

    test("teams are made, filled with a robot, granted repositories and deleted", async () => {
      await at("/organization/acme?tab=Teamsandmembership");
      await page.getByTestId("create-new-team-button").click();
      await page.getByTestId("new-team-name-input").fill("testers");
      const next = async () => { if (javaScriptEnabled) await page.getByTestId("next-btn").click(); };
      await next();
      await page.getByTestId("worker-permission-dropdown-toggle").selectOption("write");
      await next();
      await page.getByTestId("search-member-input").fill("bo");
      if (!javaScriptEnabled) await page.locator("#step-members").getByRole("button", { name: "Search", exact: true }).click();
      await page.getByTestId("checkbox-row-bob").check();
      await next();
      if (javaScriptEnabled) await page.locator("[data-summary]", { hasText: /worker \(Write\)[^]*bob/ }).waitFor();
      await page.getByTestId("create-team-confirm").click();
      await said("Successfully created new team: testers");
      await page.getByTestId("bob-delete-icon").waitFor();
      await at("/organization/acme/team/testers/permissions");
      assert.equal(await page.getByTestId("worker-permission-dropdown-toggle").inputValue(), "write");
      await at("/organization/acme/teams/new");
      await page.getByTestId("new-team-name-input").fill("testers");
      await page.getByTestId("create-team-confirm").click();
      await said("Failed to create new team");
      await said('Team "testers" already exists');
      await at("/organization/acme/team/testers");
      await page.getByTestId("add-new-member-button").fill("nobody-at-all");
      await page.getByTestId("add-new-member-submit-btn").click();
      await said('Unable to add "nobody-at-all" to team');
      assert.equal(await page.getByTestId("add-new-member-button").inputValue(), "nobody-at-all");
      await page.getByTestId("add-new-member-button").fill("acme+depl");
      if (javaScriptEnabled) await page.getByTestId("acme+deploy-robot-accnt").waitFor({ state: "attached" });
      else {
        await page.getByRole("button", { name: /^Search.*Add a registered user/ }).click();
        await page.getByRole("button", { name: "acme+deploy", exact: true }).click();
        assert.equal(await page.getByTestId("add-new-member-button").inputValue(), "acme+deploy");
      }
      await page.getByTestId("add-new-member-button").fill("acme+deploy");
      await page.getByTestId("add-new-member-submit-btn").click();
      await said('Successfully added "acme+deploy" to team');
      await at("/organization/acme/team/testers/permissions");
      await page.getByTestId("api-permission-dropdown-toggle").selectOption("read");
      await page.getByRole("button", { name: "Save" }).click();
      await said("Updated repo perm for team: testers successfully");
      await at("/organization/acme/team/testers");
      await page.getByTestId("acme+deploy-delete-icon").click();
      await said("Successfully deleted team member: acme+deploy");
      await page.getByRole("link", { name: "Delete team" }).click();
      await page.getByRole("button", { name: "Delete team" }).click();
      await said("Successfully deleted team: testers");
    });

    test("default permissions are made, changed and deleted", async () => {
      await at("/organization/acme/default-permissions/new");
      await page.getByTestId("create-permission-button").click();
      assert.equal(await page.locator(".notice").count(), 0, "who is granted has to be said first");
      await page.getByLabel("Anyone").check();
      await page.getByLabel("Repository creator", { exact: true }).waitFor({ state: "hidden" });
      await page.getByLabel("Applied to", { exact: true }).fill("acme+backup");
      await page.getByTestId("create-permission-button").click();
      await said("Successfully applied default permission to: acme+backup");
      await page.getByTestId("acme+backup-permission-dropdown-toggle").selectOption("admin");
      await page.getByRole("button", { name: "Save permission of acme+backup" }).click();
      await said("Permission updated successfully to: admin");
      await page.getByTestId("acme+backup-del-option").click();
      await said("Permission created by: organization default successfully deleted");
    });

    test("default permissions are searched, and many are deleted at once", async () => {
      for (const delegate of ["acme+backup", "acme+deploy", "team:readers"]) {
        await at("/organization/acme?tab=Defaultpermissions");
        await page.getByTestId("create-default-permissions-btn").first().click();
        await page.getByLabel("Specific user").check();
        await page.getByLabel("Repository creator", { exact: true }).fill(delegate === "acme+deploy" ? "bob" : "alice");
        await page.getByLabel("Applied to", { exact: true }).fill(delegate);
        await page.getByTestId("create-permission-button").click();
        await said("Successfully created default permission for creator: ");
      }
      const search = async (text) => {
        await page.getByTestId("default-permissions-search").fill(text);
        if (!javaScriptEnabled) await page.getByRole("button", { name: "Search" }).click();
      };
      await search("BOB");
      await page.locator("#results").getByText("1 - 1 of 1").waitFor();
      await search("");
      await page.locator("#results").getByText("1 - 4 of 4").waitFor();
      await page.getByLabel("Select permission of acme+deploy").check();
      await page.getByTestId("default-perm-bulk-delete-icon").click();
      await page.getByText("the default permission below").waitFor();
      await page.getByTestId("delete-confirmation-input").fill("confirm");
      await page.getByTestId("bulk-delete-confirm-btn").click();
      await said("Successfully deleted default permissions");
      await page.getByTestId("default-permissions-bulk-select").click();
      await page.getByTestId("select-all-items-action").click();
      await page.getByTestId("default-perm-bulk-delete-icon").click();
      await page.getByText("the 3 default permissions below").waitFor();
      await page.getByTestId("delete-confirmation-input").fill("confirm");
      await page.getByTestId("bulk-delete-confirm-btn").click();
      await said("Successfully deleted default permissions");
      await page.getByText("No default permission yet").waitFor();
    });

    test("a team's role is changed in the list, its members are narrowed down to robots", async () => {
      await at("/organization/acme?tab=Teamsandmembership");
      await page.getByTestId("builders-team-dropdown").selectOption("creator");
      await page.getByRole("button", { name: "Save role of team builders" }).click();
      await said("Team role updated successfully for: builders");
      assert.equal(await page.getByTestId("builders-team-dropdown").inputValue(), "creator");
      await at("/organization/acme/team/readers");
      await page.getByRole("link", { name: "Robot accounts", exact: true }).click();
      await page.locator("nav a[aria-current]", { hasText: "Robot accounts" }).waitFor();
      assert.equal(await page.getByTestId("bob-delete-icon").count(), 0);
      await page.getByRole("link", { name: "Team member", exact: true }).click();
      await page.getByTestId("bob-delete-icon").waitFor();
    });

    test("members and collaborators are listed, searched and taken out", async () => {
      await at("/organization/acme?tab=Teamsandmembership");
      await page.getByRole("link", { name: "Members View" }).click();
      const members = page.getByTestId("members-table");
      await members.getByRole("link", { name: "owners" }).waitFor();
      await page.getByTestId("people-search").fill("BO");
      if (!javaScriptEnabled) await page.getByRole("button", { name: "Search" }).click();
      await page.locator("#results").getByText("1 - 1 of 1").waitFor();
      await page.getByRole("link", { name: "Teams", exact: true }).click();
      await page.locator("th[aria-sort]", { hasText: "Teams" }).waitFor();
      await page.getByTestId("bob-del-icon").click();
      await page.getByText("will be removed from all teams and repositories").waitFor();
      await page.getByTestId("bob-del-btn").click();
      await said("Successfully removed user from organization: bob");
      for (const name of ["bob", "dora"]) dockpass.cli(["team", "add-member", "acme/readers", name]);
      await at("/organization/acme?tab=Teamsandmembership&view=members");
      await page.getByLabel("Select bob").check();
      await page.getByLabel("Select dora").check();
      await page.getByTestId("people-bulk-delete").click();
      await page.getByText("The 2 users below will be removed from all teams and repositories").waitFor();
      await page.locator("form[method=post]").getByText("docs/site").waitFor();
      await page.getByTestId("bulk-delete-confirm-btn").click();
      await said("Successfully removed 2 users from organization");
      dockpass.cli(["permission", "set", "acme/docs/site", "dora", "write"]);
      await page.getByTestId("alice-del-icon").click();
      await page.getByTestId("alice-del-btn").click();
      await said("Cannot remove user as they are the only organization admin");
      await at("/organization/acme?tab=Teamsandmembership");
      await page.getByRole("link", { name: "Collaborators View" }).click();
      await page.getByText("1 repository").click();
      await page.getByRole("link", { name: "docs/site" }).waitFor();
      await page.getByTestId("dora-del-icon").click();
      await page.getByTestId("dora-del-btn").click();
      await said("Successfully deleted collaborator: dora");
      await page.getByText("No collaborators").waitFor();
      dockpass.cli(["team", "add-member", "acme/readers", "bob"]);
    });

    test("an address that only takes a form leads to the page that has it", async () => {
      const answer = await at("/organization/acme/robot/backup/download");
      assert.equal(answer.status(), 405);
      await page.getByRole("heading", { name: "There is nothing to see here" }).waitFor();
      await page.getByRole("link", { name: "Go to the page with the form" }).click();
      await page.getByRole("heading", { name: "Credentials for acme+backup" }).waitFor();
    });

    test("an application gives an access token once", async () => {
      await at("/organization/acme/applications/new");
      await page.getByLabel("Application name").fill("Terraform");
      await page.getByRole("button", { name: "Create application" }).click();
      await said("Successfully created application: Terraform");
      await page.getByLabel("Name", { exact: true }).fill("ci");
      await page.getByLabel("org:admin").check();
      await page.getByRole("button", { name: "Generate access token" }).click();
      const token = await page.getByTestId("access-token").inputValue();
      assert.equal(token.length, 40);
      const answer = await fetch(`${dockpass.origin}/api/v1/organization/acme/robots`, { headers: { authorization: `Bearer ${token}` } });
      assert.equal(answer.status, 200);
    });

    test("a token is assigned to another user, who takes it up in the account settings", async () => {
      await at("/organization/acme/applications/new");
      await page.getByLabel("Application name").fill("Dashboard");
      await page.getByRole("button", { name: "Create application" }).click();
      await said("Successfully created application: Dashboard");
      await page.getByLabel("repo:read").check();
      await page.getByText("Assign another user").click();
      await page.getByLabel("User", { exact: true }).fill("bob");
      await page.getByRole("button", { name: "Assign token" }).click();
      await said("Token assigned successfully to bob");
      const other = await browser.newContext({ javaScriptEnabled });
      const theirs = await other.newPage();
      await signIn(theirs, dockpass.origin, "bob");
      await theirs.goto(`${dockpass.origin}/organization/bob?tab=Settings`);
      await theirs.getByRole("button", { name: "Authorize Dashboard" }).click();
      const token = await theirs.getByTestId("access-token").inputValue();
      const answer = await fetch(`${dockpass.origin}/api/v1/repository?public=true`, { headers: { authorization: `Bearer ${token}` } });
      assert.equal(answer.status, 200);
      await theirs.goto(`${dockpass.origin}/organization/bob?tab=Settings`);
      assert.equal(await theirs.getByText("Assigned authorizations").count(), 0, "taken up once");
      await other.close();
    });

    test("a refused address stays in its field, next to the reason", async () => {
      await at("/organization/acme?tab=Settings");
      await page.getByLabel("E-mail address").fill("nobody@localhost");
      await page.locator("form", { has: page.locator("#email") }).getByRole("button", { name: "Save" }).click();
      await said("The e-mail address was not saved");
      assert.equal(await page.getByLabel("E-mail address").inputValue(), "nobody@localhost");
      assert.equal(await page.getByLabel("E-mail address").getAttribute("aria-invalid"), "true");
    });

    test("a repository is made, granted to a robot, published and deleted", async () => {
      await at("/organization/acme/repositories/new");
      await page.getByLabel("Repository name").fill("tools/cli");
      await page.getByRole("button", { name: "Create repository" }).click();
      await said("Successfully created repository: acme/tools/cli");
      await page.getByLabel("Add a user, robot or team", { exact: true }).fill("acme+deploy");
      await page.locator("form", { hasText: "Add a user, robot or team" }).getByRole("button", { name: "Add", exact: true }).click();
      await said("Permission of acme+deploy: Read");
      await page.locator("#visibility").selectOption("public");
      await page.locator("form", { has: page.locator("#visibility") }).getByRole("button").click();
      await said("The repository is public now");
      await page.getByText("Delete this repository").click();
      await page.locator("#confirm").fill("tools/cli");
      await page.getByRole("button", { name: "Delete repository" }).click();
      await said("Successfully deleted repository: acme/tools/cli");
    });

    test("a person's own namespace has the same robot screens", async () => {
      await at("/organization/alice?tab=Robotaccounts");
      await page.getByTestId("toolbar-button").click();
      await page.getByTestId("robot-wizard-form-name").fill("laptop");
      await page.getByTestId("create-robot-submit").click();
      await said("Successfully created robot account with robot name: alice+laptop");
      await at("/organization/alice/robots/delete?name=laptop");
      await page.getByTestId("delete-confirmation-input").fill("confirm");
      await page.getByTestId("bulk-delete-confirm-btn").click();
      await said("Successfully deleted robot account");
    });

    test("colours are chosen and remembered", async () => {
      await at("/organization");
      for (const theme of ["Dark", "Light"]) {
        await page.getByText("Display").click();
        await page.getByRole("button", { name: theme }).click();
        await page.locator(`html[data-theme=${theme.toLowerCase()}]`).waitFor();
        if (javaScriptEnabled) await page.keyboard.press("Escape");
        await page.reload();
        await page.locator(`html[data-theme=${theme.toLowerCase()}]`).waitFor();
      }
    });

    test("times are relative, and exact where that is chosen", async () => {
      const time = () => page.locator("main time").first().evaluate((element) => [element.textContent, getComputedStyle(element, "::after").content]);
      await at("/organization/acme?tab=Logs");
      assert.match((await time())[0], /ago|now/);
      assert.match(await page.locator("main time").first().getAttribute("datetime"), /^\d{4}-\d\d-\d\dT.*Z$/);
      await page.getByText("Display").click();
      await page.getByRole("button", { name: "To the second" }).click();
      await page.locator("html[data-times=exact]").waitFor();
      await page.reload();
      assert.match((await time())[1], /\d{4}.*\d\d:\d\d/);
      await page.getByText("Display").click();
      await page.getByRole("button", { name: "How long ago" }).click();
      await page.locator("html:not([data-times=exact])").waitFor();
    });

    test("a member without rights sees neither robots nor settings", async () => {
      const other = await browser.newContext({ javaScriptEnabled });
      const theirs = await other.newPage();
      await signIn(theirs, dockpass.origin, "bob");
      await theirs.goto(`${dockpass.origin}/organization/acme`);
      assert.equal(await theirs.getByRole("link", { name: "Robot accounts" }).count(), 0);
      const refused = await theirs.goto(`${dockpass.origin}/organization/acme?tab=Robotaccounts`);
      assert.equal(refused.status(), 403);
      await other.close();
    });

    test("while robots are disallowed none can be made, and those there are stay manageable", async () => {
      const sentence = "Robot accounts have been disabled. Please contact your administrator.";
      dockpass.configure({ ROBOTS_DISALLOW: true });
      for (let tries = 0; ; tries += 1) {
        await at("/organization/acme?tab=Robotaccounts&q=backup");
        if (await page.getByTestId("create-robot-account-btn").count() === 0) break;
        assert.ok(tries < 30, "the setting did not take effect");
        await new Promise((done) => setTimeout(done, 200));
      }
      await page.getByRole("link", { name: "acme+backup", exact: true }).waitFor();
      await at("/organization/globex?tab=Robotaccounts");
      await page.getByText("globex+searcher").first().waitFor();
      assert.equal(await page.getByRole("link", { name: "Create robot account" }).count(), 0);
      await at("/organization/alice?tab=Robotaccounts");
      await page.getByText(sentence).waitFor();
      assert.equal(await page.getByRole("link", { name: "Create robot account" }).count(), 0);
      await at("/organization/acme/team/readers");
      assert.equal(await page.getByRole("link", { name: "Create robot account" }).count(), 0);
      await at("/organization/acme/robots/new");
      await page.getByText(`Cannot create robot account. ${sentence}`).waitFor();
      await at("/organization/acme/robot/backup");
      await page.getByTestId("show-token").waitFor();
      dockpass.configure({ ROBOTS_DISALLOW: false });
    });

    test("an organization is deleted by typing its name", async () => {
      await at("/organization/globex?tab=Settings");
      await page.getByRole("link", { name: "Begin deletion" }).click();
      await page.getByLabel("Type globex to confirm").fill("globex");
      await page.getByRole("button", { name: "Delete organization" }).click();
      await said("Successfully deleted organization: globex");
    });

    test("signing out ends the session", async () => {
      await at("/organization");
      await page.locator("header").getByText("alice").click();
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByRole("heading", { name: "Sign in" }).waitFor();
      await at("/organization/acme?tab=Robotaccounts");
      assert.match(page.url(), /\/signin\?next=/);
      await page.getByLabel("Username or e-mail address").fill("alice");
      await page.getByLabel("Password").fill("wrong-password");
      await page.getByRole("button", { name: "Sign in" }).click();
      await said("Invalid username or password");
      await page.getByLabel("Password").fill(PASSWORD);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.waitForURL(/\/organization\/acme\?tab=Robotaccounts/);
    });
  });
}

test("the first user is made in the browser where that is allowed, and told how where it is not", async () => {
  const closed = await Dockpass.start();
  const open = await Dockpass.start({ FEATURE_USER_INITIALIZE: true });
  const page = await browser.newPage();
  try {
    await page.goto(closed.origin);
    await page.getByText("dockpass user create").waitFor();
    await page.goto(open.origin);
    await page.getByLabel("Username").fill("carol");
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Create user" }).click();
    await page.getByText("Welcome, carol").waitFor();
    await signIn(page, open.origin, "carol");
    await page.getByText("You are in no organization yet").waitFor();
  } finally {
    await page.close();
    await closed.stop();
    await open.stop();
  }
});

test("where tokens are shown once, the pages say so and offer a new one", async () => {
  const dockpass = await Dockpass.start({ ROBOT_TOKEN_DISPLAY: "once" });
  const page = await browser.newPage();
  try {
    furnish(dockpass);
    await signIn(page, dockpass.origin);
    await page.goto(`${dockpass.origin}/organization/acme/robot/ci`);
    await page.getByText("Tokens are shown once").waitFor();
    assert.equal(await page.getByTestId("show-token").count(), 0);
    await page.getByTestId("regenerate-token").click();
    await page.getByTestId("regenerate-confirm").click();
    await page.getByText("Store this token now.").waitFor();
    await page.getByTestId("kubernetes-tab").click();
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByTestId("kubernetes-secret-download").click()]);
    assert.equal(download.suggestedFilename(), "acme-ci-secret.yml");
  } finally {
    await page.close();
    await dockpass.stop();
  }
});
