import test from "ava";
import { instrumentsOf, PER_SHARD } from "../../../automation/drill/instruments.ts";
import { isReserved, shardOf } from "../../../workload/orders.ts";

for (const shards of [1, 2, 5, 16]) {
  test(`a load over ${shards} shard(s) has ${PER_SHARD} instruments of each, none of them reserved`, (t) => {
    const instruments = instrumentsOf(shards);
    t.is(new Set(instruments).size, shards * PER_SHARD);
    t.false(instruments.some(isReserved));
    const perShard = Map.groupBy(instruments, (instrument) => shardOf(instrument, shards));
    t.is(perShard.size, shards);
    for (const of of perShard.values()) t.is(of.length, PER_SHARD);
  });
}
