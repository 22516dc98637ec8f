/** Numbers for Prometheus, read when it asks: nothing is counted twice on the order path. */
import { Gauge, Registry } from "prom-client";

export type Numbers = Readonly<Record<string, { readonly help: string; readonly read: () => number }>>;

/** The text of `/metrics`. `Registry.metrics` is asynchronous, hence the promise. */
export function createMetrics(
  labels: Readonly<Record<string, string>>,
  numbers: Numbers,
): () => Promise<string> {
  const registry = new Registry();
  registry.setDefaultLabels({ ...labels });
  for (const [name, { help, read }] of Object.entries({ ...PROCESS, ...numbers })) {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  }
  return () => registry.metrics();
}

const PROCESS: Numbers = {
  process_cpu_seconds: {
    help: "Processor time used, user and system",
    read: () => (process.cpuUsage().user + process.cpuUsage().system) / 1e6,
  },
  process_resident_memory_bytes: {
    help: "Memory held",
    read: () => process.memoryUsage.rss(),
  },
};
