/**
 * What each region looks like from outside. Every fact is asked for by itself and in parallel, so that one dead
 * system hides nothing but itself; an unanswered question is "unknown", never "no".
 */
import type { Region } from "../components/model.ts";
import { Endpoints } from "./adapters/endpoints.ts";
import { type Deployment, loadDeployment } from "./deployment.ts";
import { type Fact, fact, isUnknown } from "./fact.ts";
import { firstOf, publicName, type RegionWorld, regionWorld } from "./failover/world.ts";
import type { Settings } from "./settings.ts";

export interface RegionStatus {
  readonly region: Region;
  readonly stack: string;
  /** As deployed last. */
  readonly role: string;
  readonly commit: string;
  readonly control: Fact<{ readonly traffic: string; readonly maintenance: string }>;
  readonly addresses: Fact<{ readonly answering: number; readonly of: number }>;
  readonly deployments: Fact<
    readonly { readonly name: string; readonly ready: number; readonly desired: number }[]
  >;
  readonly journal: Fact<
    readonly { readonly shard: number; readonly seq: number; readonly ageSeconds: number | null }[]
  >;
}

export interface Status {
  readonly decision: Fact<{
    readonly generation: number;
    readonly active: Region;
    readonly run: string | null;
    readonly finished: boolean;
  }>;
  readonly database: Fact<{ readonly status: string; readonly writer: Region | null }>;
  readonly publicName: Fact<
    readonly { readonly resolver: string; readonly region: Region | null; readonly error?: string }[]
  >;
  readonly regions: readonly RegionStatus[];
  /** Why the outputs come from this machine's copy. */
  readonly stale: string | null;
}

export async function observe(settings: Settings): Promise<Status> {
  const deployment = await loadDeployment(settings);
  const { prod, dr } = deployment.stacks;
  const endpoints = new Endpoints([prod.region, dr.region, prod.regions.witness]);
  const worlds = [prod, dr].map((outputs) => regionWorld(outputs, endpoints, settings));
  const [decision, database, name, regions] = await Promise.all([
    fact(() =>
      firstOf(worlds, async ({ journal }) => {
        const { generation, active, runId, finished } = await journal.decision();
        return { generation, active, run: runId, finished };
      }),
    ),
    fact(() =>
      firstOf(worlds, async ({ database: db }) => {
        const { status, writer } = await db.state();
        return { status, writer: writer ?? null };
      }),
    ),
    fact(async () =>
      (await publicName(prod, settings.resolvers).look()).map(({ addresses: _, ...answer }) => answer),
    ),
    Promise.all(worlds.map((world) => region(world, deployment))),
  ]);
  return { decision, database, publicName: name, regions, stale: deployment.stale ?? null };
}

async function region(world: RegionWorld, { stacks }: Deployment): Promise<RegionStatus> {
  const { outputs, journal, cluster } = world;
  const other = outputs.stack === "prod" ? stacks.dr : stacks.prod;
  const [control, addresses, deployments, heads] = await Promise.all([
    fact(async () => {
      const item = await journal.control(outputs.region);
      if (item === undefined) throw new Error(`there is no control item for ${outputs.region}`);
      return { traffic: item.traffic, maintenance: item.maintenance };
    }),
    fact(async () => {
      const probes = await world.probesOf(outputs).addresses();
      return { answering: probes.filter(({ answered }) => answered === true).length, of: probes.length };
    }),
    fact(() => cluster.deployments()),
    fact(async () =>
      (await journal.heads())
        .filter((head) => head.region !== other.region)
        .map(({ shard, seq, ts }) => ({
          shard,
          seq,
          ageSeconds: seq === 0 ? null : Math.round((Date.now() - ts) / 100) / 10,
        })),
    ),
  ]);
  const { stack, role, commit } = outputs;
  return { region: outputs.region, stack, role, commit, control, addresses, deployments, journal: heads };
}

function text<T>(value: Fact<T>, show: (known: T) => string): string {
  return isUnknown(value) ? `unknown (${value.unknown.split("\n")[0]})` : show(value);
}

/** For a person. */
export function render({ decision, database, publicName: name, regions, stale }: Status): string {
  const lines = [
    `decision   ${text(decision, ({ generation, active, run, finished }) => `${active} is active, generation ${generation}${run === null ? "" : `, by run ${run}${finished ? "" : " (unfinished)"}`}`)}`,
    `database   ${text(database, ({ status, writer }) => `${status}, writer ${writer ?? "unknown"}`)}`,
    `name       ${text(name, (answers) => answers.map(({ resolver, region: at, error }) => `${resolver}: ${error === undefined ? (at ?? "nobody answers") : `unknown (${error})`}`).join(", "))}`,
    ...(stale === null ? [] : [`outputs    from this machine's copy: ${stale}`]),
  ];
  for (const one of regions) {
    lines.push(
      "",
      `${one.region} (stack ${one.stack}, role ${one.role}, commit ${one.commit.slice(0, 12)})`,
      `  control  ${text(one.control, ({ traffic, maintenance }) => `traffic ${traffic}, maintenance ${maintenance}`)}`,
      `  network  ${text(one.addresses, ({ answering, of }) => `${answering} of ${of} addresses answer`)}`,
      `  pods     ${text(one.deployments, (all) => all.map((d) => `${d.name} ${d.ready}/${d.desired}`).join(", "))}`,
      `  journal  ${text(one.journal, (all) => (all.length === 0 ? "owns no shard" : all.map((h) => `${h.shard} at ${h.seq}${h.ageSeconds === null ? "" : `, ${h.ageSeconds} s old`}`).join("; ")))}`,
    );
  }
  return `${lines.join("\n")}\n`;
}
