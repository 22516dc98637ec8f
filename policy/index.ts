/** What the engine loads: starting the pack starts its server. `pulumi preview --policy-pack policy` */
import { PolicyPack } from "@pulumi/policy";
import { policiesOf } from "./pack.ts";
import { RULES } from "./rules/index.ts";

new PolicyPack("trading-platform", { policies: policiesOf(RULES), enforcementLevel: "mandatory" });
