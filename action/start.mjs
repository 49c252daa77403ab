// Installs the server of this checkout in an environment of its own, starts it, and tells the following steps where it is.
import { execFileSync, spawn } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, openSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const { env } = process;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(env.RUNNER_TEMP, "mockserver");
const programs = join(folder, "venv", "bin");
const log = join(folder, "server.log");

function run(program, ...words) {
  return execFileSync(program, words, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

function tell(file, name, value) {
  appendFileSync(env[file], `${name}<<END-OF-VALUE\n${value}\nEND-OF-VALUE\n`);
}

function install() {
  // A release knows its version from the tag that the workflow names: a downloaded action has no git.
  const [, version] = /^v(\d+\.\d+\.\d+.*)$/.exec(env.GITHUB_ACTION_REF ?? "") ?? [];
  if (version) env.SETUPTOOLS_SCM_PRETEND_VERSION_FOR_SMS_MOCKSERVER = version;
  run(env.INPUT_PYTHON, "-m", "venv", join(folder, "venv"));
  const pip = [join(programs, "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
  run(...pip, "--require-hashes", "--requirement", join(root, "locks", "run.txt"));
  run(...pip, "--no-deps", root);
  // `mockserver` alone is on the PATH of the following steps: not this environment's python and pip.
  mkdirSync(join(folder, "bin"));
  symlinkSync(join(programs, "mockserver"), join(folder, "bin", "mockserver"));
  appendFileSync(env.GITHUB_PATH, `${join(folder, "bin")}\n`);
}

async function start() {
  const ready = join(folder, "ready.json");
  // The shell takes the options apart; what they say is the workflow's own.
  const command = `exec "$0" serve --port 0 --other-hosts pass --ready-file "$1" ${env.INPUT_ARGUMENTS}`;
  const server = spawn("sh", ["-c", command, join(programs, "mockserver"), ready], {
    detached: true,
    stdio: ["ignore", "ignore", openSync(log, "w")],
  });
  server.unref();
  while (!existsSync(ready) || !readFileSync(ready, "utf8").endsWith("\n")) {
    if (server.exitCode !== null) throw new Error(`the server did not start: ${readFileSync(log, "utf8")}`);
    await setTimeout(50);
  }
  return JSON.parse(readFileSync(ready, "utf8"));
}

if (existsSync(folder)) throw new Error("the action was used before in this job: its server still runs");
mkdirSync(folder, { recursive: true });
install();
const found = await start();
const variables = { MOCKSERVER_URL: found.url };
if (env.INPUT_REDIRECT === "true") {
  const printed = run(join(programs, "mockserver"), "env", "--shell", "json", "--server", found.url, "--folder", folder);
  Object.assign(variables, JSON.parse(printed));
}
for (const [name, value] of Object.entries(variables)) tell("GITHUB_ENV", name, value);
tell("GITHUB_OUTPUT", "url", found.url);
tell("GITHUB_OUTPUT", "https-url", found.https_url ?? "");
tell("GITHUB_OUTPUT", "proxy-url", found.proxy_url ?? "");
tell("GITHUB_STATE", "url", found.url);
tell("GITHUB_STATE", "log", log);
console.log(`The mock server listens on ${found.url}`);
