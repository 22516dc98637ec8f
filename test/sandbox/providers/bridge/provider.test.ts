import { Eip } from "@pulumi/aws/ec2/eip.js";
import { Subnet } from "@pulumi/aws/ec2/subnet.js";
import { Vpc } from "@pulumi/aws/ec2/vpc.js";
import { Provider } from "@pulumi/aws/provider.js";
import { Cluster } from "@pulumi/aws/rds/cluster.js";
import { Topic, type TopicArgs } from "@pulumi/aws/sns/topic.js";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import * as pulumi from "@pulumi/pulumi";
import test from "ava";
import type { Behaviour } from "../../../../sandbox/cloud/behaviour.ts";
import { failure, type World, world } from "../engine.ts";

const TOPIC = "aws:sns/topic:Topic";

async function inWorld(
  run: (it: World) => Promise<void>,
  ...options: Parameters<typeof world>
): Promise<void> {
  const it = await world(...options);
  try {
    await run(it);
  } finally {
    await it.close();
  }
}

const inEast = () => new Provider("east", { region: "us-east-1" });
const topic =
  (args: TopicArgs, options: CustomResourceOptions = {}) =>
  async () => {
    const made = new Topic("fills", args, { provider: inEast(), ...options });
    return { name: made.name, arn: made.arn, tagsAll: made.tagsAll };
  };

test("what was created previews as unchanged and refreshes clean", async (t) => {
  await inWorld(async ({ stack }) => {
    const it = await stack(topic({ displayName: "Fills", tags: { team: "trading" } }));

    const up = await it.up();
    const preview = await it.preview();
    const refresh = await it.refresh({ expectNoChanges: true });

    t.deepEqual(up.summary.resourceChanges, { create: 3 });
    t.deepEqual(preview.changeSummary, { same: 3 });
    t.deepEqual(refresh.summary.resourceChanges, { same: 3 });
  });
});

test("a resource without a name gets its Pulumi name and seven hex digits, and keeps them", async (t) => {
  await inWorld(async ({ stack }) => {
    const first = await (await stack(topic({ displayName: "Fills" }))).up();
    const second = await (await stack(topic({ displayName: "All fills" }))).up();

    t.regex(String(first.outputs["name"]?.value), /^fills-[0-9a-f]{7}$/);
    t.is(second.outputs["name"]?.value, first.outputs["name"]?.value);
    t.is(first.outputs["arn"]?.value, `arn:aws:sns:us-east-1:123456789012:${first.outputs["name"]?.value}`);
    t.is(second.summary.resourceChanges?.update, 1);
  });
});

test("what the cloud makes up is unknown at preview, what the program gave is not", async (t) => {
  await inWorld(async ({ stack }) => {
    const seen: Record<string, boolean> = {};
    const it = await stack(async () => {
      const address = new Eip("nat", { domain: "vpc" }, { provider: inEast() });
      for (const name of ["domain", "publicIp", "allocationId"] as const) {
        const output: pulumi.Output<unknown> & { isKnown?: Promise<boolean> } = address[name];
        seen[name] = (await output.isKnown) ?? false;
      }
    });

    await it.preview();

    t.deepEqual(seen, { domain: true, publicIp: false, allocationId: false });
  });
});

test("a changed name that the program chose replaces, the old one deleted first", async (t) => {
  await inWorld(async ({ stack }) => {
    await (await stack(topic({ name: "fills" }))).up();
    const it = await stack(topic({ name: "executions" }));
    const operations: string[] = [];

    await it.up({
      onEvent: ({ resourcePreEvent: event }) => {
        if (event?.metadata.type === TOPIC) operations.push(event.metadata.op);
      },
    });

    t.deepEqual(operations, ["delete-replaced", "replace", "create-replacement"]);
  });
});

test("a replaced resource whose name the provider chose is made before the old one goes", async (t) => {
  await inWorld(async ({ stack }) => {
    const program = (fifoTopic: boolean) => topic({ fifoTopic });
    await (await stack(program(false))).up();
    const operations: string[] = [];

    await (await stack(program(true))).up({
      onEvent: ({ resourcePreEvent: event }) => {
        if (event?.metadata.type === TOPIC) operations.push(event.metadata.op);
      },
    });

    t.deepEqual(operations, ["create-replacement", "replace", "delete-replaced"]);
  });
});

test("a preview says which property changed, and whether it replaces", async (t) => {
  await inWorld(async ({ stack }) => {
    const network = (cidrBlock: string, tier: string) => async () => {
      new Vpc("network", { cidrBlock, tags: { tier } }, { provider: inEast() });
    };
    await (await stack(network("10.0.0.0/16", "a"))).up();
    const details: unknown[] = [];

    await (await stack(network("10.1.0.0/16", "b"))).preview({
      onEvent: ({ resourcePreEvent: event }) => {
        if (event?.metadata.type === "aws:ec2/vpc:Vpc" && event.metadata.op === "replace") {
          details.push(event.metadata.detailedDiff, event.metadata.diffs);
        }
      },
    });

    t.deepEqual(details, [
      {
        cidrBlock: { diffKind: "update-replace", inputDiff: false },
        "tags.tier": { diffKind: "update", inputDiff: false },
      },
      ["cidrBlock", "tags"],
    ]);
  });
});

test("ignoreChanges holds against the program, and its absence does not", async (t) => {
  await inWorld(async ({ stack }) => {
    await (await stack(topic({ displayName: "Fills" }))).up();

    const ignoring = await (
      await stack(topic({ displayName: "Other" }, { ignoreChanges: ["displayName"] }))
    ).preview();
    const plain = await (await stack(topic({ displayName: "Other" }))).preview();

    t.deepEqual(ignoring.changeSummary, { same: 3 });
    t.deepEqual(plain.changeSummary, { same: 2, update: 1 });
  });
});

test("what changed behind Pulumi's back shows after a refresh, unless it is ignored", async (t) => {
  const drifting: Behaviour = { read: async (_, last) => ({ ...last, displayName: "Changed by hand" }) };
  await inWorld(
    async ({ stack }) => {
      const it = await stack(topic({ displayName: "Fills" }));
      await it.up();
      t.deepEqual((await it.preview()).changeSummary, { same: 3 });

      await it.refresh();

      t.deepEqual((await it.preview()).changeSummary, { same: 2, update: 1 });
      const ignoring = await stack(topic({ displayName: "Fills" }, { ignoreChanges: ["displayName"] }));
      t.deepEqual((await ignoring.preview()).changeSummary, { same: 3 });
    },
    { behaviours: { [TOPIC]: drifting } },
  );
});

test("an input's own region goes before the provider's", async (t) => {
  await inWorld(async ({ stack, providers }) => {
    const it = await stack(async () => {
      const provider = inEast();
      const west = new Provider("west", { region: "us-west-2" });
      new Topic("a", {}, { provider });
      new Topic("b", {}, { provider: west });
      new Topic("c", { region: "us-east-2" }, { provider });
    });

    await it.up();

    const places = providers.registry
      .list({ type: TOPIC })
      .map(({ urn, region, outputs }) => [
        urn.at(-1),
        region,
        outputs["region"],
        String(outputs["arn"]).split(":")[3],
      ]);
    t.deepEqual(places.sort(), [
      ["a", "us-east-1", "us-east-1", "us-east-1"],
      ["b", "us-west-2", "us-west-2", "us-west-2"],
      ["c", "us-east-2", "us-east-2", "us-east-2"],
    ]);
  });
});

test("default tags of the provider reach every resource", async (t) => {
  await inWorld(async ({ stack }) => {
    const it = await stack(async () => {
      const provider = new Provider("east", {
        region: "us-east-1",
        defaultTags: { tags: { commit: "abc" } },
      });
      const made = new Topic("fills", { tags: { team: "trading" } }, { provider });
      return { tagsAll: made.tagsAll };
    });

    t.deepEqual((await it.up()).outputs["tagsAll"]?.value, { commit: "abc", team: "trading" });
    t.deepEqual((await it.preview()).changeSummary, { same: 3 });
  });
});

test("a dead region refuses, a black-holed one is reported unreachable after a bounded wait", async (t) => {
  await inWorld(
    async ({ stack, faults }) => {
      const it = await stack(topic({}));

      faults.setPlace("us-east-1", "cut");
      t.regex(await failure(it.up()), /us-east-1 is unreachable from internet/);

      faults.setPlace("us-east-1", "blackhole");
      const before = Date.now();
      t.regex(await failure(it.up()), /us-east-1 is unreachable from internet: no answer within 0.5 s/);
      t.true(Date.now() - before < 10_000);

      faults.heal();
      await t.notThrowsAsync(it.up());
    },
    { unreachableAfterMilliseconds: 500 },
  );
});

test("a dead region does not hold up the other one's resources", async (t) => {
  await inWorld(async ({ stack, faults }) => {
    faults.setPlace("us-east-1", "blackhole");
    const it = await stack(async () => {
      const provider = new Provider("west", { region: "us-west-2" });
      new Topic("fills", {}, { provider });
    });

    t.deepEqual((await it.up()).summary.resourceChanges, { create: 3 });
  });
});

test("a type or property that nobody classified is refused by name", async (t) => {
  await inWorld(async ({ stack }) => {
    const it = await stack(topic({ sqsFailureFeedbackRoleArn: "arn:aws:iam::123456789012:role/x" }));

    t.regex(
      await failure(it.preview()),
      /the sandbox does not know whether a change of sqsFailureFeedbackRoleArn replaces aws:sns\/topic:Topic: look it up and add it to sandbox\/providers\/catalog\/overrides\.ts/,
    );
  });
});

test("protected resources and those that AWS protects stay", async (t) => {
  await inWorld(async ({ stack }) => {
    const database = (deletionProtection: boolean) => async () => {
      new Cluster(
        "orders",
        {
          engine: "aurora-postgresql",
          clusterIdentifier: "orders",
          skipFinalSnapshot: true,
          deletionProtection,
        },
        { provider: inEast() },
      );
    };
    const it = await stack(database(true));
    await it.up();

    t.regex(
      await failure(it.destroy()),
      /Cannot delete protected Cluster, please disable deletion protection/,
    );

    const unprotected = await stack(database(false));
    await unprotected.up();
    await t.notThrowsAsync(unprotected.destroy());
  });
});

test("an address that leads nowhere fails as AWS says, and names the property", async (t) => {
  await inWorld(async ({ stack }) => {
    const it = await stack(async () => {
      new Subnet("a", { vpcId: "vpc-gone", cidrBlock: "10.0.0.0/24" }, { provider: inEast() });
    });

    t.regex(
      await failure(it.up()),
      /InvalidVpcID\.NotFound: The vpc ID 'vpc-gone' does not exist \(vpcId of aws:ec2\/subnet:Subnet in us-east-1\)/,
    );
  });
});

test("secrets stay secret in the outputs, and those who act see them plain", async (t) => {
  const seen: unknown[] = [];
  const acting: Behaviour = {
    create: async (inputs) => {
      seen.push(inputs["displayName"]);
      return {};
    },
  };
  await inWorld(
    async ({ stack }) => {
      const it = await stack(async () => {
        const made = new Topic("fills", { displayName: pulumi.secret("hush") }, { provider: inEast() });
        return { displayName: made.displayName };
      });

      const { outputs } = await it.up();

      t.deepEqual(outputs["displayName"], { value: "hush", secret: true });
      t.deepEqual(seen, ["hush"]);
      t.false(JSON.stringify(await it.exportStack()).includes("hush"));
      t.deepEqual((await it.preview()).changeSummary, { same: 3 });
    },
    { behaviours: { [TOPIC]: acting } },
  );
});

test("a write-only password reaches the cloud and never the state", async (t) => {
  const seen: unknown[] = [];
  const acting: Behaviour = {
    create: async (inputs) => {
      seen.push(inputs["masterPasswordWo"]);
      return {};
    },
  };
  await inWorld(
    async ({ stack }) => {
      const database = (masterPasswordWo: string, masterPasswordWoVersion: number) => async () => {
        const args = { engine: "aurora-postgresql", masterUsername: "platform", skipFinalSnapshot: true };
        new Cluster("orders", { ...args, masterPasswordWo, masterPasswordWoVersion }, { provider: inEast() });
      };
      const it = await stack(database("hush", 1));
      await it.up();

      t.deepEqual(seen, ["hush"]);
      t.deepEqual((await (await stack(database("changed", 1))).preview()).changeSummary, { same: 3 });
      t.deepEqual((await (await stack(database("changed", 2))).preview()).changeSummary, {
        same: 2,
        update: 1,
      });
    },
    { behaviours: { "aws:rds/cluster:Cluster": acting } },
  );
});
