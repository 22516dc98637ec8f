/** `dr quarantine resubmit` of what a real cut took back, to a gateway and an engine as processes. */
import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough, Writable } from "node:stream";
import test from "ava";
import { setAside } from "../../../automation/corruption/aside.ts";
import { dr as call } from "../../../automation/dr.ts";
import { fence, readValid } from "../../../journal/index.ts";
import { eventsOf } from "../../../replay/index.ts";
import { APPLICATION } from "../../../workload/projector/application.ts";
import { place } from "../../workload/engine/run.ts";
import { type Cloud, openCloud } from "../../workload/processes/cloud.ts";
import { openPlatform } from "../../workload/processes/platform.ts";
import { openShard } from "../../workload/projector/database.ts";

const seal = { region: "us-east-1", generation: 0, sealer: "run-1" } as const;

/** An order that stays, one whose trade was cut, and behind the cut orders, cancels of them, and cancelled ones. */
async function cutJournal({ store }: Cloud, file: string): Promise<void> {
  const { send, writer } = await openShard(store, 0);
  await send([place("GOLD:1", "buy", 50, 5)]);
  await send([place("GOLD:2", "sell", 50, 3, "bob")]);
  const { epoch, seq } = writer.head;
  await send([place("GOLD:3", "buy", 40, 1)]);
  await send([place("GOLD:4", "sell", 90, 2, "bob")]);
  await send([{ type: "cancel", client: "bob", clientOrderId: "GOLD:4" }]);
  await send([place("IRON:1", "buy", 9, 1, "eve")]);
  await send([{ type: "cancel", client: "eve", clientOrderId: "IRON:1" }]);
  writer.close();
  await fence(store, 0, { ...seal, reason: "cut", cut: { epoch, seq, index: 1 } });
  const connect = () => Promise.reject(new Error("setting aside needs no database"));
  const aside = await setAside({
    ...{ world: { store, connect }, shards: [0], application: APPLICATION, leaveOut: undefined },
    ...{ file, directory: path.dirname(file) },
  });
  if (aside?.acknowledgedAfterCut !== 6) throw new Error(`set aside: ${aside?.acknowledgedAfterCut}`);
  await fence(store, 0, { ...seal, reason: "resume" });
}

/** The command with somebody at a terminal, who gives one answer to each question. */
async function resubmit(args: readonly string[], answers: readonly string[] = []) {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const said = { stdout: "", stderr: "" };
  let asked = 0;
  const stream = (name: "stdout" | "stderr") =>
    new Writable({
      write(chunk, _, done) {
        said[name] += chunk;
        if (String(chunk).includes("send it again?")) {
          const answer = answers[asked++];
          if (answer === undefined) stdin.end();
          else stdin.write(`${answer}\n`);
          // The terminal's echo.
          said[name] += "\n";
        }
        done();
      },
    });
  const code = await call(["quarantine", "resubmit", ...args], {
    ...{ environment: {}, workingDirectory: tmpdir(), signal: new AbortController().signal },
    ...{ stdin, stdout: stream("stdout"), stderr: stream("stderr") },
  });
  const sent = said.stderr.split("\n").filter((line) => / of \w+: /.test(line));
  return { code, asked, ...said, sent };
}

/** `placed GOLD:3` and the like, as the valid log has them. */
async function logged({ store }: Cloud): Promise<readonly string[]> {
  const events = (await Array.fromAsync(readValid(store, 0))).flatMap(eventsOf);
  return (events as { type: string; clientOrderId?: string }[]).map(({ type, clientOrderId = "" }) =>
    `${type} ${clientOrderId}`.trim(),
  );
}

test("what a cut took back is placed anew once, by decision and by filter, under its own ids", async (t) => {
  const directory = await mkdtemp(path.join(tmpdir(), "resubmit-"));
  t.teardown(() => rm(directory, { recursive: true }));
  const file = path.join(directory, "quarantine.ndjson");
  const cloud = await openCloud();
  await cutJournal(cloud, file);
  t.deepEqual(await logged(cloud), ["placed GOLD:1", "placed GOLD:2"]);
  const { gateway } = await openPlatform(t, cloud);
  const to = ["--file", file, "--url", gateway.url];

  const decided = await resubmit(to, ["y", "what?", "y", "n", "y"]);
  t.is(decided.asked, 6, "asked again after what is no answer; nobody is there for the last one");
  t.is(decided.stdout, "2 accepted, 1 refused, 1 left for good, 2 undecided\n");
  t.is(decided.code, 13);
  const [partial, anew, gone] = decided.sent;
  t.regex(partial ?? "", /^place GOLD:2 of bob: 200 .*"epoch":1,"seq":2,.*"duplicate":true\}$/);
  t.regex(anew ?? "", /^place GOLD:3 of ann: 201 \{"status":"accepted",/);
  t.is(gone, 'cancel GOLD:4 of bob: 404 {"status":"unknown-order","reason":"no such order"}');
  const first = ["placed GOLD:1", "placed GOLD:2", "placed GOLD:3"];
  t.deepEqual(await logged(cloud), first);

  const iron = ["--where", "instrument=IRON", "--yes"];
  const filtered = await resubmit([...to, ...iron]);
  t.deepEqual(
    [filtered.code, filtered.asked, filtered.stdout],
    [0, 0, "2 accepted, 0 refused, 0 left for good, 0 undecided\n"],
  );
  t.is(filtered.sent.length, 2, "the cancel too, which names no instrument");
  const all = [...first, "placed IRON:1", "cancelled IRON:1"];
  t.deepEqual(await logged(cloud), all);

  const again = await resubmit([...to, "--all", "--yes"]);
  t.deepEqual(
    [again.code, again.stdout, again.sent],
    [0, "0 accepted, 0 refused, 0 left for good, 0 undecided\n", []],
  );
  // Decisions lost: the platform itself knows what it has.
  const copy = path.join(directory, "copy.ndjson");
  await copyFile(file, copy);
  const forgotten = await resubmit(["--file", copy, "--url", gateway.url, ...iron]);
  t.is(forgotten.stdout, "2 accepted, 0 refused, 0 left for good, 4 undecided\n");
  t.regex(forgotten.sent[0] ?? "", /^place IRON:1 of eve: 200 .*"duplicate":true\}$/);
  t.deepEqual(await logged(cloud), all);

  const kept = (await readFile(`${file}.decisions`, "utf8")).trimEnd().split("\n");
  t.deepEqual(
    kept.map((line) => (JSON.parse(line) as { decision: string }).decision),
    ["resubmitted", "resubmitted", "skipped", "resubmitted", "resubmitted", "resubmitted"],
  );
});

test("bad input sends nothing, and says what is wrong in one line", async (t) => {
  const directory = await mkdtemp(path.join(tmpdir(), "resubmit-"));
  t.teardown(() => rm(directory, { recursive: true }));
  const [file, none] = ["quarantine.ndjson", "none"].map((name) => path.join(directory, name));
  const cloud = await openCloud();
  t.teardown(() => cloud.close());
  await cutJournal(cloud, String(file));
  const url = ["--url", "http://127.0.0.1:9"];
  for (const [args, message] of [
    [["--file", none, ...url, "--all", "--yes"], `--file ${none}: there is no such file`],
    [
      ["--file", file, "--url", "exchange.example.com", "--all", "--yes"],
      "--url exchange.example.com: must be the platform's API, e.g. https://exchange.example.com",
    ],
    [
      ["--file", file, ...url, "--where", "clinet=ann", "--yes"],
      `--where clinet=…: no command in ${file} has such a field; nothing was sent`,
    ],
  ] as const) {
    const { code, stdout, stderr } = await resubmit(args.map(String));
    t.deepEqual([code, stdout, stderr], [2, "", `dr: ${message}\n`]);
  }
});
