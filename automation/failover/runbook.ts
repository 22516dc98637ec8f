/** The failover, as data. Read it from top to bottom: that is what happens. */
import type { Node } from "../runbook/step.ts";
import type { Facts } from "./facts.ts";
import type { Ports } from "./ports.ts";
import { assess } from "./steps/assess.ts";
import { catchUp } from "./steps/catch-up.ts";
import { confirm } from "./steps/confirm.ts";
import { fence } from "./steps/fence.ts";
import { handOverReplicas } from "./steps/hand-over.ts";
import { promote } from "./steps/promote.ts";
import { rebuild } from "./steps/rebuild.ts";
import { scale } from "./steps/scale.ts";
import { smoke } from "./steps/smoke.ts";
import { traffic } from "./steps/traffic.ts";
import { verdict } from "./steps/verdict.ts";

export const failover: readonly Node<Ports, Facts>[] = [
  assess,
  confirm,
  fence,
  {
    parallel: [
      {
        nodes: [
          // The engines are asked for early in Pulumi's update: what is proved of them need not wait for its end.
          { parallel: [{ nodes: [scale] }, { nodes: [rebuild, smoke] }] },
          traffic,
        ],
      },
      // Orders do not need the database: without it the platform is recovered, degraded.
      { nodes: [promote, catchUp], tolerated: true },
    ],
  },
  handOverReplicas,
  verdict,
];
