/** Lose the active region under load, fail over as an operator would, and account for everything acknowledged. */
import { RTO_SECONDS } from "../objectives.ts";
import { measure } from "./measure.ts";
import { impact, judgement, operate, park, previews, returnOld, setUp, warmUp } from "./phases.ts";
import { predictionFindings } from "./prediction.ts";
import type { Scenario } from "./scenario.ts";

export const regionLoss: Scenario = {
  id: "region-loss",
  title: "the active region is lost; an operator decides, one command does the rest",
  targetSeconds: RTO_SECONDS,
  promised: {
    coverage: [
      "inFlightAtKill",
      "gapsAtSeal",
      "orphans",
      "lostAnswers",
      "lateLandings",
      "measuredGapEvents",
      "answersAfterReturn",
    ],
    acknowledged: 2_000,
  },
  phases: [setUp, warmUp, impact, operate, returnOld, judgement, park, previews],
  measure,
  findings: predictionFindings,
};
