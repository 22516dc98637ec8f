/** A restore, as data. Up to `verify` everything is added beside what is there, and nothing is taken away. */
import type { Node } from "../runbook/step.ts";
import type { RestoreFacts } from "./facts.ts";
import type { RestorePorts } from "./ports.ts";
import { assess } from "./steps/assess.ts";
import { catchUp } from "./steps/catch-up.ts";
import { confirm } from "./steps/confirm.ts";
import { cut } from "./steps/cut.ts";
import { cutover } from "./steps/cutover.ts";
import { attach, restore } from "./steps/restore.ts";
import { setAside } from "./steps/set-aside.ts";
import { verify } from "./steps/verify.ts";

export const restoreRunbook: readonly Node<RestorePorts, RestoreFacts>[] = [
  assess,
  confirm,
  restore,
  attach,
  verify,
  setAside,
  cut,
  cutover,
  catchUp,
];
