/** What goes wrong in a passive region, by the interfaces by which it would. */
import { AwsCalls } from "../../automation/adapters/aws-call.ts";
import { Endpoints } from "../../automation/adapters/endpoints.ts";
import { regionWorld } from "../../automation/failover/world.ts";
import type { Region } from "../../components/model.ts";
import type { Place } from "./place.ts";

const WEST: Region = "us-west-2";
const ENDPOINTS = new Endpoints(["us-east-1", WEST, "us-east-2"]);
const LOCK = ".pulumi/locks/organization/trading-platform/dr/0f8fad5b-d9cb-469f-a165-70867728950e.json";

interface Seed {
  readonly seed: () => Promise<unknown>;
  readonly undo: () => Promise<unknown>;
}

const callsOf = ({ environment }: Place): AwsCalls =>
  new AwsCalls(
    ENDPOINTS,
    async () => ({ accessKeyId: "sandbox", secretAccessKey: "sandbox" }),
    environment["AWS_ENDPOINT_URL"],
  );

export async function seedsOf(place: Place): Promise<readonly Seed[]> {
  const { sandbox, settings } = place;
  const { state, stacks } = await place.deployment();
  const { cluster } = regionWorld(stacks.dr, ENDPOINTS, settings);
  const journal = place.journal(stacks.dr);
  const calls = callsOf(place);
  const [KeyId] = sandbox.resources("aws:kms/key:Key", WEST);
  const { nodes } = sandbox.cluster(WEST);
  const control = await journal.readControlItem(WEST);
  if (KeyId === undefined || control === undefined) throw new Error("the passive region is not deployed");
  const lock = { pid: 4711, username: "ann", hostname: "ops", timestamp: "2026-11-26T03:00:00Z" };
  return [
    {
      seed: () => calls.rpc("kms", WEST, "ScheduleKeyDeletion", { KeyId, PendingWindowInDays: 7 }),
      undo: async () => {
        await calls.rpc("kms", WEST, "CancelKeyDeletion", { KeyId });
        await calls.rpc("kms", WEST, "EnableKey", { KeyId });
      },
    },
    // Somebody lets the parked region take traffic.
    {
      seed: () => journal.writeControlItem({ ...control, traffic: "on" }),
      undo: () => journal.writeControlItem(control),
    },
    // An update was killed.
    {
      seed: () => state.bucket.put(LOCK, JSON.stringify(lock)),
      undo: () => state.bucket.delete(LOCK),
    },
    // The nodes have room for nothing more.
    {
      seed: async () => {
        nodes.coresPerNode = 0.05;
      },
      undo: async () => {
        nodes.coresPerNode = undefined;
      },
    },
    // Nobody writes checkpoints.
    {
      seed: () => cluster.scale([{ name: "archiver", replicas: 0 }]),
      undo: () => cluster.scale([{ name: "archiver", replicas: 1 }]),
    },
  ];
}

/** There is no way back: somebody would have to push it again. */
export async function deleteImage(place: Place): Promise<void> {
  const { sandbox } = place;
  const [repositoryName] = sandbox.resources("aws:ecr/repository:Repository", WEST);
  const imageIds = [{ imageDigest: sandbox.project.imageDigest }];
  await callsOf(place).rpc("ecr", WEST, "BatchDeleteImage", { repositoryName, imageIds });
}
