import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import test from "ava";
import { createClients } from "../../../automation/adapters/aws.ts";
import { Endpoints, ForbiddenRegionError } from "../../../automation/adapters/endpoints.ts";
import { regionWorld } from "../../../automation/failover/world.ts";
import { readSettings } from "../../../automation/settings.ts";
import { REGIONS } from "../../../components/model.ts";
import { outputsOf } from "../commands/outputs.ts";

const ADAPTERS = path.join(import.meta.dirname, "../../../automation");

test("while us-east-1 may be dead, a client for it cannot be had, and the survivor's can", async (t) => {
  const clients = createClients(new Endpoints(["us-west-2", "us-east-2"]));
  t.throws(() => clients["us-east-1"], {
    instanceOf: ForbiddenRegionError,
    message: "AWS of us-east-1 must not be called in this run: allowed are us-west-2, us-east-2",
  });
  t.is(await clients["us-west-2"].dynamodb.config.region(), "us-west-2");
  t.is(clients["us-west-2"].rds, clients["us-west-2"].rds);
});

test("every region of the model has an entry, and only the allowed ones have clients", (t) => {
  const clients = createClients(new Endpoints(["us-west-2"]));
  const available = REGIONS.filter((region) => {
    try {
      return clients[region] !== undefined;
    } catch {
      return false;
    }
  });
  t.deepEqual(available, ["us-west-2"]);
});

test("neither journal, cluster, database nor gateway of a forbidden region can be made", (t) => {
  const settings = readSettings({}, "/");
  t.throws(() => regionWorld(outputsOf("prod"), new Endpoints(["us-west-2", "us-east-2"]), settings), {
    instanceOf: ForbiddenRegionError,
  });
  t.notThrows(() => regionWorld(outputsOf("dr"), new Endpoints(["us-west-2"]), settings));
});

test("AWS clients are made in the factory and, for Pulumi's state, where its bucket is read; elsewhere only before there is a region to lose", (t) => {
  const files = readdirSync(ADAPTERS, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".ts") && !/^(drill|report)\//.test(file),
  );
  const makers = files.filter((file) =>
    /new (DynamoDB|RDS|S3)Client\(/.test(readFileSync(path.join(ADAPTERS, file), "utf8")),
  );
  t.deepEqual(makers.sort(), [
    "adapters/aws.ts",
    "adapters/state-bucket.ts",
    "adapters/state.ts",
    "bootstrap/clients.ts",
  ]);
});
