/** The platform's services on the cluster: what they are, what they may do, and how many of them a role allows. */
import { PodIdentityAssociation } from "@pulumi/aws/eks/podIdentityAssociation.js";
import { Role as IamRole } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import { Deployment } from "@pulumi/kubernetes/apps/v1/deployment.js";
import { HorizontalPodAutoscaler } from "@pulumi/kubernetes/autoscaling/v2/horizontalPodAutoscaler.js";
import { Namespace } from "@pulumi/kubernetes/core/v1/namespace.js";
import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import { ServiceAccount } from "@pulumi/kubernetes/core/v1/serviceAccount.js";
import { NetworkPolicy } from "@pulumi/kubernetes/networking/v1/networkPolicy.js";
import { PodDisruptionBudget } from "@pulumi/kubernetes/policy/v1/podDisruptionBudget.js";
import {
  ComponentResource,
  type ComponentResourceOptions,
  type Input,
  type Output,
  output,
  type Resource,
} from "@pulumi/pulumi";
import {
  DATABASE_OWNER_SECRET,
  environmentOf,
  type RegionEnvironment,
  SMOKE_TOKEN_SECRET,
} from "./environment.ts";
import { type GrantScope, statementsFor } from "./grants.ts";
import { assumedByPods, policy } from "./iam.ts";
import { autoscalerOf, deploymentOf, disruptionBudgetOf, networkPolicyOf, serviceOf } from "./manifests.ts";
import type { Role } from "./model.ts";
import {
  exposedOf,
  hasStandby,
  isAutoscaled,
  replicasFor,
  type ServiceSpec,
  type Services,
  type Unit,
  unitsOf,
} from "./services.ts";

export interface WorkloadArgs {
  readonly namespace: string;
  readonly role: Role;
  readonly services: Services;
  readonly environment: RegionEnvironment;
  /** Secret. */
  readonly smokeToken: Output<string>;
  /** Secret; undefined in a secondary. */
  readonly databaseOwnerPassword: Output<string> | undefined;
  readonly clusterName: Input<string>;
  readonly clusterArn: Input<string>;
  readonly grantScope: Omit<GrantScope, "databaseResourceId"> & {
    readonly databaseResourceId: Input<string>;
  };
}

/** What one Deployment is recorded with after this deployment. */
export interface RecordedReplicas {
  readonly unit: Unit;
  readonly replicas: Output<number>;
}

export class Workload extends ComponentResource {
  readonly units: readonly Unit[];
  /** Of the exposed service, for the load balancer's target check. */
  readonly readinessPath: string;
  /** Of the Deployments that obey roles. */
  readonly recorded: readonly RecordedReplicas[];

  readonly #name: string;
  readonly #args: WorkloadArgs;

  constructor(name: string, args: WorkloadArgs, options?: ComponentResourceOptions) {
    super("trading-platform:components:Workload", name, {}, options);
    this.#name = name;
    this.#args = args;
    this.units = unitsOf(args.services, args.environment.shards);
    this.readinessPath = exposedOf(args.services).probes.readiness;

    const namespace = this.#namespace();
    const secrets = this.#secrets(namespace);
    const accounts = new Map(
      Object.entries(args.services).map(([service, spec]) => [
        service,
        this.#service(namespace, service, spec),
      ]),
    );
    // None per shard: a Service cannot tell the active engine from its standby, nor a dead zone's from a living one.
    const units = this.units.filter(({ shard }) => shard === undefined);
    const doors = new Map(
      units.map((unit) => [
        unit.name,
        new Service(unit.name, this.#in(namespace, serviceOf(unit)), { parent: this }),
      ]),
    );
    const deployments = new Map<Unit, Deployment>();
    // Who calls others starts last: engines have a log to read, and an outage lasts until they have.
    for (const unit of this.units.toSorted((a, b) => a.spec.calls.length - b.spec.calls.length)) {
      const after = [
        ...secrets,
        ...(accounts.get(unit.service) ?? []),
        // A pod learns its callees' addresses from Services that exist before it.
        ...[...doors].filter(([door]) => this.#reaches(unit, door)).map(([, service]) => service),
        ...[...deployments]
          .filter(([{ service }]) => unit.spec.calls.includes(service))
          .map(([, deployment]) => deployment),
      ];
      deployments.set(unit, this.#deployment(namespace, unit, after));
    }

    this.recorded = this.units.flatMap((unit) => {
      const deployment = deployments.get(unit);
      return deployment === undefined || unit.spec.alwaysOn
        ? []
        : [{ unit, replicas: deployment.spec.replicas }];
    });
    this.registerOutputs({ namespace: args.namespace });
  }

  #namespace(): Namespace {
    return new Namespace(
      this.#name,
      {
        metadata: {
          name: this.#args.namespace,
          labels: { "pod-security.kubernetes.io/enforce": "restricted" },
        },
      },
      { parent: this },
    );
  }

  #in<T extends { readonly metadata?: unknown }>(namespace: Namespace, manifest: T): T {
    return {
      ...manifest,
      metadata: { ...(manifest.metadata as object), namespace: namespace.metadata.name },
    };
  }

  #secrets(namespace: Namespace): readonly Secret[] {
    const { smokeToken, databaseOwnerPassword } = this.#args;
    const secret = ({ name, key }: { name: string; key: string }, value: Output<string>) =>
      new Secret(name, this.#in(namespace, { metadata: { name }, stringData: { [key]: value } }), {
        parent: this,
      });
    return [
      secret(SMOKE_TOKEN_SECRET, smokeToken),
      ...(databaseOwnerPassword === undefined ? [] : [secret(DATABASE_OWNER_SECRET, databaseOwnerPassword)]),
    ];
  }

  /** What all units of a service share; a pod must not start before it. */
  #service(namespace: Namespace, service: string, spec: ServiceSpec): readonly Resource[] {
    const { services, environment, clusterName } = this.#args;
    const account = new ServiceAccount(
      service,
      this.#in(namespace, { metadata: { name: service }, automountServiceAccountToken: false }),
      { parent: this },
    );
    const role = this.#role(service, spec);
    const identity = new PodIdentityAssociation(
      service,
      {
        clusterName,
        namespace: this.#args.namespace,
        serviceAccount: service,
        roleArn: role.arn,
      },
      { parent: this, dependsOn: [...role.granted] },
    );
    new PodDisruptionBudget(service, this.#in(namespace, disruptionBudgetOf(service)), { parent: this });
    const rules = networkPolicyOf(service, spec, {
      callers: Object.keys(services).filter((caller) => services[caller]?.calls.includes(service)),
      callees: spec.calls.map((name) => ({ name, port: services[name]?.port ?? spec.port })),
      databasePort: spec.grants.includes("database") ? environment.database.port : undefined,
      listenerPort: environment.listenerPort,
    });
    const network = new NetworkPolicy(service, this.#in(namespace, rules), { parent: this });
    return [account, identity, network];
  }

  #role(service: string, spec: ServiceSpec): { arn: Output<string>; granted: readonly Resource[] } {
    const { grantScope, clusterArn } = this.#args;
    const name = `${this.#name}-${service}`;
    const trust = output(clusterArn).apply((arn) => assumedByPods(grantScope.accountId, arn));
    const role = new IamRole(name, { assumeRolePolicy: trust }, { parent: this });
    const document = output(grantScope.databaseResourceId).apply((databaseResourceId) =>
      policy(statementsFor(spec.grants, { ...grantScope, databaseResourceId })),
    );
    // IAM takes no empty policy.
    const granted = spec.grants.some((grant) => grant !== "smoke-token")
      ? [new RolePolicy(name, { role: role.id, policy: document }, { parent: this })]
      : [];
    return { arn: role.arn, granted };
  }

  #reaches(unit: Unit, door: string): boolean {
    return this.units.some(
      ({ name, service }) => name === door && (name === unit.name || unit.spec.calls.includes(service)),
    );
  }

  #deployment(namespace: Namespace, unit: Unit, after: readonly Resource[]): Deployment {
    const { role, services, environment } = this.#args;
    const { replicas, ignored } = replicasFor(role, unit.spec);
    const variables = environmentOf({
      region: environment,
      port: unit.spec.port,
      shard: unit.shard,
      grants: unit.spec.grants,
      standby: hasStandby(unit.spec),
      calls: unit.spec.calls.filter((name) => services[name]?.perShard !== true),
      own: unit.spec.environment,
    });
    const deployment = new Deployment(
      unit.name,
      this.#in(namespace, deploymentOf(unit, replicas, variables)),
      { parent: this, dependsOn: [...after], ...(ignored ? { ignoreChanges: ["spec.replicas"] } : {}) },
    );
    if (isAutoscaled(unit.spec)) {
      new HorizontalPodAutoscaler(unit.name, this.#in(namespace, autoscalerOf(unit)), {
        parent: this,
        dependsOn: [deployment],
      });
    }
    return deployment;
  }
}
