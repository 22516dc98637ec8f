import { spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import test, { type ExecutionContext } from "ava";
import { dr, type Ended } from "./call.ts";
import { projectWith, tableWith } from "./outputs.ts";

const ROOT = path.join(import.meta.dirname, "../../..");
const SCRIPT = path.join(ROOT, "infra/scripts/failover-region.sh");

/** Runs a program without a terminal, from a directory that has nothing to do with the project. */
async function run(
  file: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<Ended> {
  const child = spawn(file, args, {
    cwd: tmpdir(),
    env: { PATH: process.env["PATH"], HOME: tmpdir(), ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text) => (stdout += text));
  child.stderr.on("data", (text) => (stderr += text));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, stdout, stderr };
}

const YES = ["--yes", "--confirm-target", "us-west-2"];
const failover = (args: readonly string[], environment: Record<string, string> = {}) =>
  dr(["failover", ...args], environment);

/** Exit code 2, one line that helps, nothing on stdout. */
function refusedWith(t: ExecutionContext, ended: Ended, line: string): void {
  t.deepEqual(ended, { code: 2, stdout: "", stderr: `dr: ${line}\n` });
}

// The SDK looks for them itself.
const credentials = { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" };
Object.assign(process.env, credentials);
const deployed = (directory: string, endpoint = "http://127.0.0.1:9") => ({
  DR_PROJECT_DIR: directory,
  PULUMI_BACKEND_URL: `file://${directory}/state`,
  AWS_ENDPOINT_URL: endpoint,
  ...credentials,
});

test("no target, as the operator's script says it", async (t) => {
  refusedWith(
    t,
    await run(SCRIPT, []),
    "--target is missing: name the region that takes over, e.g. --target us-west-2",
  );
});

test("an unknown region", async (t) => {
  const directory = await projectWith(t, ["prod", "dr"]);
  refusedWith(
    t,
    await run(
      SCRIPT,
      ["--target", "us-west-9", "--yes", "--confirm-target", "us-west-9"],
      deployed(directory),
    ),
    "--target us-west-9: there is no such region in this deployment, it must be us-east-1 or us-west-2",
  );
});

test("the region that is active already, after a failover and before any", async (t) => {
  const directory = await projectWith(t, ["prod", "dr"]);
  const summary = {
    id: "run-1",
    owner: "ann@ops",
    startedAt: "2026-11-23T10:00:00Z",
    step: "verdict: done",
    finished: true,
  };
  const decided = await tableWith(t, {
    generation: { N: "7" },
    active: { S: "us-west-2" },
    runId: { S: "run-1" },
    run: { S: JSON.stringify(summary) },
  });
  refusedWith(
    t,
    await run(SCRIPT, ["--target", "us-west-2", ...YES], deployed(directory, decided)),
    "us-west-2 is already the active region (generation 7): nothing to do",
  );
  const undecided = await tableWith(t, undefined);
  refusedWith(
    t,
    await run(
      SCRIPT,
      ["--target", "us-east-1", "--yes", "--confirm-target", "us-east-1"],
      deployed(directory, undecided),
    ),
    "us-east-1 is already the active region (generation 0): nothing to do",
  );
  t.deepEqual((await readdir(path.join(directory, ".dr"))).sort(), ["outputs.dr.json", "outputs.prod.json"]);
});

test("a missing state", async (t) => {
  const directory = await projectWith(t, ["prod"]);
  refusedWith(
    t,
    await failover(["--target", "us-west-2", ...YES], deployed(directory)),
    `stack dr has no state in file://${directory}/state: deploy it first with \`dr deploy --all\``,
  );
  const { PULUMI_BACKEND_URL: _, ...without } = deployed(directory);
  refusedWith(
    t,
    await failover(["--target", "us-west-2", ...YES], without),
    "PULUMI_BACKEND_URL is not set: dr reads Pulumi's state itself, to work without the engine. Set it to s3://BUCKET?region=REGION or file://DIRECTORY",
  );
});

test("a directory without a project", async (t) => {
  const directory = await mkdtemp(path.join(tmpdir(), "dr-empty-"));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  refusedWith(
    t,
    await failover(["--target", "us-west-2", ...YES, "--project-dir", directory]),
    `there is no Pulumi.yaml in ${directory}: name the project with --project-dir DIR`,
  );
});

test("a confirmation of another region, --yes without one, and nobody to ask", async (t) => {
  refusedWith(
    t,
    await failover(["--target", "us-west-2", "--yes", "--confirm-target", "us-east-1"]),
    "--confirm-target us-east-1 is not the target us-west-2: nothing was changed",
  );
  refusedWith(
    t,
    await failover(["--target", "us-west-2", "--yes"]),
    "--yes needs --confirm-target us-west-2: nothing was changed",
  );
  refusedWith(
    t,
    await failover(["--target", "us-west-2"]),
    "there is no terminal to confirm on: add --yes --confirm-target us-west-2, or --dry-run to look only",
  );
});

test("another run holds the decision: 75, with who and how to go on", async (t) => {
  const directory = await projectWith(t, ["prod", "dr"]);
  const summary = {
    id: "run-1",
    owner: "ann@ops",
    startedAt: "2026-11-23T10:00:00Z",
    step: "scale: intended",
    finished: false,
  };
  const endpoint = await tableWith(t, {
    generation: { N: "1" },
    active: { S: "us-west-2" },
    runId: { S: "run-1" },
    run: { S: JSON.stringify(summary) },
  });
  t.deepEqual(await run(SCRIPT, ["--target", "us-west-2", ...YES], deployed(directory, endpoint)), {
    code: 75,
    stdout: "",
    stderr:
      "dr: run run-1 towards us-west-2 has not finished. Continue it where it was started, or name it: --take-over run-1. It was started by ann@ops at 2026-11-23T10:00:00Z\n",
  });
});

test("an unknown option, an unknown verb, a missing argument: 2 and where to look", async (t) => {
  t.like(await dr(["failover", "--tarket", "x"]), {
    code: 2,
    stderr:
      "error: unknown option '--tarket'\n(Did you mean --target?)\n(dr failover --help lists the options)\n",
  });
  t.like(await dr(["failover", "--target"]), {
    code: 2,
    stderr: "error: option '--target <region>' argument missing\n(dr failover --help lists the options)\n",
  });
  t.like(await dr(["fallover"]), {
    code: 2,
    stderr: "error: unknown command 'fallover'\n(Did you mean failover?)\n(dr --help lists the verbs)\n",
  });
});

test("an unknown scenario, and a loss that a scenario does not know", async (t) => {
  const drill = (...args: string[]) => dr(["drill", ...args]);
  refusedWith(
    t,
    await drill("az-loss", "--loss", "blackhole"),
    "--loss blackhole: for az-loss it must be one of each, kill, freeze",
  );
  const ended = await drill("flood");
  t.is(ended.code, 2);
  t.regex(
    ended.stderr,
    /^error: command-argument value 'flood' is invalid for argument 'scenario'\. Allowed choices are region-loss/,
  );
});

test("the other verbs say what is missing", async (t) => {
  refusedWith(t, await dr(["deploy", "--yes"]), "say what to deploy: --all, or --stack prod or --stack dr");
  refusedWith(t, await dr(["deploy", "--yes", "--stack", "x"]), "--stack x: must be prod or dr");
  refusedWith(t, await dr(["deploy", "--all"]), "there is no terminal to confirm on: add --yes");
  refusedWith(
    t,
    await dr(["park"]),
    "--region is missing: name the region that is no longer active, e.g. --region us-east-1",
  );
});

test("what reviews and previews need", async (t) => {
  t.like(await dr(["pr-report"]), {
    code: 2,
    stderr: "error: missing required argument 'files'\n(dr pr-report --help lists the options)\n",
  });
  t.like(await dr(["pr-report", "a.json", "--fail-on", "x"]), {
    code: 2,
    stderr:
      "error: option '--fail-on <verdict>' argument 'x' is invalid. Allowed choices are danger, eyes, never.\n(dr pr-report --help lists the options)\n",
  });
  t.like(await dr(["preview"]), {
    code: 2,
    stderr:
      "error: required option '--out <directory>' not specified\n(dr preview --help lists the options)\n",
  });
  t.like(await dr(["deploy", "--all", "--lock-timeout", "soon"]), {
    code: 2,
    stderr:
      "error: option '--lock-timeout <seconds>' argument 'soon' is invalid. It must be a whole number of seconds from 0 to 86400.\n(dr deploy --help lists the options)\n",
  });
});

test("the script says so when the project's Node is missing", async (t) => {
  const copy = await mkdtemp(path.join(tmpdir(), "dr-script-"));
  t.teardown(() => rm(copy, { recursive: true, force: true }));
  await mkdir(path.join(copy, "infra"));
  await cp(path.join(ROOT, "infra/scripts"), path.join(copy, "infra/scripts"), { recursive: true });
  refusedWith(
    t,
    await run(path.join(copy, "infra/scripts/failover-region.sh"), ["--target", "us-west-2"]),
    `the project's Node is missing in ${copy}/node_modules: run \`npm ci\` in ${copy} first`,
  );
});

const MAINTENANCE = path.join(ROOT, "infra/scripts/toggle-maintenance.sh");

test("maintenance without a word of what, or in a region that does not exist", async (t) => {
  refusedWith(
    t,
    await run(MAINTENANCE, []),
    "exactly one of --enable, --disable and --status is needed: none is given",
  );
  const directory = await projectWith(t, ["prod", "dr"]);
  refusedWith(
    t,
    await dr(["maintenance", "--enable", "--region", "us-west-9"], deployed(directory)),
    "--region us-west-9: there is no such region in this deployment, it must be us-east-1 or us-west-2",
  );
});

test("a halt in the region that is not active: 10, and the stack file says what it said", async (t) => {
  const directory = await projectWith(t, ["prod", "dr"]);
  const ended = await run(
    MAINTENANCE,
    ["--enable", "--region", "us-west-2"],
    deployed(directory, await tableWith(t, undefined)),
  );
  t.deepEqual(ended, {
    code: 10,
    stdout: "",
    stderr: "dr: --region us-west-2: us-east-1 is the active region (generation 0). Nothing was changed\n",
  });
  t.deepEqual((await readdir(path.join(directory, ".dr"))).sort(), ["outputs.dr.json", "outputs.prod.json"]);
});

test("a restore without a zone in its time, and without a terminal to confirm on", async (t) => {
  refusedWith(
    t,
    await dr(["restore", "--restore-to", "2026-11-23T12:00:00", "--dry-run"]),
    "--restore-to 2026-11-23T12:00:00: it must be a time with its zone, e.g. 2026-11-23T12:00:00.123Z or 2026-11-23T13:00:00.123+01:00",
  );
  refusedWith(
    t,
    await dr(["restore", "--restore-to", "2026-11-23T12:00:00Z"]),
    "there is no terminal to confirm on: add --yes --confirm-region REGION, or --dry-run to look only",
  );
});

test("a rebuilding of the journal without a terminal to confirm on, or with half a confirmation", async (t) => {
  refusedWith(
    t,
    await dr(["journal", "rebuild"]),
    "there is no terminal to confirm on: add --yes --confirm-region REGION, or --dry-run to look only",
  );
  refusedWith(
    t,
    await dr(["journal", "rebuild", "--yes"]),
    "--yes and --confirm-region REGION go together: nothing was changed",
  );
});

test("a reader that goes away is no error", async (t) => {
  const shell = `"$0" --help | head -n 1; echo "exit code $PIPESTATUS"`;
  const ended = await run("bash", ["-c", shell, path.join(ROOT, "infra/scripts/dr.sh")]);
  t.deepEqual(ended, { code: 0, stdout: "Usage: dr [options] [command]\nexit code 0\n", stderr: "" });
});
