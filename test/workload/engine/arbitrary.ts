/** Commands as a market would send them: few clients, instruments and prices, so that they meet. */
import fc from "fast-check";
import type { Command } from "../../../workload/engine/events.ts";

const client = fc.constantFrom("ann", "bob", "eve");
const clientOrderId = fc
  .tuple(fc.constantFrom("GOLD", "IRON"), fc.integer({ min: 0, max: 40 }))
  .map(([instrument, n]) => `${instrument}:${n}`);

export const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .record({
        client,
        clientOrderId,
        side: fc.constantFrom("buy" as const, "sell" as const),
        price: fc.integer({ min: 95, max: 105 }),
        quantity: fc.integer({ min: 1, max: 9 }),
      })
      .map((order) => ({
        type: "place" as const,
        ...order,
        instrument: order.clientOrderId.split(":")[0] ?? "",
      })),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant("cancel" as const), client, clientOrderId }),
  },
  { weight: 1, arbitrary: fc.constant({ type: "heartbeat" as const }) },
);

export const commands = fc.array(command, { maxLength: 120 });
