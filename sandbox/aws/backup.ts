/**
 * AWS Backup. Plans and restore tests are carried out when somebody says that their hour has come, on what is really
 * there: a database's files are copied and a server is started from the copy, a table's items are read and written again.
 * https://docs.aws.amazon.com/aws-backup/latest/devguide/restore-testing.html
 */
import { randomUUID } from "node:crypto";
import type { Region } from "../../components/model.ts";
import { isObject } from "../cloud/fields.ts";
import { objects, strings } from "../cloud/lists.ts";
import type { Entry, Registry } from "../providers/registry.ts";
import { JsonError, restService } from "./json.ts";
import type { AwsRequest } from "./protocol.ts";

/** A copy of something as it was. */
export interface Snapshot {
  /** Makes it again from the copy, looks whether it works, and removes it. Rejects when it does not. */
  restore(): Promise<void>;
}

export interface BackupsOptions {
  readonly registry: Registry;
  /** Of what has that ARN; rejects when it cannot be copied. */
  readonly snapshot: (region: Region, arn: string) => Promise<Snapshot>;
}

interface RecoveryPoint {
  readonly arn: string;
  readonly vaultArn: string;
  readonly resourceArn: string;
  /** Seconds since 1970. */
  readonly at: number;
  readonly snapshot: Snapshot;
}

interface RestoreJob {
  readonly id: string;
  readonly region: Region;
  readonly point: RecoveryPoint;
  readonly planArn: string;
  readonly at: number;
  readonly completedAt: number;
  readonly failure: string | undefined;
}

/** As AWS Backup calls them, by the service in an ARN. */
const KINDS: Readonly<Record<string, string>> = { rds: "Aurora", dynamodb: "DynamoDB" };
const kindOf = (arn: string): string => KINDS[arn.split(":")[2] ?? ""] ?? "unknown";
const now = (): number => Date.now() / 1000;

export class Backups {
  readonly #options: BackupsOptions;
  readonly #points: RecoveryPoint[] = [];
  readonly #jobs: RestoreJob[] = [];

  constructor(options: BackupsOptions) {
    this.#options = options;
  }

  readonly aws = restService({
    name: "backup",
    perform: (request, path) => ({ body: this.#perform(request, path) }),
  });

  /** Every plan of every region, then every restore test. @returns what did not work, one line each */
  async run(): Promise<readonly string[]> {
    const failures: string[] = [];
    for (const plan of this.#list("aws:backup/plan:Plan")) {
      for (const arn of this.#selected(plan.id)) {
        const failure = await this.#backUp(plan, arn);
        if (failure !== undefined) failures.push(failure);
      }
    }
    for (const selection of this.#list("aws:backup/restoreTestingSelection:RestoreTestingSelection")) {
      const failure = await this.#test(selection);
      if (failure !== undefined) failures.push(failure);
    }
    return failures;
  }

  async #backUp({ region, inputs }: Entry, resourceArn: string): Promise<string | undefined> {
    let snapshot: Snapshot;
    try {
      snapshot = await this.#options.snapshot(region as Region, resourceArn);
    } catch (error) {
      return `backup of ${resourceArn}: ${String(error)}`;
    }
    for (const rule of objects(inputs["rules"])) {
      const [own] = this.#vaults().filter(
        ({ id, region: at }) => id === rule["targetVaultName"] && at === region,
      );
      const copies = objects(rule["copyActions"]).map(({ destinationVaultArn }) => destinationVaultArn);
      // A copy into a vault that is not there fails by itself; the backup stands.
      const vaults = this.#vaults().filter(({ outputs }) => copies.includes(outputs["arn"] ?? null));
      for (const { outputs } of own === undefined ? [] : [own, ...vaults]) {
        const arn = `arn:aws:backup:${region}::recovery-point:${randomUUID()}`;
        this.#points.push({ arn, vaultArn: String(outputs["arn"]), resourceArn, at: now(), snapshot });
      }
    }
    return undefined;
  }

  async #test({ region, inputs }: Entry): Promise<string | undefined> {
    const plan = this.#list("aws:backup/restoreTestingPlan:RestoreTestingPlan").find(
      (one) => one.id === inputs["restoreTestingPlanName"] && one.region === region,
    );
    const selection = plan?.inputs["recoveryPointSelection"];
    const vaults = isObject(selection) ? strings(selection["includeVaults"]) : [];
    const wanted = strings(inputs["protectedResourceArns"]);
    const point = this.#points.findLast(
      ({ vaultArn, resourceArn }) => vaults.includes(vaultArn) && wanted.includes(resourceArn),
    );
    // Nothing to restore: no job, as with AWS.
    if (plan === undefined || point === undefined) return undefined;
    const at = now();
    const failure = await point.snapshot.restore().then(
      () => undefined,
      (error: unknown) => String(error),
    );
    this.#jobs.push({
      ...{ id: randomUUID(), region: region as Region, point, planArn: String(plan.outputs["arn"]) },
      ...{ at, completedAt: now(), failure },
    });
    return failure === undefined ? undefined : `restore of ${point.resourceArn}: ${failure}`;
  }

  #perform({ method, path, region }: AwsRequest, [kind, name, what]: readonly string[]): object {
    if (method === "GET" && kind === "restore-jobs" && !name) {
      return { RestoreJobs: this.#jobs.filter((job) => job.region === region).map(describeJob) };
    }
    if (method !== "GET" || kind !== "backup-vaults" || what !== "recovery-points") {
      throw new JsonError("InvalidRequestException", `The sandbox's AWS Backup has no ${method} ${path}`);
    }
    const vault = this.#vaults().find((one) => one.id === name && one.region === region);
    if (vault === undefined) {
      throw new JsonError("ResourceNotFoundException", `Backup vault not found: ${name}`);
    }
    const points = this.#points.filter(({ vaultArn }) => vaultArn === vault.outputs["arn"]);
    return { RecoveryPoints: points.map((point) => describePoint(point, name ?? "")) };
  }

  #selected(planId: string): readonly string[] {
    return this.#list("aws:backup/selection:Selection")
      .filter(({ inputs }) => inputs["planId"] === planId)
      .flatMap(({ inputs }) => strings(inputs["resources"]));
  }

  #vaults(): readonly Entry[] {
    return [
      ...this.#list("aws:backup/vault:Vault"),
      ...this.#list("aws:backup/logicallyAirGappedVault:LogicallyAirGappedVault"),
    ];
  }

  #list(type: string): readonly Entry[] {
    return this.#options.registry.list({ type });
  }
}

const describePoint = ({ arn, vaultArn, resourceArn, at }: RecoveryPoint, vault: string): object => ({
  ...{ RecoveryPointArn: arn, BackupVaultName: vault, BackupVaultArn: vaultArn },
  ...{ ResourceArn: resourceArn, ResourceType: kindOf(resourceArn), Status: "COMPLETED", CreationDate: at },
});

const describeJob = ({ id, point, planArn, at, completedAt, failure }: RestoreJob): object => ({
  ...{ RestoreJobId: id, RecoveryPointArn: point.arn, ResourceType: kindOf(point.resourceArn) },
  ...{ SourceResourceArn: point.resourceArn, CreationDate: at, CompletionDate: completedAt },
  ...(failure === undefined ? { Status: "COMPLETED" } : { Status: "FAILED", StatusMessage: failure }),
  CreatedBy: { RestoreTestingPlanArn: planArn },
});
