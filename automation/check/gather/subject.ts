/** What is looked at: which region is the passive one, and how it and its resources are asked. */
import { createClients, type RegionClients } from "../../adapters/aws.ts";
import { AwsCalls } from "../../adapters/aws-call.ts";
import { Endpoints } from "../../adapters/endpoints.ts";
import type { DeployedStack, Deployment } from "../../deployment.ts";
import { messageOf } from "../../errors.ts";
import { type Fact, fact, isUnknown } from "../../fact.ts";
import type { Decision } from "../../failover/decide.ts";
import { RegionWorld } from "../../failover/world.ts";
import type { Settings } from "../../settings.ts";
import type { Asked } from "./resources.ts";

export interface Subject {
  readonly deployment: Deployment;
  readonly settings: Settings;
  readonly decision: Fact<Decision>;
  readonly passive: DeployedStack;
  readonly active: DeployedStack;
  readonly clients: Readonly<Record<DeployedStack["region"], RegionClients>>;
  /** Of the passive region. */
  readonly world: RegionWorld;
  /** Of the active one. */
  readonly production: RegionWorld;
  readonly calls: AwsCalls;
  /** A stack's resources, the passive one's by default; rejects when its state cannot be read. */
  readonly asked: (of?: DeployedStack) => Promise<Asked>;
}

export async function subjectOf(deployment: Deployment, settings: Settings): Promise<Subject> {
  const { prod, dr } = deployment.stacks;
  const endpoints = new Endpoints([prod.region, dr.region, prod.regions.witness]);
  const clients = createClients(endpoints);
  const worldOf = (outputs: DeployedStack) => new RegionWorld(outputs, clients, endpoints, settings);
  const decision = await firstOf([dr, prod].map((outputs) => worldOf(outputs).journal.decision()));
  // Unless a failover said otherwise, or nobody knows: the secondary is the passive one.
  const [passive, active] = !isUnknown(decision) && decision.active === dr.region ? [prod, dr] : [dr, prod];
  const calls = new AwsCalls(endpoints, clients[passive.region].credentials, settings.awsEndpoint);
  return {
    ...{ deployment, settings, decision, passive, active, clients, calls },
    world: worldOf(passive),
    production: worldOf(active),
    asked: async ({ stack, region } = passive) => {
      const found = await deployment.state.read(stack);
      if (found === undefined) throw new Error(`stack ${stack} has no state`);
      return { calls, region, resources: found.resources };
    },
  };
}

/** Either region may be lost: the first that answers is believed. */
async function firstOf<T>(asked: readonly Promise<T>[]): Promise<Fact<T>> {
  return await fact(() =>
    Promise.any(asked).catch((error: unknown) => {
      throw error instanceof AggregateError ? new Error(error.errors.map(messageOf).join("; ")) : error;
    }),
  );
}
