/** One region of the platform. Nothing happens on import: hosts call the function. */
import { Provider as CloudflareProvider } from "@pulumi/cloudflare/provider.js";
import { secret } from "@pulumi/pulumi";
import { Certificate } from "../components/certificate.ts";
import { CloudflareAnswers } from "../components/cloudflare.ts";
import { DATABASE_USER, Database } from "../components/database.ts";
import { Journal } from "../components/journal.ts";
import { EXPOSED_NODE_PORT } from "../components/manifests.ts";
import { namespaceName } from "../components/names.ts";
import { Registry } from "../components/registry.ts";
import { Route53Answers } from "../components/route53.ts";
import { Traffic } from "../components/traffic.ts";
import { Workload } from "../components/workload.ts";
import { PLACES, placeOf } from "./config.ts";
import { regionEnvironment } from "./environment.ts";
import { outputsOf, type ProgramOutputs } from "./exports.ts";
import { operations } from "./operations.ts";
import { clusterOf, networkOf } from "./places.ts";
import { start } from "./start.ts";

export default async function program(): Promise<ProgramOutputs> {
  const { config, aws, lastRole, adopted } = await start();
  const { name, accountId, region, regions, dns } = config;
  const identity = { name, accountId, region };
  // What spans the regions belongs to the stack that starts active, for good: a failover touches none of it.
  const which = placeOf(config);
  const ownsSpanning = which === "primary";
  const cloudflare = dns.provider === "cloudflare" ? [new CloudflareProvider("cloudflare")] : [];
  const providers = [aws, ...cloudflare];

  const network = networkOf(config, adopted, { providers });

  const database = new Database(
    "database",
    {
      ...identity,
      ...config.database,
      instances: config.database.instances[which],
      incarnation: config.databaseIncarnation,
      membership:
        config.databasePassword === undefined
          ? { kind: "secondary", primaryRegion: regions.primary }
          : { kind: "primary", masterPassword: secret(config.databasePassword) },
      vpcId: network.vpcId,
      zones: network.zones.map((zone) => ({ name: zone.name, subnetId: zone.dataSubnetId })),
    },
    { providers },
  );

  const journal = new Journal(
    "journal",
    {
      ...identity,
      ...config.journal,
      regions,
      ownsTable: ownsSpanning,
      traffic: config.traffic,
      maintenance: config.maintenance,
    },
    { providers },
  );

  const images = Object.values(config.services).map((service) => service.image);
  new Registry("registry", { ...identity, images }, { providers });

  const cluster = clusterOf(config, adopted, network, { providers });
  database.allowFrom("cluster", cluster.securityGroupId);

  const workload = new Workload(
    "workload",
    {
      namespace: namespaceName(identity),
      role: config.role,
      services: config.services,
      smokeToken: secret(config.smokeToken),
      databaseOwnerPassword:
        config.databasePassword === undefined ? undefined : secret(config.databasePassword),
      environment: regionEnvironment(config, database),
      clusterName: cluster.clusterName,
      clusterArn: cluster.clusterArn,
      grantScope: {
        ...identity,
        journalTable: config.journal.tableName,
        databaseResourceId: database.resourceId,
        databaseUser: DATABASE_USER,
      },
    },
    { providers: [aws, cluster.kubernetes] },
  );

  const certificate = new Certificate(
    "certificate",
    {
      publicName: dns.name,
      dnsProvider: dns.provider,
      zoneId: dns.zoneId,
      ownsValidation: ownsSpanning,
    },
    { providers },
  );

  const traffic = new Traffic(
    "traffic",
    {
      vpcId: network.vpcId,
      zones: network.zones.map((zone) => ({
        ...zone,
        autoscalingGroupName: cluster.scalingGroupIn(zone.name),
      })),
      listenerPort: config.listener.port,
      certificateArn: certificate.arn,
      nodePort: EXPOSED_NODE_PORT,
      readinessPath: workload.readinessPath,
      nodeSecurityGroupId: cluster.securityGroupId,
    },
    { providers },
  );

  const answers = {
    publicName: dns.name,
    region,
    addresses: traffic.addresses,
    listenerPort: config.listener.port,
  };
  if (dns.provider === "route53") {
    const failover = which === "primary" ? "PRIMARY" : "SECONDARY";
    new Route53Answers("answers", { ...dns, ...answers, failover }, { providers });
  } else {
    new CloudflareAnswers(
      "answers",
      {
        ...dns,
        ...answers,
        ownsBalancer: ownsSpanning,
        regions: PLACES.map((place) => ({
          region: regions[place],
          zones: config.network[place].zones.length,
        })),
      },
      { providers },
    );
  }

  operations({ config, network, database, traffic }, { providers });

  return outputsOf({ config, lastRole, database, journal, cluster, workload, traffic });
}
