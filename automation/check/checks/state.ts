/** Whether the tools work without the region that is lost, and nothing stands in their way. */
import type { StackName } from "../../../components/model.ts";
import { type Check, type Finding, fail, known, ok, unknown, warn } from "../check.ts";
import type { ReadinessFacts } from "../facts.ts";

const STATE_TODO = "set PULUMI_BACKEND_URL, and allow reading its bucket";

const drift = (stack: StackName): Check<ReadinessFacts> => ({
  id: `drift-${stack}`,
  title: `stack ${stack} is as deployed`,
  judge: (facts) =>
    known(facts.drift[stack], "the preview must work: an engine, plugins, credentials", (changes) =>
      changes.length === 0
        ? ok("a preview with refresh does nothing")
        : fail(
            `${changes.length} operation(s): ${changes.slice(0, 3).join(", ")}${changes.length > 3 ? "…" : ""}`,
            `look at pulumi preview --refresh --stack ${stack}, then dr deploy --stack ${stack}`,
          ),
    ),
});

const held = (stack: StackName): Check<ReadinessFacts> => ({
  id: `state-${stack}`,
  title: `the state of stack ${stack} is free and whole`,
  judge: ({ stacks }) =>
    known(stacks[stack], STATE_TODO, ({ locks, pendingOperations }) => {
      if (locks.length > 0)
        return fail(`held by ${locks.join(", ")}`, "once nobody is behind it: pulumi cancel");
      return pendingOperations > 0
        ? fail(
            `an update was killed: ${pendingOperations} operation(s) unfinished`,
            `pulumi refresh --stack ${stack}`,
          )
        : ok("no lock, no unfinished operation");
    }),
});

/** @param what for a person @param found where it lives */
function away(what: string, found: string | null, primary: string): Finding {
  if (found === null) return warn(`${what} is in no region: it lives on one machine`, "use an S3 backend");
  return found === primary
    ? fail(`${what} is in ${found}, which a failover must do without`, "move it to the witness region")
    : ok(`${what} is in ${found}`);
}

export const state: readonly Check<ReadinessFacts>[] = [
  {
    id: "state-region",
    title: "Pulumi's state survives the active region",
    judge: ({ stateRegion, regions }) =>
      known(stateRegion, STATE_TODO, (region) => away("the state", region, regions.primary)),
  },
  {
    id: "secrets-region",
    title: "the key of the stacks' secrets survives the active region",
    judge: ({ secretsRegion, regions }) =>
      known(secretsRegion, "the stack files must be readable", (region) =>
        region === null
          ? warn(
              "a passphrase, not a key of a region",
              "keep PULUMI_CONFIG_PASSPHRASE where the failover runs, or use awskms:// of the witness region",
            )
          : away("the key", region, regions.primary),
      ),
  },
  held("prod"),
  held("dr"),
  {
    id: "outputs",
    title: "the stacks' outputs come from the state, not from a copy",
    judge: ({ stale }) => (stale === null ? ok("read from the state") : fail(stale, STATE_TODO)),
  },
  {
    id: "roles",
    title: "the stacks' roles are the decision's",
    judge: ({ stacks, decision, regions }) =>
      known(stacks.prod, STATE_TODO, (prod) =>
        known(stacks.dr, STATE_TODO, (dr) =>
          known(decision, "the journal's table must be readable", ({ active }) => {
            const [on, off] = active === regions.primary ? [prod, dr] : [dr, prod];
            return on.role === "active" && off.role === "passive"
              ? ok(`${active} is active`)
              : fail(
                  `${active} is active by decision, but prod is ${prod.role} and dr is ${dr.role}`,
                  "finish the failover, park the old region, or run dr reconcile",
                );
          }),
        ),
      ),
  },
  {
    id: "decision",
    title: "no run stands half-way",
    judge: ({ decision }) =>
      known(decision, "the journal's table must be readable", ({ finished, runId, generation }) =>
        finished
          ? ok(`generation ${generation}`)
          : fail(`run ${runId} has not finished`, "continue it where it was started, or --take-over it"),
      ),
  },
  {
    id: "commit",
    title: "both stacks are deployed from this commit",
    judge: ({ stacks, head }) =>
      known(stacks.prod, STATE_TODO, (prod) =>
        known(stacks.dr, STATE_TODO, (dr) => {
          if (prod.commit !== dr.commit) {
            return fail(
              `prod is ${prod.commit.slice(0, 12)}, dr is ${dr.commit.slice(0, 12)}`,
              "deploy both: dr deploy --all",
            );
          }
          if (prod.commit === "unknown")
            return unknown("deployed outside git", "deploy from a clean checkout");
          return prod.commit.startsWith(head)
            ? ok(prod.commit.slice(0, 12))
            : warn(
                `deployed is ${prod.commit.slice(0, 12)}, here is ${head.slice(0, 12)}`,
                "check out what is deployed",
              );
        }),
      ),
  },
  drift("prod"),
  drift("dr"),
  {
    id: "policy",
    title: "the policy pack has no objection",
    judge: ({ policy }) =>
      known(policy, "run the policy pack", (violations) =>
        violations.length === 0
          ? ok("no violation")
          : fail(violations.slice(0, 3).join("; "), "mend what it names"),
      ),
  },
];
