/** Whether the passive region can start what production needs: room, images, quotas, secrets, keys. */
import { isUnknown } from "../../fact.ts";
import type { Capacity } from "../../failover/ports.ts";
import { type Check, type Finding, fail, known, ok, unknown, warn } from "../check.ts";
import type { ReadinessFacts } from "../facts.ts";

const room = ({ cpu, memory }: { readonly cpu: number; readonly memory: number }): string =>
  `${cpu.toFixed(1)} cores and ${(memory / 2 ** 30).toFixed(1)} GiB`;

/** Also what the failover itself says of the target before anybody confirms. */
export function judgeRoom({ free, needed }: Capacity): Finding {
  if (free === undefined) {
    return unknown(
      "the nodes of the target region do not say their free room",
      "look at kubectl describe nodes",
    );
  }
  return free.cpu < needed.cpu || free.memory < needed.memory
    ? fail(
        `nodes must start first: ${room(needed)} are needed, ${room(free)} are free`,
        "raise cluster.nodesPerZone.min, with capacity reservations, and deploy the passive stack",
      )
    : ok(`${room(needed)} are needed, ${room(free)} are free`);
}

export function judgePulled({ missingImages }: Capacity): Finding {
  if (missingImages === undefined) {
    return unknown(
      "the nodes of the target region do not say their images",
      "look at kubectl get nodes -o yaml",
    );
  }
  return missingImages.length > 0
    ? warn(`no node has pulled ${missingImages.join(", ")}`, "pull it ahead: seconds of the recovery time")
    : ok("every image is on a node");
}

export const capacity: readonly Check<ReadinessFacts>[] = [
  {
    id: "capacity",
    title: "nodes with room for production wait in the passive region",
    judge: ({ capacity: found }) =>
      known(found, "the passive cluster must be reachable from here", judgeRoom),
  },
  {
    id: "capacity-production",
    title: "what production runs now would fit into the passive region",
    judge: ({ productionCapacity }) =>
      known(productionCapacity, "both clusters must be reachable from here", (found) => {
        const finding = judgeRoom(found);
        return finding.status === "fail"
          ? fail(finding.why, "production has grown beyond its targets: raise cluster.nodesPerZone")
          : finding;
      }),
  },
  {
    id: "images-on-nodes",
    title: "the images are on the passive region's nodes",
    judge: ({ capacity: found }) =>
      known(found, "the passive cluster must be reachable from here", judgePulled),
  },
  {
    id: "images-in-registry",
    title: "the images, by digest, are in the passive region's own registry",
    judge: ({ images }) =>
      known(images, "the state must be readable", (all) => {
        if (all.length === 0) return unknown("the stack has no Deployment", "dr deploy --stack dr");
        const untagged = all.filter(({ image }) => !image.includes("@sha256:"));
        if (untagged.length > 0) {
          return fail(
            `not by digest: ${untagged.map(({ image }) => image).join(", ")}`,
            "name images by digest",
          );
        }
        const absent = all.filter(({ present }) => present === false);
        if (absent.length > 0) {
          return fail(
            `missing: ${absent.map(({ image }) => image).join(", ")}`,
            "push them: a registry replicates only images pushed after replication was configured",
          );
        }
        const [unseen] = all.flatMap(({ present }) => (isUnknown(present) ? [present.unknown] : []));
        return unseen === undefined
          ? ok(`${all.length} image(s)`)
          : unknown(unseen, "allow ecr:DescribeImages in the passive region");
      }),
  },
  {
    id: "quotas",
    title: "the passive region's quotas allow what production needs",
    judge: ({ quotas }) =>
      known(quotas, "allow servicequotas:GetServiceQuota in the passive region", (all) => {
        const short = all.filter(({ limit, needed }) => limit < needed);
        return short.length > 0
          ? fail(
              short.map(({ title, limit, needed }) => `${title}: ${limit}, ${needed} are needed`).join("; "),
              "ask for more in Service Quotas: it takes days, not minutes",
            )
          : ok(all.map(({ title, limit, needed }) => `${title} ${needed} of ${limit}`).join(", "));
      }),
  },
  {
    id: "always-on",
    title: "what runs in every role runs in the passive region",
    judge: ({ alwaysOn }) =>
      known(alwaysOn, "the passive cluster must be reachable from here", (all) => {
        const short = all.filter(({ ready, wanted }) => ready < wanted);
        return short.length > 0
          ? fail(
              short.map(({ name, ready, wanted }) => `${name} ${ready} of ${wanted}`).join(", "),
              "without it no checkpoint is written there: look at the pods' events",
            )
          : ok(all.map(({ name, ready }) => `${name} ${ready}`).join(", ") || "nothing is always on");
      }),
  },
  {
    id: "smoke-token",
    title: "the secret that the smoke test presents is in the passive cluster",
    judge: ({ smokeToken }) =>
      known(smokeToken, "the passive cluster must be reachable from here", (present) =>
        present ? ok("present") : fail("it is not there", "dr deploy --stack dr"),
      ),
  },
  {
    id: "keys",
    title: "the passive region's own keys are enabled",
    judge: ({ keys }) =>
      known(keys, "allow kms:DescribeKey in the passive region", (all) => {
        const bad = all.filter(({ state }) => state !== "Enabled");
        if (all.length === 0) return unknown("the stack has no key of its own", "dr deploy --stack dr");
        return bad.length > 0
          ? fail(
              bad.map(({ id, state }) => `${id} is ${state}`).join(", "),
              "cancel the deletion or enable it",
            )
          : ok(`${all.length} key(s)`);
      }),
  },
];
