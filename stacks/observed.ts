/** What the program looks at before it registers anything: the journal's decision, and its own last outputs. */
import { setTimeout } from "node:timers/promises";
import { getTableItem } from "@pulumi/aws/dynamodb/getTableItem.js";
import type { Provider as Aws } from "@pulumi/aws/provider.js";
import { getOrganization, getProject, getStack, runtime } from "@pulumi/pulumi";
import { HASH_KEY, RANGE_KEY } from "../components/journal.ts";
import { isRegion, type Region, ROLES, type Role } from "../components/model.ts";
import { REGION_KEY, type RegionItem } from "../journal/model.ts";

export type Decided = Pick<RegionItem, "generation" | "active">;

export type Observed<T> =
  | { readonly kind: "read"; readonly value: T }
  | { readonly kind: "absent" }
  | { readonly kind: "unreadable"; readonly cause: Error };

/**
 * The data source fails alike for a missing table ("couldn't find resource") and a missing item ("empty result");
 * both mean that no failover has ever been decided. Anything else means that nobody knows.
 * https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/dynamodb/table_item.go
 */
const ABSENT = /couldn't find resource|empty result|ResourceNotFoundException/;

/** A consistent read in the region itself: the stack of a surviving region needs no other one. */
export async function readDecision(
  tableName: string,
  region: Region,
  provider: Aws,
): Promise<Observed<Decided>> {
  const key = JSON.stringify({ [HASH_KEY]: { S: REGION_KEY }, [RANGE_KEY]: { N: "0" } });
  try {
    const { item } = await getTableItem({ tableName, key, region }, { provider });
    return { kind: "read", value: parseDecision(item) };
  } catch (error) {
    const cause = error instanceof Error ? error : new Error(String(error));
    return ABSENT.test(cause.message) ? { kind: "absent" } : { kind: "unreadable", cause };
  }
}

/** From DynamoDB JSON, e.g. `{"generation":{"N":"3"},"active":{"S":"us-west-2"}}`. */
export function parseDecision(item: string): Decided {
  const { generation, active } = JSON.parse(item) as Record<string, { N?: string; S?: string } | undefined>;
  const decided = { generation: Number(generation?.N), active: active?.S };
  if (!Number.isInteger(decided.generation) || !isRegion(decided.active)) {
    throw new Error(`the region item is ${item}; expected a whole generation and a known active region`);
  }
  return { generation: decided.generation, active: decided.active };
}

/**
 * The role in this stack's own last outputs; undefined before the first deployment. Not a StackReference: that would
 * put a resource into the state, which every targeted update would have to carry. It is the invoke behind it, and it
 * reads the state that the engine is working with anyway.
 * https://github.com/pulumi/pulumi/blob/v3.230.0/pkg/resource/deploy/builtins.go
 */
export async function readLastRole(): Promise<Role | undefined> {
  const name = `${getOrganization()}/${getProject()}/${getStack()}`;
  for (let attempt = 1; ; attempt++) {
    try {
      const { outputs } = await runtime.invoke("pulumi:pulumi:readStackOutputs", { name });
      const role: unknown = outputs?.role;
      return ROLES.find((known) => known === role);
    } catch (error) {
      if (attempt === STATE_READS || !HALF_WRITTEN.test(String(error))) throw error;
      await setTimeout(STATE_PAUSE_MILLISECONDS);
    }
  }
}

/**
 * A state in a folder has a file of attributes beside it that the engine replaces in place: whoever reads in that
 * instant, as at a first deployment, finds it empty.
 * https://github.com/google/go-cloud/blob/v0.37.0/blob/fileblob/attrs.go
 */
const HALF_WRITTEN = /failed to load checkpoint: (unexpected )?EOF/;
const STATE_READS = 5;
const STATE_PAUSE_MILLISECONDS = 50;
