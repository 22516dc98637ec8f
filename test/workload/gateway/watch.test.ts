/** The gateway over a store and a clock of the test's own: what it says when reads fail, hang or lag. */
import test, { type ExecutionContext } from "ava";
import type { ControlItem, RegionItem } from "../../../journal/model.ts";
import { Gateway, type GatewayOptions } from "../../../workload/gateway/gateway.ts";

type Store = GatewayOptions["store"];

const REGION: RegionItem = { generation: 0, active: "us-east-1", runId: null };
const CONTROL: ControlItem = { region: "us-east-1", traffic: "on", maintenance: "off" };

/** A journal whose answers, failures and durations the test decides. */
class FakeStore implements Store {
  clock = 0;
  failing = false;
  takesMs = 0;
  async readRegionItem(): Promise<RegionItem> {
    this.clock += this.takesMs;
    if (this.failing) throw new Error("the table cannot be reached");
    return REGION;
  }
  async readControlItem(): Promise<ControlItem> {
    if (this.failing) throw new Error("the table cannot be reached");
    return CONTROL;
  }
  async readEngineItem(): Promise<undefined> {}
}

/** SABOTAGE, for the test below only: `/active` kept on a failed read. */
function keepingTheLastAnswer(store: Store): Store {
  let region = REGION;
  let control: ControlItem | undefined;
  return {
    readEngineItem: async () => undefined,
    readRegionItem: async () => {
      region = await store.readRegionItem().catch(() => region);
      return region;
    },
    readControlItem: async (name) => {
      control = await store.readControlItem(name).catch(() => control);
      return control;
    },
  };
}

const open = (t: ExecutionContext, store: Store, now: () => number): Gateway => {
  const gateway = new Gateway({ region: "us-east-1", store, shards: 0, projectorUrl: null, now });
  t.teardown(() => gateway.stop());
  return gateway;
};

/** What must hold of any gateway: told as a value, so that a sabotaged one can be put to the same test. */
async function staysActiveOnAFailedRead(
  t: ExecutionContext,
  sabotage?: (store: Store) => Store,
): Promise<boolean> {
  const store = new FakeStore();
  const gateway = open(t, sabotage?.(store) ?? store, () => store.clock);
  await gateway.refresh();
  t.true(gateway.activity().active);
  store.clock += 1000;
  store.failing = true;
  await gateway.refresh();
  return gateway.activity().active;
}

test("a failed read ends /active at once, though an earlier one is younger than 3 s", async (t) => {
  t.false(await staysActiveOnAFailedRead(t));
});

test("sabotage: a gateway that keeps the last answer on a failed read is found out", async (t) => {
  t.true(await staysActiveOnAFailedRead(t, keepingTheLastAnswer));
});

test("the age of a read counts from its start: one that took 3 s is stale when it arrives", async (t) => {
  const store = new FakeStore();
  const gateway = open(t, store, () => store.clock);
  store.takesMs = 3000;
  await gateway.refresh();
  t.deepEqual(gateway.activity(), {
    active: false,
    reason: "the last read of the region item began 3000 ms ago",
  });
  store.takesMs = 2999;
  await gateway.refresh();
  t.true(gateway.activity().active);
});

test("it is checked when answering: without any further read /active ends after 3 s", async (t) => {
  const store = new FakeStore();
  const gateway = open(t, store, () => store.clock);
  await gateway.refresh();
  store.clock += 2999;
  t.true(gateway.activity().active);
  store.clock += 1;
  t.false(gateway.activity().active);
});

test("a read that works again opens the gate again", async (t) => {
  const store = new FakeStore();
  const gateway = open(t, store, () => store.clock);
  store.failing = true;
  await gateway.refresh();
  t.is(gateway.standing().kind, "blind");
  store.failing = false;
  await gateway.refresh();
  t.is(gateway.standing().kind, "serving");
});
