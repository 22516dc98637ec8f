/**
 * Where orders are written before they are acknowledged: a strongly consistent table over both regions, owned by
 * the stack that starts active, and per region its archive, its checkpoints and the item that its pods obey.
 */
import { Table } from "@pulumi/aws/dynamodb/table.js";
import { TableItem } from "@pulumi/aws/dynamodb/tableItem.js";
import { Alias } from "@pulumi/aws/kms/alias.js";
import { Key } from "@pulumi/aws/kms/key.js";
import { ReplicaKey } from "@pulumi/aws/kms/replicaKey.js";
import { ComponentResource, type ComponentResourceOptions, type Output } from "@pulumi/pulumi";
import { controlKey } from "../journal/model.ts";
import { DELETION_DAYS, regionalKey } from "./keys.ts";
import type { OnOff, Region, RegionTriple } from "./model.ts";
import {
  archiveBucketName,
  checkpointBucketName,
  type Identity,
  journalKeyAlias,
  storageKeyAlias,
} from "./names.ts";
import { PrivateBucket } from "./privateBucket.ts";

export interface JournalArgs extends Identity {
  readonly region: Region;
  readonly regions: RegionTriple;
  readonly tableName: string;
  /** Whether this stack owns what spans the regions: the table with its replica, and their keys. */
  readonly ownsTable: boolean;
  readonly traffic: OnOff;
  readonly maintenance: OnOff;
  readonly archiveRetentionDays: number;
}

export const HASH_KEY = "pk";
export const RANGE_KEY = "sk";

export class Journal extends ComponentResource {
  readonly archiveBucket: Output<string>;
  readonly checkpointBucket: Output<string>;

  readonly #name: string;
  readonly #args: JournalArgs;

  constructor(name: string, args: JournalArgs, options?: ComponentResourceOptions) {
    super("trading-platform:components:Journal", name, {}, options);
    this.#name = name;
    this.#args = args;

    const table = args.ownsTable ? this.#table() : undefined;
    this.#controlItem(table);
    const key = regionalKey(
      `${name}-storage`,
      {
        description: `${args.name} archive and checkpoints, ${args.region}`,
        alias: storageKeyAlias(args),
      },
      this,
    );
    const archive = new PrivateBucket(
      `${name}-archive`,
      {
        bucketName: archiveBucketName(args, args.region),
        keyArn: key.arn,
        lockedDays: args.archiveRetentionDays,
      },
      { parent: this },
    );
    const checkpoints = new PrivateBucket(
      `${name}-checkpoints`,
      { bucketName: checkpointBucketName(args, args.region), keyArn: key.arn },
      { parent: this },
    );

    this.archiveBucket = archive.bucketName;
    this.checkpointBucket = checkpoints.bucketName;
    this.registerOutputs({ archiveBucket: this.archiveBucket, checkpointBucket: this.checkpointBucket });
  }

  /**
   * Two replicas and a witness: a write is acknowledged when one other region has it. Fixed at creation.
   * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html
   */
  #table(): Table {
    const { primary, secondary, witness } = this.#args.regions;
    const key = new Key(
      this.#name,
      {
        region: primary,
        description: `${this.#args.name} journal`,
        multiRegion: true,
        enableKeyRotation: true,
        deletionWindowInDays: DELETION_DAYS,
      },
      { parent: this, protect: true },
    );
    const replica = new ReplicaKey(
      this.#name,
      {
        region: secondary,
        primaryKeyArn: key.arn,
        description: `${this.#args.name} journal`,
        deletionWindowInDays: DELETION_DAYS,
      },
      { parent: this, protect: true },
    );
    // An alias belongs to one region, unlike the key's material.
    const aliases = [
      { region: primary, keyId: key.keyId },
      { region: secondary, keyId: replica.keyId },
    ].map(
      ({ region, keyId }) =>
        new Alias(
          `${this.#name}-${region}`,
          { region, name: journalKeyAlias(this.#args), targetKeyId: keyId },
          { parent: this },
        ),
    );
    return new Table(
      this.#name,
      {
        region: primary,
        name: this.#args.tableName,
        billingMode: "PAY_PER_REQUEST",
        hashKey: HASH_KEY,
        rangeKey: RANGE_KEY,
        attributes: [
          { name: HASH_KEY, type: "S" },
          { name: RANGE_KEY, type: "N" },
        ],
        serverSideEncryption: { enabled: true, kmsKeyArn: key.arn },
        pointInTimeRecovery: { enabled: true },
        deletionProtectionEnabled: true,
        replicas: [
          {
            regionName: secondary,
            consistencyMode: "STRONG",
            kmsKeyArn: replica.arn,
            pointInTimeRecovery: true,
            deletionProtectionEnabled: true,
            propagateTags: true,
          },
        ],
        globalTableWitness: { regionName: witness },
      },
      { parent: this, protect: true, dependsOn: aliases },
    );
  }

  /** One per stack and made once, so that a flip changes one attribute of one item in the region that takes over. */
  #controlItem(table: Table | undefined): void {
    const { region, traffic, maintenance } = this.#args;
    new TableItem(
      `${this.#name}-control`,
      {
        region,
        tableName: table?.name ?? this.#args.tableName,
        hashKey: HASH_KEY,
        rangeKey: RANGE_KEY,
        item: controlItem(region, traffic, maintenance),
      },
      { parent: this },
    );
  }
}

/** DynamoDB JSON of the item that a region's pods obey; laid out by `journal/model.ts`. */
export const controlItem = (region: Region, traffic: OnOff, maintenance: OnOff): string =>
  JSON.stringify({
    [HASH_KEY]: { S: controlKey(region) },
    [RANGE_KEY]: { N: "0" },
    traffic: { S: traffic },
    maintenance: { S: maintenance },
  });
