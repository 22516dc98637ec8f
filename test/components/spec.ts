import type { ServiceSpec } from "../../components/services.ts";

/** A service with nothing special about it. */
export const spec = (change: Partial<ServiceSpec> = {}): ServiceSpec => ({
  image: "workload@sha256:0",
  args: ["program"],
  port: 8080,
  perShard: false,
  alwaysOn: false,
  replicas: { min: 3, max: 12 },
  cpu: "500m",
  memory: "512Mi",
  probes: { liveness: "/healthz", readiness: "/ready" },
  exposed: false,
  calls: [],
  grants: [],
  environment: {},
  ...change,
});
