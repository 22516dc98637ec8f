import test from "ava";
import { parsed } from "../../../automation/commands/drill.ts";

for (const [scenario, loss] of [
  ["region-loss", "kill"],
  ["az-loss", "each"],
  ["corruption", "kill"],
] as const) {
  test(`${scenario} starts without --loss`, (t) => {
    t.like(parsed({ scenario, seed: 1 }), { scenario, loss, seed: 1 });
  });
}

test("a corruption loses nothing: --loss is refused", (t) => {
  t.throws(() => parsed({ scenario: "corruption", loss: "kill" }), {
    message: "--loss kill: corruption takes none",
  });
});
