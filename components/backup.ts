/**
 * Backups beside the services' own: in a vault that keeps them whoever asks, copied to the other region and, by config,
 * to a second account, and restored every week to see that they can be. Archive and checkpoints are not among them:
 * both regions write their own, and the archive is locked already.
 */
import { LogicallyAirGappedVault } from "@pulumi/aws/backup/logicallyAirGappedVault.js";
import { Plan } from "@pulumi/aws/backup/plan.js";
import { RestoreTestingPlan } from "@pulumi/aws/backup/restoreTestingPlan.js";
import { RestoreTestingSelection } from "@pulumi/aws/backup/restoreTestingSelection.js";
import { Selection } from "@pulumi/aws/backup/selection.js";
import { Vault } from "@pulumi/aws/backup/vault.js";
import { VaultLockConfiguration } from "@pulumi/aws/backup/vaultLockConfiguration.js";
import { ComponentResource, type ComponentResourceOptions, type Input, type Output } from "@pulumi/pulumi";
import { assumedByService } from "./iam.ts";
import { regionalKey } from "./keys.ts";
import { ManagedRole } from "./managedRole.ts";
import type { Region } from "./model.ts";
import { backupKeyAlias, backupVaultName, type Identity } from "./names.ts";

/** What nobody can undo, not even AWS: config has to ask for each twice. */
export const IRREVERSIBLE = ["compliance-lock", "air-gapped-vault"] as const;
export type Irreversible = (typeof IRREVERSIBLE)[number];

export interface BackupArgs extends Identity {
  readonly region: Region;
  readonly peerRegion: Region;
  readonly retentionDays: number;
  /** A vault of a second account that gets a copy too; undefined: none. */
  readonly vaultArn: string | undefined;
  readonly irreversible: readonly Irreversible[];
  /** What is backed up, by the name that AWS Backup has for its kind. */
  readonly resources: Readonly<Record<"Aurora" | "DynamoDB", Input<string>>>;
}

/** Daily and weekly, when the markets of America are closed. */
const EVERY_NIGHT = "cron(0 7 * * ? *)";
const EVERY_SUNDAY = "cron(0 12 ? * SUN *)";
const POLICIES = [
  "service-role/AWSBackupServiceRolePolicyForBackup",
  "service-role/AWSBackupServiceRolePolicyForRestores",
];
/** The shortest time to think again that AWS offers; then the lock holds for ever. */
const COMPLIANCE_GRACE_DAYS = 3;
const START_HOURS = 8;

export class Backup extends ComponentResource {
  readonly vaultArn: Output<string>;

  readonly #name: string;
  readonly #args: BackupArgs;

  constructor(name: string, args: BackupArgs, options?: ComponentResourceOptions) {
    super("trading-platform:components:Backup", name, {}, options);
    this.#name = name;
    this.#args = args;

    const vault = this.#vault();
    const role = new ManagedRole(
      name,
      { trust: assumedByService("backup.amazonaws.com"), policies: POLICIES },
      { parent: this },
    );
    this.#plan(vault, role);
    this.#restoreTesting(vault, role);

    this.vaultArn = vault.arn;
    this.registerOutputs({ vaultArn: this.vaultArn });
  }

  /**
   * Locked in governance mode: only who may manage the lock itself can shorten a backup's life.
   * https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html
   */
  #vault(): Vault {
    const { retentionDays, irreversible } = this.#args;
    const key = regionalKey(
      this.#name,
      {
        description: `${this.#args.name} backups, ${this.#args.region}`,
        alias: backupKeyAlias(this.#args),
      },
      this,
    );
    const vault = new Vault(
      this.#name,
      { name: backupVaultName(this.#args), kmsKeyArn: key.arn },
      { parent: this, protect: true },
    );
    new VaultLockConfiguration(
      this.#name,
      {
        backupVaultName: vault.name,
        minRetentionDays: retentionDays,
        ...(irreversible.includes("compliance-lock") && { changeableForDays: COMPLIANCE_GRACE_DAYS }),
      },
      { parent: this },
    );
    return vault;
  }

  #plan(vault: Vault, role: ManagedRole): void {
    const { accountId, peerRegion, retentionDays, irreversible, resources } = this.#args;
    const lifecycle = { deleteAfter: retentionDays };
    const airGapped = irreversible.includes("air-gapped-vault") ? [this.#airGappedVault().arn] : [];
    const destinations: readonly Input<string>[] = [
      `arn:aws:backup:${peerRegion}:${accountId}:backup-vault:${backupVaultName(this.#args)}`,
      ...(this.#args.vaultArn === undefined ? [] : [this.#args.vaultArn]),
      ...airGapped,
    ];
    const plan = new Plan(
      this.#name,
      {
        name: backupVaultName(this.#args),
        rules: [
          {
            ruleName: "nightly",
            targetVaultName: vault.name,
            schedule: EVERY_NIGHT,
            lifecycle,
            copyActions: destinations.map((destinationVaultArn) => ({ destinationVaultArn, lifecycle })),
          },
        ],
      },
      { parent: this },
    );
    new Selection(
      this.#name,
      {
        name: backupVaultName(this.#args),
        planId: plan.id,
        iamRoleArn: role.arn,
        resources: Object.values(resources),
      },
      { parent: this },
    );
  }

  #airGappedVault(): LogicallyAirGappedVault {
    const { retentionDays } = this.#args;
    return new LogicallyAirGappedVault(
      `${this.#name}-air-gapped`,
      {
        name: `${backupVaultName(this.#args)}-air-gapped`,
        minRetentionDays: retentionDays,
        maxRetentionDays: retentionDays,
      },
      { parent: this, protect: true },
    );
  }

  /** A backup that nobody ever restored is a hope. https://docs.aws.amazon.com/aws-backup/latest/devguide/restore-testing.html */
  #restoreTesting(vault: Vault, role: ManagedRole): void {
    const plan = new RestoreTestingPlan(
      this.#name,
      {
        // Letters, digits and underscores only.
        name: `${this.#args.name}_weekly`,
        scheduleExpression: EVERY_SUNDAY,
        startWindowHours: START_HOURS,
        recoveryPointSelection: {
          algorithm: "LATEST_WITHIN_WINDOW",
          includeVaults: [vault.arn],
          recoveryPointTypes: ["SNAPSHOT"],
          selectionWindowDays: 7,
        },
      },
      { parent: this },
    );
    for (const [kind, arn] of Object.entries(this.#args.resources)) {
      new RestoreTestingSelection(
        `${this.#name}-${kind}`,
        {
          name: kind,
          restoreTestingPlanName: plan.name,
          protectedResourceType: kind,
          protectedResourceArns: [arn],
          iamRoleArn: role.arn,
          validationWindowHours: 1,
        },
        { parent: this },
      );
    }
  }
}
