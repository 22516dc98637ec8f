import test from "ava";
import { environmentOf, RESERVED_ENVIRONMENT, type RegionEnvironment } from "../../components/environment.ts";
import type { Grant } from "../../components/grants.ts";
import { DEPLOYED, parseSettings } from "../../workload/settings.ts";

const region: RegionEnvironment = {
  region: "us-west-2",
  primaryRegion: "us-east-1",
  journalTable: "exchange-journal",
  shards: 2,
  window: 16,
  checkpointBucket: "checkpoints",
  archiveBucket: "archive",
  archiveRetentionDays: 35,
  peerName: "us-east-1.exchange.example.com",
  listenerPort: 443,
  database: { host: "db.rds", port: 5432, name: "exchange", user: "projector", owner: "platform" },
};

/** The services as the repository's stack files describe them. */
const SERVICES: Readonly<
  Record<(typeof DEPLOYED)[number], { shard?: number; grants: readonly Grant[]; calls: readonly string[] }>
> = {
  gateway: {
    grants: ["journal-read", "smoke-token"],
    calls: ["projector"],
  },
  engine: { shard: 1, grants: ["journal-append", "checkpoints-write"], calls: [] },
  projector: { grants: ["journal-read", "checkpoints-read", "archive-read", "database"], calls: [] },
  archiver: { grants: ["journal-read", "checkpoints-write", "archive-write"], calls: [] },
};

const variablesOf = (program: (typeof DEPLOYED)[number], own: Record<string, string> = {}) => {
  const { shard, grants, calls } = SERVICES[program];
  return environmentOf({ region, port: 8080, shard, standby: true, grants, calls, own });
};
const valueIn = (program: (typeof DEPLOYED)[number], name: string) =>
  variablesOf(program).find((variable) => variable.name === name)?.value;

test("callees come from the variables that Kubernetes makes for their Services", (t) => {
  t.is(valueIn("gateway", "PROJECTOR_URL"), "http://$(PROJECTOR_SERVICE_HOST):$(PROJECTOR_SERVICE_PORT)");
});

test("a name with a hyphen becomes a variable as Kubernetes spells it", (t) => {
  const variables = environmentOf({
    ...{ region, port: 1024, shard: undefined, standby: false },
    ...{ grants: [], calls: ["risk-check"], own: {} },
  });
  t.is(
    variables.find(({ name }) => name === "RISK_CHECK_URL")?.value,
    "http://$(RISK_CHECK_SERVICE_HOST):$(RISK_CHECK_SERVICE_PORT)",
  );
});

test("a shard's engine is told whether another one stands by; what has no shard is not", (t) => {
  t.is(valueIn("engine", "STANDBY"), "on");
  t.is(valueIn("gateway", "STANDBY"), undefined);
  const alone = environmentOf({
    ...{ region, port: 8080, shard: 0, standby: false },
    ...{ grants: [], calls: [], own: {} },
  });
  t.is(alone.find(({ name }) => name === "STANDBY")?.value, "off");
});

test("address, name and token of a pod come from Kubernetes, not from the program", (t) => {
  const variables = variablesOf("gateway");
  t.deepEqual(variables.slice(0, 3), [
    { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
    { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    { name: "SMOKE_TOKEN", valueFrom: { secretKeyRef: { name: "smoke-token", key: "token" } } },
  ]);
});

test("what a service was not granted is not in its environment", (t) => {
  for (const name of ["PGHOST", "PGOWNER_PASSWORD", "SMOKE_TOKEN", "SHARD"]) {
    t.false(
      variablesOf("archiver").some((variable) => variable.name === name),
      name,
    );
  }
  t.is(valueIn("projector", "PGUSER"), "projector");
});

test("the database's owner is known where the first writer starts, and nowhere else", (t) => {
  t.is(valueIn("projector", "PGOWNER"), "platform");
  t.true(variablesOf("projector").some(({ name }) => name === "PGOWNER_PASSWORD"));
  const secondary = environmentOf({
    region: { ...region, database: { ...region.database, owner: undefined } },
    port: 8080,
    shard: undefined,
    standby: false,
    grants: ["database"],
    calls: [],
    own: {},
  });
  t.deepEqual(
    secondary.filter(({ name }) => name.startsWith("PGOWNER")),
    [],
  );
});

test("a service's own variables are added, and none of the program's may be among them", (t) => {
  t.deepEqual(variablesOf("engine", { LOG_LEVEL: "info" }).at(-1), {
    name: "LOG_LEVEL",
    value: "info",
  });
  for (const program of DEPLOYED) {
    const set = variablesOf(program)
      .map(({ name }) => name)
      .filter((name) => !/_URLS?$/.test(name));
    t.deepEqual(
      set.filter((name) => !RESERVED_ENVIRONMENT.has(name)),
      [],
    );
  }
});

test("each program of the workload starts with what it is given here", (t) => {
  for (const program of DEPLOYED) {
    const environment = Object.fromEntries(
      variablesOf(program).map(({ name, value }) => [
        name,
        String(value ?? "10.0.0.1")
          .replace(/\$\([A-Z0-9_]+_HOST\)/g, "10.0.0.2")
          .replace(/\$\([A-Z0-9_]+_PORT\)/g, "8080"),
      ]),
    );
    t.like(parseSettings(program, environment), {
      region: "us-west-2",
      primaryRegion: "us-east-1",
      shards: 2,
    });
  }
});

test("where the region names the database's owner, the projector alone gets its name and its password", (t) => {
  const primary = { ...region, database: { ...region.database, owner: "platform" } };
  const namesOf = (program: (typeof DEPLOYED)[number]) =>
    environmentOf({
      ...{ region: primary, port: 8080, shard: undefined, standby: false, own: {} },
      ...SERVICES[program],
    })
      .map(({ name }) => name)
      .filter((name) => name.startsWith("PGOWNER"))
      .sort();
  t.deepEqual(namesOf("projector"), ["PGOWNER", "PGOWNER_PASSWORD"]);
  for (const program of ["gateway", "archiver"] as const) t.deepEqual(namesOf(program), []);
});
