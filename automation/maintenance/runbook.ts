/** Halting and resuming, as data. The seal stands first in both: it alone decides who may write. */
import type { Node } from "../runbook/step.ts";
import type { MaintenanceFacts } from "./facts.ts";
import type { MaintenancePorts } from "./ports.ts";
import { assess } from "./steps/assess.ts";
import { closed } from "./steps/closed.ts";
import { drain } from "./steps/drain.ts";
import { open } from "./steps/open.ts";
import { restart } from "./steps/restart.ts";
import { halt, resume } from "./steps/seal.ts";
import { flip } from "./steps/switch.ts";

type Runbook = readonly Node<MaintenancePorts, MaintenanceFacts>[];

export const enable: Runbook = [assess, halt, { parallel: [{ nodes: [drain] }, { nodes: [flip, closed] }] }];

export const disable: Runbook = [assess, resume, restart, flip, open];
