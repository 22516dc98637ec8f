/** HTTP of a program that takes no orders: health, metrics and what it reports. */
import { declined } from "./api.ts";
import type { Handler } from "./http.ts";

export interface ServiceApiOptions {
  readonly metrics: () => Promise<string>;
  /** Path → body of a 200. */
  readonly routes: Readonly<Record<string, () => unknown>>;
}

export function serviceApi({ metrics, routes }: ServiceApiOptions): Handler {
  return async ({ method, path }) => {
    if (path === "/healthz" || path === "/ready") return { status: 200, body: "alive\n" };
    if (path === "/metrics") return { status: 200, body: await metrics() };
    const route = routes[path];
    if (route !== undefined) return { status: 200, body: await route() };
    return declined(404, "not-found", `no ${method} ${path} here`);
  };
}
