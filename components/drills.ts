/**
 * Experiments that break the real thing, to be started by a person: the loss of a zone's power, and of the connection to
 * the other region. Each stops by itself when an alarm of its own region goes off.
 *
 * They break no control plane; that is rehearsed by denying the failover role everything of the lost region.
 * https://docs.aws.amazon.com/fis/latest/userguide/stop-conditions.html
 */
import { ExperimentTemplate } from "@pulumi/aws/fis/experimentTemplate.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import type { input as aws } from "@pulumi/aws/types/index.js";
import {
  ComponentResource,
  type ComponentResourceOptions,
  type Input,
  interpolate,
  type Output,
} from "@pulumi/pulumi";
import { assumedByService, policy } from "./iam.ts";
import { knownAfter } from "./knownAfter.ts";
import { ManagedRole } from "./managedRole.ts";
import type { Region } from "./model.ts";
import type { Identity } from "./names.ts";

export interface DrillsArgs extends Identity {
  readonly region: Region;
  readonly peerRegion: Region;
  /** With all subnets of theirs. */
  readonly zones: readonly { readonly name: string; readonly subnetIds: readonly Input<string>[] }[];
  readonly privateSubnetIds: readonly Input<string>[];
  readonly clusterName: string;
  readonly databaseClusterArn: Input<string>;
  readonly journalTable: string;
  /** Of this region: an experiment cannot be stopped from another. */
  readonly stopAlarmArns: readonly Output<string>[];
}

const POLICIES = ["EC2Access", "NetworkAccess", "RDSAccess"].map(
  (access) => `service-role/AWSFaultInjectionSimulator${access}`,
);
const POWER_DURATION = "PT15M";
const PARTITION_DURATION = "PT15M";

export class Drills extends ComponentResource {
  readonly #name: string;
  readonly #args: DrillsArgs;

  constructor(name: string, args: DrillsArgs, options?: ComponentResourceOptions) {
    super("trading-platform:components:Drills", name, {}, options);
    this.#name = name;
    this.#args = args;

    const roleArn = this.#role();
    for (const zone of args.zones) this.#zonePower(zone, roleArn);
    this.#partition(roleArn);
    this.registerOutputs();
  }

  /** What AWS' policies do not cover: the journal's replication. */
  #role(): Output<string> {
    const role = new ManagedRole(
      this.#name,
      { trust: assumedByService("fis.amazonaws.com"), policies: POLICIES },
      { parent: this },
    );
    const grant = new RolePolicy(
      this.#name,
      {
        role: role.name,
        policy: policy([
          {
            Effect: "Allow",
            Action: [
              "dynamodb:DescribeTable",
              "dynamodb:GetResourcePolicy",
              "dynamodb:PutResourcePolicy",
              "dynamodb:DeleteResourcePolicy",
            ],
            Resource: [this.#tableArn()],
          },
          // A strongly consistent table's replication is paused by an action that names no resource, only its target.
          // https://docs.aws.amazon.com/fis/latest/userguide/fis-actions-reference.html#dynamodb-actions-reference
          {
            Effect: "Allow",
            Action: ["dynamodb:InjectError"],
            Resource: ["*"],
            Condition: { "ForAllValues:StringEquals": { "dynamodb:FisTargetArns": [this.#tableArn()] } },
          },
        ]),
      },
      { parent: this },
    );
    return knownAfter(role.arn, [grant]);
  }

  /** https://docs.aws.amazon.com/fis/latest/userguide/az-availability-scenario.html */
  #zonePower({ name: zone, subnetIds }: DrillsArgs["zones"][number], roleArn: Output<string>): void {
    this.#template(`zone-power-${zone}`, `Zone ${zone} of ${this.#args.name} loses power`, roleArn, {
      actions: [
        {
          name: "stop-nodes",
          actionId: "aws:ec2:stop-instances",
          // The scaling group replaces what is stopped; what was replaced is gone when its time is up.
          parameters: parameters({
            startInstancesAfterDuration: POWER_DURATION,
            completeIfInstancesTerminated: "true",
          }),
          target: { key: "Instances", value: "nodes" },
        },
        {
          name: "cut-network",
          actionId: "aws:network:disrupt-connectivity",
          parameters: parameters({ duration: POWER_DURATION, scope: "all" }),
          target: { key: "Subnets", value: "subnets" },
        },
        {
          name: "move-writer",
          actionId: "aws:rds:failover-db-cluster",
          target: { key: "Clusters", value: "database" },
        },
      ],
      targets: [
        {
          name: "nodes",
          resourceType: "aws:ec2:instance",
          selectionMode: "ALL",
          resourceTags: [{ key: "eks:cluster-name", value: this.#args.clusterName }],
          filters: [
            { path: "Placement.AvailabilityZone", values: [zone] },
            { path: "State.Name", values: ["running"] },
          ],
        },
        {
          name: "subnets",
          resourceType: "aws:ec2:subnet",
          selectionMode: "ALL",
          resourceArns: this.#subnets(subnetIds),
        },
        {
          name: "database",
          resourceType: "aws:rds:cluster",
          selectionMode: "ALL",
          resourceArns: [this.#args.databaseClusterArn],
          // Only while its writer is in this zone.
          parameters: { writerAvailabilityZoneIdentifiers: zone },
        },
      ],
    });
  }

  /** Pauses the journal's strong replication, but not the database's. https://docs.aws.amazon.com/fis/latest/userguide/cross-region-scenario.html */
  #partition(roleArn: Output<string>): void {
    const { name, peerRegion, privateSubnetIds } = this.#args;
    this.#template("partition", `${name} loses its connection to ${peerRegion}`, roleArn, {
      actions: [
        {
          name: "cut-routes",
          actionId: "aws:network:route-table-disrupt-cross-region-connectivity",
          parameters: parameters({ duration: PARTITION_DURATION, region: peerRegion }),
          target: { key: "Subnets", value: "subnets" },
        },
        {
          name: "pause-journal",
          actionId: "aws:dynamodb:global-table-pause-replication",
          parameters: parameters({ duration: PARTITION_DURATION }),
          target: { key: "Tables", value: "journal" },
        },
      ],
      targets: [
        {
          name: "subnets",
          resourceType: "aws:ec2:subnet",
          selectionMode: "ALL",
          resourceArns: this.#subnets(privateSubnetIds),
        },
        {
          name: "journal",
          resourceType: "aws:dynamodb:global-table",
          selectionMode: "ALL",
          resourceArns: [this.#tableArn()],
        },
      ],
    });
  }

  #template(
    label: string,
    description: string,
    roleArn: Output<string>,
    {
      actions,
      targets,
    }: {
      readonly actions: aws.fis.ExperimentTemplateAction[];
      readonly targets: aws.fis.ExperimentTemplateTarget[];
    },
  ): void {
    new ExperimentTemplate(
      `${this.#name}-${label}`,
      {
        description,
        roleArn,
        actions,
        targets,
        stopConditions: this.#args.stopAlarmArns.map((value) => ({ source: "aws:cloudwatch:alarm", value })),
        experimentOptions: { accountTargeting: "single-account", emptyTargetResolutionMode: "skip" },
        tags: { Name: `${this.#args.name}-${label}` },
      },
      { parent: this },
    );
  }

  #tableArn(): string {
    const { region, accountId, journalTable } = this.#args;
    return `arn:aws:dynamodb:${region}:${accountId}:table/${journalTable}`;
  }

  #subnets(ids: readonly Input<string>[]): Output<string>[] {
    const { region, accountId } = this.#args;
    return ids.map((id) => interpolate`arn:aws:ec2:${region}:${accountId}:subnet/${id}`);
  }
}

const parameters = (values: Readonly<Record<string, string>>): { key: string; value: string }[] =>
  Object.entries(values).map(([key, value]) => ({ key, value }));
