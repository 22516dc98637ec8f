/** Judges the machine that would run the failover: it must need nothing of the region that may be lost. */
import type { Region } from "../../components/model.ts";
import type { Fact } from "../fact.ts";
import { type Check, fail, known, ok, warn } from "./check.ts";

export interface HostFacts {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly primary: Region;
  /** Where this machine is an EC2 instance; null: it is none. */
  readonly region: Fact<string | null>;
  readonly node: { readonly version: string; readonly wanted: string };
  readonly engine: Fact<string>;
  /** Provider plugins that are wanted, by `name version`, and whether they are here or attached. */
  readonly plugins: Fact<readonly { readonly plugin: string; readonly present: boolean }[]>;
  /** Version of the program that kubeconfig's exec runs; null: it is not on PATH. */
  readonly execPlugin: Fact<string | null>;
  /** The AWS configuration's mode: `regional` or `legacy`. */
  readonly stsEndpoints: Fact<string>;
  /** Region whose STS gives a role, where a profile that takes one names it; null: the region that is worked on. */
  readonly stsRegion: Fact<string | null>;
  /** Region of IAM Identity Center, where sign-in goes by it; null: it does not. */
  readonly ssoRegion: Fact<string | null>;
  /** End of the credentials, milliseconds since 1970; null: they do not end. */
  readonly credentialsEnd: Fact<number | null>;
  readonly clusterReachable: Fact<boolean>;
  /** This machine's clock less the region's, in seconds. */
  readonly clockSkewSeconds: Fact<number>;
  /** Free bytes where run records go. */
  readonly freeBytes: Fact<number>;
  /** The stacks' secrets are under a passphrase, and whether this process has it; null: they are not. */
  readonly passphrase: Fact<boolean | null>;
}

const HOUR = 3_600_000;
/** By major version. https://docs.aws.amazon.com/eks/latest/userguide/create-kubeconfig.html */
const OLDEST_AWS_CLI = ["1.27.160", "2.12.3"] as const;
/** A failover and what follows it: the fail-back of one database. */
const CREDENTIALS_HOURS = 1;
/** The age of the journal's heartbeat is judged by this clock. */
const SKEW_SECONDS = { warn: 1, fail: 5 } as const;
const FREE_BYTES = 100 * 2 ** 20;

export const HOST_CHECKS: readonly Check<HostFacts>[] = [
  {
    id: "host-region",
    title: "this machine is not in the region that may be lost",
    judge: ({ region, primary }) =>
      known(region, "allow the instance metadata service", (found) => {
        if (found === null) return ok("no EC2 instance");
        return found === primary
          ? fail(
              `it is in ${found}: it would be lost as well`,
              "run failovers from the witness region or outside AWS",
            )
          : ok(found);
      }),
  },
  {
    id: "host-node",
    title: "Node runs the program as it is",
    judge: ({ node: { version, wanted } }) =>
      isAtLeast(version, wanted)
        ? ok(version)
        : fail(`${version}, ${wanted} or newer is needed`, "npm ci brings it: use npm run -s dr"),
  },
  {
    id: "host-engine",
    title: "a Pulumi engine is here, nothing to download",
    judge: ({ engine }) => known(engine, "install Pulumi, or run dr deploy once on this machine", ok),
  },
  {
    id: "host-plugins",
    title: "the providers' plugins are here at their exact versions",
    judge: ({ plugins }) =>
      known(plugins, "the packages must be installed: npm ci", (all) => {
        const missing = all.filter(({ present }) => !present).map(({ plugin }) => plugin);
        return missing.length > 0
          ? fail(
              `missing: ${missing.join(", ")}`,
              missing.map((plugin) => `pulumi plugin install resource ${plugin}`).join(" && "),
            )
          : ok(all.map(({ plugin }) => plugin).join(", "));
      }),
  },
  {
    id: "host-exec",
    title: "what kubeconfig's exec needs is here",
    judge: ({ execPlugin }) =>
      known(execPlugin, "aws must run: try aws --version", (version) => {
        const todo = "install the AWS CLI, version 2";
        if (version === null)
          return fail("aws is not on PATH: Pulumi could not sign in to the cluster", todo);
        return OLDEST_AWS_CLI.some((oldest) => version[0] === oldest[0] && isAtLeast(version, oldest))
          ? ok(`aws ${version}`)
          : fail(`aws ${version} is too old to sign in to a cluster`, todo);
      }),
  },
  {
    id: "host-sts",
    title: "credentials come from regional STS endpoints",
    judge: ({ stsEndpoints, stsRegion, primary }) =>
      known(stsEndpoints, "the AWS configuration must be readable", (mode) =>
        known(stsRegion, "the AWS configuration must be readable", (region) => {
          if (mode === "legacy") {
            return fail(
              `legacy: the global endpoint is in ${primary}`,
              "set AWS_STS_REGIONAL_ENDPOINTS=regional, and drop sts_regional_endpoints = legacy",
            );
          }
          return region === primary
            ? fail(
                `the profile's role comes from STS in ${region}`,
                "drop the profile's region, or name the witness region there",
              )
            : ok(region === null ? mode : `${mode}, ${region}`);
        }),
      ),
  },
  {
    id: "host-sso",
    title: "signing in does not pass through the region that may be lost",
    judge: ({ ssoRegion, primary }) =>
      known(ssoRegion, "the AWS configuration must be readable", (region) =>
        region === primary
          ? fail(
              `IAM Identity Center is in ${region}`,
              "keep a break-glass role that needs no sign-in there, and credentials of it on this machine",
            )
          : ok(region === null ? "no IAM Identity Center" : region),
      ),
  },
  {
    id: "host-credentials",
    title: "the credentials outlive a failover",
    judge: ({ credentialsEnd, at }) =>
      known(credentialsEnd, "name credentials: AWS_PROFILE or AWS_ACCESS_KEY_ID", (end) => {
        if (end === null) return ok("they do not end");
        const hours = (end - at) / HOUR;
        const why = `${hours.toFixed(1)} hour(s) left`;
        if (hours <= 0) return fail("they have ended", "sign in again");
        return hours < CREDENTIALS_HOURS ? warn(why, "sign in again before they end") : ok(why);
      }),
  },
  {
    id: "host-cluster",
    title: "the passive cluster's endpoint can be reached from here",
    judge: ({ clusterReachable }) =>
      known(clusterReachable, "allow this machine's address in cluster.endpointCidrs", (reachable) =>
        reachable
          ? ok("it answers")
          : fail("it does not answer", "allow this machine in cluster.endpointCidrs"),
      ),
  },
  {
    id: "host-clock",
    title: "this machine's clock is right",
    judge: ({ clockSkewSeconds }) =>
      known(clockSkewSeconds, "the passive region must be reachable from here", (seconds) => {
        const why = `${Math.abs(seconds).toFixed(1)} s ${seconds < 0 ? "behind" : "ahead"}`;
        const todo = "start a time service: the age of the journal's heartbeat is judged by this clock";
        if (Math.abs(seconds) > SKEW_SECONDS.fail) return fail(why, todo);
        return Math.abs(seconds) > SKEW_SECONDS.warn ? warn(why, todo) : ok(why);
      }),
  },
  {
    id: "host-disk",
    title: "run records can be written",
    judge: ({ freeBytes }) =>
      known(freeBytes, "make the project directory writable", (bytes) =>
        bytes < FREE_BYTES
          ? fail(`${Math.floor(bytes / 2 ** 20)} MiB free`, "make room: every step is on disk before it acts")
          : ok(`${Math.floor(bytes / 2 ** 30)} GiB free`),
      ),
  },
  {
    id: "host-passphrase",
    title: "the stacks' secrets can be read here",
    judge: ({ passphrase }) =>
      known(passphrase, "the stack files must be readable", (present) => {
        if (present === null) return ok("under a key, not a passphrase");
        return present
          ? ok("the passphrase is set")
          : fail("there is no passphrase", "set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE");
      }),
  },
];

function isAtLeast(version: string, wanted: string): boolean {
  const parts = (text: string) => text.replace(/^\D*/, "").split(".").map(Number);
  const [have, need] = [parts(version), parts(wanted)];
  for (const [index, part] of need.entries()) {
    const own = have[index] ?? 0;
    if (own !== part) return own > part;
  }
  return true;
}
