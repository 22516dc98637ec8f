import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import { deploy, eventually, startAurora } from "./fixtures.ts";

test.serial(
  "writes in the primary reach its synchronous standby at once and the other region a moment later",
  async (t) => {
    const fixture = await startAurora(t);
    await deploy(fixture);
    const { sql } = fixture;
    await sql("us-east-1", "INSERT INTO t VALUES (1)");
    const count = async (region: "us-east-1" | "us-west-2", endpoint: "reader" | "writer") =>
      Number((await sql(region, "SELECT count(*) FROM t", endpoint))[0]?.["count"]);
    t.true(await eventually(async () => (await count("us-east-1", "reader")) === 1));
    t.true(await eventually(async () => (await count("us-west-2", "reader")) === 1));
    const standbys = await sql(
      "us-east-1",
      "SELECT application_name, sync_state FROM pg_stat_replication ORDER BY 1",
    );
    t.deepEqual(standbys, [
      { application_name: "exchange-us-east-1-node-1", sync_state: "sync" },
      { application_name: "exchange-us-west-2-node-0", sync_state: "async" },
    ]);
  },
);

test.serial(
  "a secondary takes no writes: its writer endpoint is inactive and its replica read only",
  async (t) => {
    const fixture = await startAurora(t);
    await deploy(fixture);
    await t.throwsAsync(fixture.sql("us-west-2", "SELECT 1"), { message: /ECONNRESET|terminated/ });
    await t.throwsAsync(fixture.sql("us-west-2", "CREATE TABLE u ()", "reader"), {
      message: "cannot execute CREATE TABLE in a read-only transaction",
    });
  },
);

test.serial("injected lag delays what the other region sees, and only that", async (t) => {
  const fixture = await startAurora(t);
  await deploy(fixture);
  const { aurora, sql } = fixture;
  const arrived = async (x: number) =>
    (await sql("us-west-2", `SELECT FROM t WHERE x = ${x}`, "reader")).length === 1;
  await sql("us-east-1", "INSERT INTO t VALUES (0)");
  t.true(await eventually(() => arrived(0)));
  aurora.setLag(1_500);
  const begun = performance.now();
  await sql("us-east-1", "INSERT INTO t VALUES (1)");
  t.true(performance.now() - begun < 1_000, "the writer does not wait for another region");
  t.true(await eventually(() => arrived(1)));
  const took = performance.now() - begun;
  t.true(took >= 1_450 && took < 4_000, `arrived after ${took} ms`);
  await sql("us-east-1", "INSERT INTO t VALUES (2)");
  aurora.setLag(0);
  t.true(await eventually(() => arrived(2), 1), "what is on its way arrives when the lag is lifted");
});

test.serial(
  "a cut between the regions stops replication and nothing else; healed, it catches up",
  async (t) => {
    const fixture = await startAurora(t);
    await deploy(fixture);
    const { faults, sql } = fixture;
    const count = async () =>
      Number((await sql("us-west-2", "SELECT count(*) FROM t", "reader"))[0]?.["count"]);
    t.true(await eventually(async () => (await count()) === 0), "the table itself has arrived");
    for (const state of ["cut", "blackhole"] as const) {
      faults.setLink("us-east-1", "us-west-2", state);
      const before = await count();
      await sql("us-east-1", "INSERT INTO t SELECT generate_series(1, 100)");
      await sleep(300);
      t.is(await count(), before, state);
      faults.heal();
      t.true(await eventually(async () => (await count()) === before + 100), `${state}, healed`);
    }
  },
);

test.serial("a black-holed region's database accepts connections and never answers", async (t) => {
  const fixture = await startAurora(t);
  await deploy(fixture);
  const { faults, sql } = fixture;
  faults.setPlace("us-east-1", "blackhole");
  await t.throwsAsync(sql("us-east-1", "SELECT 1", "writer", 500), { message: /timeout/ });
  faults.setPlace("us-east-1", "cut");
  await t.throwsAsync(sql("us-east-1", "SELECT 1"), { message: /ECONNRESET|terminated/ });
  faults.heal();
  t.is((await sql("us-east-1", "SELECT 1")).length, 1);
});
