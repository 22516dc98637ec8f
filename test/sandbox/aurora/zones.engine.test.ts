import test from "ava";
import { deploy, eventually, startAurora } from "./fixtures.ts";

const [EAST, WEST] = ["us-east-1", "us-west-2"] as const;

for (const [how, state] of [
  ["kill", "cut"],
  ["freeze", "blackhole"],
] as const) {
  test.serial(
    `the writer's zone is lost (${how}): its standby takes over with every commit, by itself`,
    async (t) => {
      const fixture = await startAurora(t, { zoneFailoverSeconds: 0.2 });
      await deploy(fixture);
      const { aurora, faults, sql } = fixture;
      for (let x = 0; x < 20; x++) await sql(EAST, `INSERT INTO t VALUES (${x})`);
      t.is(aurora.zoneOf(EAST), "us-east-1a");
      const lost = aurora.loseZone(EAST, "us-east-1a", how);
      faults.setPlace("us-east-1a", state);
      await lost;
      t.true(
        await eventually(
          async () => (await sql(EAST, "INSERT INTO t VALUES (20)", "writer", 500)).length === 0,
        ),
      );
      t.is((await sql(EAST, "SELECT FROM t WHERE x < 20")).length, 20);
      t.is(aurora.zoneOf(EAST), "us-east-1b");
      await aurora.settled();
      t.true(
        await eventually(async () => (await sql(WEST, "SELECT FROM t WHERE x = 20", "reader")).length === 1),
        "the other region follows the new writer",
      );

      faults.heal();
      await aurora.returnZone(EAST, "us-east-1a");
      await aurora.settled();
      const standbys = await sql(
        EAST,
        "SELECT application_name FROM pg_stat_replication WHERE sync_state = 'sync'",
      );
      t.deepEqual(
        standbys,
        [{ application_name: "exchange-us-east-1-node-0" }],
        "the old writer is the standby now",
      );
    },
  );
}

for (const how of ["kill", "freeze"] as const) {
  test.serial(
    `a standby's zone is lost (${how}): the writer goes on alone, and waits for it again when it is back`,
    async (t) => {
      const fixture = await startAurora(t);
      await deploy(fixture);
      const { aurora, faults, sql } = fixture;
      const synchronous = async () =>
        (await sql(EAST, "SELECT FROM pg_stat_replication WHERE sync_state = 'sync'")).length;
      t.is(await synchronous(), 1);
      const lost = aurora.loseZone(EAST, "us-east-1b", how);
      faults.setPlace("us-east-1b", how === "kill" ? "cut" : "blackhole");
      await lost;
      await aurora.settled();
      t.true(await eventually(async () => (await synchronous()) === 0));
      await sql(EAST, "INSERT INTO t VALUES (1)");
      t.is((await sql(EAST, "SELECT FROM t WHERE x = 1", "reader")).length, 1, "readers are not sent to it");
      faults.heal();
      await aurora.returnZone(EAST, "us-east-1b");
      await aurora.settled();
      t.true(await eventually(async () => (await synchronous()) === 1));
      t.is((await sql(EAST, "SELECT FROM t WHERE x = 1", "reader")).length, 1, "it has what it missed");
    },
  );
}
