// The program under test: a process of its own on a free port, with data in a directory that goes away.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");
export const program = resolve(root, process.env.DOCKPASS ?? "target/debug/dockpass");
export const PASSWORD = "correct-horse-battery";

const freePort = () => new Promise((done, failed) => {
  const server = createServer();
  server.on("error", failed);
  server.listen(0, "127.0.0.1", () => { const { port } = server.address(); server.close(() => done(port)); });
});

export class Dockpass {
  static async start(settings = {}) {
    const self = new Dockpass();
    self.directory = mkdtempSync(join(tmpdir(), "dockpass-browser-"));
    self.port = await freePort();
    self.origin = `http://localhost:${self.port}`;
    self.settings = {
      LISTEN: `["127.0.0.1:${self.port}"]`,
      DATABASE_URL: `sqlite:${join(self.directory, "dockpass.db")}`,
      KEYS_DIR: join(self.directory, "keys"),
      SERVER_HOSTNAME: "registry.example.com",
      ...settings,
    };
    self.configure({});
    const log = openSync(join(self.directory, "log"), "w");
    const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("DOCKPASS")));
    self.environment = environment;
    self.process = spawn(program, ["serve", "--config", self.config], {
      cwd: self.directory, env: environment, stdio: ["ignore", log, log],
    });
    for (let tries = 0; ; tries += 1) {
      try { if ((await fetch(`${self.origin}/health/instance`)).ok) return self; } catch { /* not yet */ }
      if (tries > 200 || self.process.exitCode !== null) throw new Error(`dockpass did not start: see ${self.directory}/log`);
      await new Promise((done) => setTimeout(done, 50));
    }
  }

  get config() { return join(this.directory, "config.yaml"); }

  configure(settings) {
    Object.assign(this.settings, settings);
    writeFileSync(this.config, Object.entries(this.settings).map(([key, value]) => `${key}: ${value}\n`).join(""));
  }

  cli(args, input = "") {
    const done = spawnSync(program, ["--config", this.config, ...args], {
      cwd: this.directory, env: this.environment, input, encoding: "utf8",
    });
    if (done.status !== 0) throw new Error(`dockpass ${args.join(" ")}: ${done.stderr}`);
    return done.stdout.trim();
  }

  user(name) {
    this.cli(["user", "create", name, "--password-stdin"], PASSWORD);
  }

  async stop() {
    const ended = new Promise((done) => this.process.once("exit", done));
    this.process.kill("SIGTERM");
    await ended;
    rmSync(this.directory, { recursive: true, force: true });
  }
}

// An organization as it looks after a while: people, teams, repositories and robots.
export function furnish(dockpass) {
  dockpass.user("alice");
  for (const name of ["bob", "dora"]) dockpass.user(name);
  dockpass.cli(["org", "create", "acme"]);
  dockpass.cli(["team", "add-member", "acme/owners", "alice"]);
  dockpass.cli(["team", "create", "acme/builders"]);
  dockpass.cli(["team", "create", "acme/readers"]);
  dockpass.cli(["team", "add-member", "acme/readers", "bob"]);
  for (const name of ["api", "billing", "docs/site", "frontend", "gateway", "worker"]) dockpass.cli(["repo", "create", `acme/${name}`]);
  dockpass.cli(["repo", "create", "acme/base-image", "--visibility", "public"]);
  dockpass.cli(["permission", "set", "acme/docs/site", "dora", "write"]);
  dockpass.cli(["robot", "create", "acme+ci", "--description", "Builds and pushes every service from the main branch",
    "--team", "builders", "--repository", "api:write", "--repository", "billing:write", "--repository", "worker:read"]);
  dockpass.cli(["robot", "create", "acme+deploy", "--description", "Pulls images on the production cluster", "--repository", "api:read"]);
  dockpass.cli(["robot", "create", "acme+backup"]);
  dockpass.cli(["permission", "set", "acme/frontend", "team:builders", "read"]);
  dockpass.cli(["permission", "set", "acme/api", "team:builders", "admin"]);
  for (let number = 1; number <= 30; number += 1) dockpass.cli(["robot", "create", `acme+runner-${String(number).padStart(2, "0")}`]);
}
