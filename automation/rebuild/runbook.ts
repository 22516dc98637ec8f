/** A rebuilding, as data. The damaged table is closed before the fresh one is made; nobody uses that before it is proven. */
import type { Node } from "../runbook/step.ts";
import type { RebuildFacts } from "./facts.ts";
import type { RebuildPorts } from "./ports.ts";
import { assess } from "./steps/assess.ts";
import { close } from "./steps/close.ts";
import { confirm } from "./steps/confirm.ts";
import { catchUp, cutover } from "./steps/cutover.ts";
import { create, fill, prove } from "./steps/fill.ts";

export const rebuildRunbook: readonly Node<RebuildPorts, RebuildFacts>[] = [
  assess,
  confirm,
  close,
  create,
  fill,
  prove,
  cutover,
  catchUp,
];
