import { spawnSync } from "node:child_process";
import test from "ava";
import { parseSettings, SettingsError } from "../../workload/settings.ts";

const COMMON = {
  REGION: "us-east-1",
  PRIMARY_REGION: "us-east-1",
  JOURNAL_TABLE: "exchange-journal",
  SHARDS: "2",
  CHECKPOINT_BUCKET: "checkpoints",
  ARCHIVE_BUCKET: "archive",
  POD_IP: "127.1.11.1",
  POD_NAME: "pod-1",
};
const GATEWAY = { ...COMMON, SMOKE_TOKEN: "s" };

test("settings are frozen, with the documented defaults", (t) => {
  const settings = parseSettings("gateway", GATEWAY);
  t.true(Object.isFrozen(settings));
  t.deepEqual(settings, {
    program: "gateway",
    region: "us-east-1",
    primaryRegion: "us-east-1",
    journalTable: "exchange-journal",
    shards: 2,
    window: 16,
    checkpointBucket: "checkpoints",
    archiveBucket: "archive",
    podIp: "127.1.11.1",
    port: 8080,
    podName: "pod-1",
    dnsResolver: null,
    projectorUrl: null,
    smokeToken: "s",
    drainSeconds: 5,
  });
});

test("a database is reached by TLS unless PGSSLMODE says disable", (t) => {
  const env = { ...COMMON, PGHOST: "db", PGDATABASE: "exchange", PGUSER: "app" };
  t.true(parseSettings("projector", env).database.secure);
  t.false(parseSettings("projector", { ...env, PGSSLMODE: "disable" }).database.secure);
  t.throws(() => parseSettings("projector", { ...env, PGSSLMODE: "prefer" }), {
    message: /PGSSLMODE: got "prefer", must be verify-full or disable/,
  });
});

test("the database's owner has a name and a password, or there is none", (t) => {
  const env = { ...COMMON, PGHOST: "db", PGDATABASE: "exchange", PGUSER: "projector" };
  t.is(parseSettings("projector", env).database.owner, null);
  const owned = { ...env, PGOWNER: "platform", PGOWNER_PASSWORD: "secret" };
  t.deepEqual(parseSettings("projector", owned).database.owner, { user: "platform", password: "secret" });
  t.throws(() => parseSettings("projector", { ...env, PGOWNER: "platform" }), {
    message: /PGOWNER_PASSWORD: is not set, must be a value/,
  });
});

test("the peer is probed by TLS on port 443 only, unless told", (t) => {
  const env = { ...COMMON, PEER_NAME: "us-west-2.example.com" };
  t.deepEqual(parseSettings("archiver", env).peer, { name: "us-west-2.example.com", port: 443, tls: true });
  t.false(parseSettings("archiver", { ...env, LISTENER_PORT: "8443" }).peer.tls);
  t.true(parseSettings("archiver", { ...env, LISTENER_PORT: "8443", LISTENER_TLS: "on" }).peer.tls);
});

test("all problems are reported at once", (t) => {
  const environment = {
    ...COMMON,
    REGION: "us-nowhere-1",
    SHARDS: "0",
    POD_NAME: "",
    WINDOW: "65",
    SHARD: "x",
    STANDBY: "maybe",
  };
  const error = t.throws(() => parseSettings("engine", environment), { instanceOf: SettingsError });
  t.is(
    error.message,
    [
      "engine cannot start, its environment is wrong:",
      '  REGION: got "us-nowhere-1", must be one of us-east-1, us-east-2, us-west-2, eu-west-1, eu-west-2, eu-west-3, eu-central-1, ap-northeast-1, ap-northeast-2, ap-northeast-3',
      '  SHARDS: got "0", must be an integer from 1 to 1000',
      '  WINDOW: got "65", must be an integer from 1 to 64',
      "  POD_NAME: is not set, must be a value",
      '  SHARD: got "x", must be an integer from 0 to 0',
      '  STANDBY: got "maybe", must be on or off',
    ].join("\n"),
  );
});

const run = (args: readonly string[], env: Record<string, string> = {}) =>
  spawnSync(process.execPath, ["workload/main.ts", ...args], { env, encoding: "utf8" });

test("a program with wrong settings exits with 2 and says why on stderr", (t) => {
  const { status, stderr, stdout } = run(["projector"], { ...COMMON, PGHOST: "db" });
  t.is(status, 2);
  t.is(stdout, "");
  t.is(
    stderr,
    [
      "projector cannot start, its environment is wrong:",
      "  PGDATABASE: is not set, must be a value",
      "  PGUSER: is not set, must be a value\n",
    ].join("\n"),
  );
});

test("an unknown program exits with 2 and names those there are", (t) => {
  const { status, stderr } = run(["router"]);
  t.is(status, 2);
  t.is(stderr, 'usage: node workload/main.ts gateway|engine|projector|archiver|replay, got "router"\n');
});
