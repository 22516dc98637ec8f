/** A region for the real workload: the journal's table, buckets and a cluster, behind the sandbox's own edges. */
import type { ExecutionContext } from "ava";
import { deploymentOf } from "../../components/manifests.ts";
import type { Region } from "../../components/model.ts";
import type { Unit } from "../../components/services.ts";
import type { Addresses } from "../../sandbox/addresses.ts";
import { createDynamo, type Dynamo } from "../../sandbox/aws/dynamo/dynamo.ts";
import { createEdges, type Edges, type EdgesOptions } from "../../sandbox/aws/edge.ts";
import { createS3 } from "../../sandbox/aws/s3/s3.ts";
import type { Properties } from "../../sandbox/cloud/behaviour.ts";
import { Faults } from "../../sandbox/faults.ts";
import { JOURNAL, REGIONS } from "./aws/fixtures.ts";
import { claimAddresses } from "./claim.ts";
import { type ClusterParts, startCluster, type World } from "./compute/fixture.ts";

export interface RegionParts extends Omit<ClusterParts, "region" | "addresses" | "faults" | "environment"> {
  readonly region: Region;
  readonly bucket: string;
  /** Of the edges, besides the region's own. */
  readonly doors?: EdgesOptions["doors"];
  readonly environment?: (addresses: Addresses) => ReturnType<NonNullable<ClusterParts["environment"]>>;
}

export interface WorkloadRegion extends World {
  readonly dynamo: Dynamo;
  readonly edges: Edges;
  /** As the program deploys it. */
  deploy(unit: Unit, replicas: number, variables: Parameters<typeof deploymentOf>[2]): Promise<void>;
}

export async function startRegion(
  t: Pick<ExecutionContext, "teardown">,
  { region, bucket, doors = [], environment, ...parts }: RegionParts,
): Promise<WorkloadRegion> {
  const addresses = await claimAddresses(t, REGIONS);
  const faults = new Faults();
  const dynamo = await createDynamo({ faults, accountId: "111122223333", seed: 1, latency: "none" });
  const s3 = await createS3();
  const edges = await createEdges({
    ...{ faults, services: [dynamo.aws, s3.aws] },
    doors: [{ place: region, ...addresses.edge(region) }, ...doors],
  });
  // Registered first, it runs last: pods end before what they call.
  t.teardown(async () => {
    await edges.close();
    await dynamo.close();
    await s3.close();
  });
  dynamo.createTable(JOURNAL);
  s3.createBucket(region, bucket);
  const world = await startCluster(t, {
    ...{ ...parts, region, addresses, faults },
    ...(environment && { environment: () => environment(addresses) }),
  });
  return {
    ...{ ...world, dynamo, edges },
    async deploy(unit, replicas, variables) {
      const manifest = JSON.parse(JSON.stringify(deploymentOf(unit, replicas, variables))) as {
        metadata: Properties;
      };
      const metadata = { ...manifest.metadata, namespace: "exchange" };
      const object = { apiVersion: "apps/v1", kind: "Deployment", ...manifest, metadata };
      await world.create("kubernetes:apps/v1:Deployment", object, region);
    },
  };
}
