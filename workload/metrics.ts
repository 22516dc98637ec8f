/** Numbers for Prometheus, read when it asks: nothing is counted twice on the order path. */
export type Numbers = Readonly<Record<string, { readonly help: string; readonly read: () => number }>>;

/** The text of `/metrics`. Its library is loaded by the first who asks: a failover waits for the start of every pod. */
export function createMetrics(
  labels: Readonly<Record<string, string>>,
  numbers: Numbers,
): () => Promise<string> {
  let registry: Promise<{ metrics(): Promise<string> }> | undefined;
  return async () => {
    registry ??= register(labels, numbers);
    return await (await registry).metrics();
  };
}

async function register(labels: Readonly<Record<string, string>>, numbers: Numbers) {
  const { Gauge, Registry } = await import("prom-client");
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
  return registry;
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
