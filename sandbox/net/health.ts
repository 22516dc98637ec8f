/**
 * Route 53's health checks: several checkers that know nothing of one another, whose opinions are counted.
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
 */
import { get } from "node:http";
import { connect } from "node:net";
import { Prober } from "../compute/probes.ts";

export interface EndpointCheck {
  readonly protocol: "HTTP" | "TCP";
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** Host header; undefined: the address. */
  readonly hostHeader: string | undefined;
  readonly intervalSeconds: number;
  readonly failureThreshold: number;
  readonly inverted: boolean;
}

/** Real checkers are in some 16 locations. */
const CHECKERS = 16;
const HEALTHY_SHARE = 0.18;
const CONNECT_MILLISECONDS = 4_000;
const TCP_CONNECT_MILLISECONDS = 10_000;
/** From the connection to the status line. */
const RESPONSE_MILLISECONDS = 2_000;

/** More than 18 % of the checkers say so. */
export const isHealthy = (opinions: readonly boolean[]): boolean =>
  opinions.filter(Boolean).length / opinions.length > HEALTHY_SHARE;

function checkHttp({ host, port, path, hostHeader }: EndpointCheck): Promise<boolean> {
  return new Promise((resolve) => {
    const headers = {
      "user-agent": "Amazon-Route53-Health-Check-Service (ref sandbox)",
      host: hostHeader ?? host,
    };
    const request = get({ host, port, path, agent: false, headers }, (response) => {
      response.on("error", () => undefined).resume();
      clearTimeout(timer);
      const status = response.statusCode ?? 0;
      resolve(status >= 200 && status < 400);
    });
    let timer = setTimeout(() => request.destroy(new Error("no connection")), CONNECT_MILLISECONDS);
    request.once("socket", (socket) =>
      socket.once("connect", () => {
        clearTimeout(timer);
        timer = setTimeout(() => request.destroy(new Error("no answer")), RESPONSE_MILLISECONDS);
      }),
    );
    request.once("error", () => {
      clearTimeout(timer);
      resolve(false);
    });
  });
}

function checkTcp({ host, port }: EndpointCheck): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: TCP_CONNECT_MILLISECONDS });
    const finish = (healthy: boolean) => {
      socket.destroy();
      resolve(healthy);
    };
    socket.once("connect", () => finish(true));
    for (const bad of ["error", "timeout"]) socket.once(bad, () => finish(false));
  });
}

export class HealthCheck {
  readonly #opinions: boolean[] = Array<boolean>(CHECKERS).fill(true);
  readonly #probers: readonly Prober[];
  readonly #flips = new Set<NodeJS.Timeout>();
  #healthy: boolean;

  /**
   * New checks are healthy until enough answers say otherwise, inverted ones unhealthy. Real checkers know nothing of
   * one another; evenly out of step they are what such checkers are on average, and a drill owes nothing to luck.
   * @param propagationMilliseconds from a change of mind to the name servers' acting on it
   */
  constructor(check: EndpointCheck, propagationMilliseconds: number) {
    this.#healthy = !check.inverted;
    const attempt = () => (check.protocol === "HTTP" ? checkHttp(check) : checkTcp(check));
    this.#probers = this.#opinions.map((initial, checker) => {
      const timing = {
        initialDelaySeconds: (check.intervalSeconds * checker) / CHECKERS,
        periodSeconds: check.intervalSeconds,
        failureThreshold: check.failureThreshold,
        successThreshold: check.failureThreshold,
      };
      return new Prober(timing, initial, attempt, (healthy) => {
        this.#opinions[checker] = healthy;
        this.#later(isHealthy(this.#opinions) !== check.inverted, propagationMilliseconds);
      });
    });
  }

  /** As the name servers know it. */
  get healthy(): boolean {
    return this.#healthy;
  }

  close(): void {
    for (const prober of this.#probers) prober.stop();
    for (const flip of this.#flips) clearTimeout(flip);
  }

  #later(healthy: boolean, milliseconds: number): void {
    const flip = setTimeout(() => {
      this.#flips.delete(flip);
      this.#healthy = healthy;
    }, milliseconds);
    this.#flips.add(flip);
  }
}
