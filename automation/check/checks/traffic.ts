/** Whether clients will find the passive region: name, delegation, certificate, switches. */
import { type Check, fail, known, ok, warn } from "../check.ts";
import type { ReadinessFacts } from "../facts.ts";

const DAY = 86_400_000;
/** AWS renews 60 days ahead; a month before the end it has failed to. https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html */
const CERTIFICATE_DAYS = { warn: 30, fail: 7 } as const;

const certificate = (which: "active" | "passive", id: string): Check<ReadinessFacts> => ({
  id,
  title: `the ${which} region's certificate is issued and lives on`,
  judge: ({ certificates, at }) =>
    known(
      certificates[which],
      `allow acm:DescribeCertificate in the ${which} region`,
      ({ status, expiresAt }) => {
        if (status !== "ISSUED" || expiresAt === null) {
          return fail(`it is ${status}`, "look at its validation record, which stack prod owns");
        }
        const days = Math.floor((expiresAt - at) / DAY);
        const todo = "the renewal fails: its validation record must stay in the zone";
        if (days < CERTIFICATE_DAYS.fail) return fail(`${days} day(s) left`, todo);
        return days < CERTIFICATE_DAYS.warn ? warn(`${days} days left`, todo) : ok(`${days} days left`);
      },
    ),
});

export const traffic: readonly Check<ReadinessFacts>[] = [
  {
    id: "name-answers",
    title: "the public name leads to the active region",
    judge: ({ answers, expected, decision, regions }) =>
      known(answers, "name a resolver with --resolver IP:PORT", (all) =>
        known(decision, "the decision must be readable first", ({ active }) => {
          // A proxied name has its proxy's addresses for ever.
          if (expected.ttlSeconds === 0) return ok("proxied: the answer never changes");
          const there = new Set(expected.addresses[active === regions.primary ? "prod" : "dr"]);
          const wrong = all.filter(
            ({ addresses }) => addresses.length === 0 || addresses.some((address) => !there.has(address)),
          );
          return wrong.length > 0
            ? fail(
                wrong
                  .map(({ resolver, addresses }) => `${resolver}: ${addresses.join(", ") || "no address"}`)
                  .join("; "),
                `it must lead to ${[...there].join(", ")}: look at the health checks of ${active}`,
              )
            : ok(`${all.length} resolver(s) agree`);
        }),
      ),
  },
  {
    id: "name-ttl",
    title: "the public name's TTL is the program's",
    judge: ({ answers, expected }) =>
      known(answers, "name a resolver with --resolver IP:PORT", (all) => {
        if (expected.ttlSeconds === 0) return ok("proxied: nothing to wait for");
        const most = Math.max(...all.map(({ ttlSeconds }) => ttlSeconds));
        return most > expected.ttlSeconds
          ? fail(
              `${most} s, the program says ${expected.ttlSeconds} s: clients would keep the lost region's address longer`,
              "somebody changed the record: dr deploy --stack prod",
            )
          : ok(`at most ${expected.ttlSeconds} s`);
      }),
  },
  {
    id: "delegation",
    title: "the name's zone is delegated",
    judge: ({ nameServers, expected }) =>
      known(nameServers, "name a resolver with --resolver IP:PORT", (servers) =>
        servers.length === 0
          ? fail(
              `no name server answers for a zone of ${expected.publicName}`,
              "look at the parent zone's NS records",
            )
          : servers.length === 1
            ? warn(`only ${servers[0]}`, "delegate to every name server of the zone")
            : ok(`${servers.length} name servers`),
      ),
  },
  certificate("passive", "certificate"),
  certificate("active", "certificate-active"),
  {
    id: "parked",
    title: "traffic is off in the passive region and on in the active one",
    judge: ({ control, decision, regions }) =>
      known(decision, "the decision must be readable first", ({ active }) => {
        const [on, off] = active === regions.primary ? (["prod", "dr"] as const) : (["dr", "prod"] as const);
        const passive = active === regions.primary ? regions.secondary : regions.primary;
        return known(control[off], "the journal's table must be readable", (parked) =>
          known(control[on], "the journal's table must be readable", (serving) => {
            if (parked.traffic === "on") {
              return fail(
                `traffic is on in ${passive}: it would take orders before the smoke test`,
                `dr park --region ${passive}`,
              );
            }
            if (serving.traffic !== "on") return fail(`traffic is off in ${active}`, "dr deploy");
            return serving.maintenance === "on"
              ? warn(`maintenance is on in ${active}`, "end it: infra/scripts/toggle-maintenance.sh off")
              : ok(`on in ${active}, off in ${passive}`);
          }),
        );
      }),
  },
  {
    id: "addresses",
    title: "every address of both load balancers answers",
    judge: ({ answering, decision, regions }) =>
      known(decision, "the decision must be readable first", ({ active }) => {
        const [on, off] = active === regions.primary ? (["prod", "dr"] as const) : (["dr", "prod"] as const);
        return known(answering[on], "reach the addresses from here", (serving) =>
          serving.answering < serving.of
            ? fail(
                `${serving.answering} of ${serving.of} in ${active}`,
                "an availability zone does not answer: look at its targets",
              )
            : // Nothing runs behind the passive region's addresses: to be reachable is all they can be.
              known(answering[off], "reach the addresses from here", () => ok(`${serving.of} in ${active}`)),
        );
      }),
  },
];
