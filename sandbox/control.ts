/**
 * A running sandbox's own interface, on its guard address: who listens there owns the sandbox's number, and other
 * terminals and processes ask it for its state or tell it what to break.
 */
import { createServer, type Server } from "node:http";
import { isRegion, type Region } from "../components/model.ts";
import { type Address, url } from "./addresses.ts";

export const LOSSES = ["kill", "freeze", "blackhole", "partition"] as const;
/**
 * How a region is lost: its processes killed, frozen (SIGSTOP), everything accepted and never answered, or cut off
 * from the other regions alone, while its clients still reach it.
 */
export type Loss = (typeof LOSSES)[number];
/** How a zone is lost: what is in it killed or frozen, and its network with it. */
export type ZoneLoss = Extract<Loss, "kill" | "freeze">;
export const isZoneLoss = (loss: Loss): loss is ZoneLoss => loss === "kill" || loss === "freeze";
export const isLoss = (value: unknown): value is Loss => (LOSSES as readonly unknown[]).includes(value);

/** What a sandbox says of itself. */
export interface SandboxStatus {
  readonly sandbox: number;
  readonly pid: number;
  readonly phase: "starting" | "deploying" | "ready" | "stopping";
  readonly directory: string;
  readonly projectDirectory: string;
  /** What another terminal exports so that any CLI or SDK works against this sandbox. */
  readonly environment: Readonly<Record<string, string>>;
  readonly dns: string;
  readonly publicName: string;
  readonly listenerPort: number;
  readonly databases: Readonly<Record<string, string>>;
  /** By region or zone. */
  readonly lost: Readonly<Record<string, Loss>>;
  readonly modelled: readonly string[];
}

export interface Controlled {
  status(): SandboxStatus;
  loseRegion(region: Region, how: Loss): Promise<void>;
  returnRegion(region: Region): Promise<void>;
  /** Rejects when the sandbox has no such zone. */
  loseZone(zone: string, how: ZoneLoss): Promise<void>;
  returnZone(zone: string): Promise<void>;
  backUp(): Promise<readonly string[]>;
}

class RequestError extends Error {}

async function answer(controlled: Controlled, method: string, path: string): Promise<unknown> {
  const [, verb, place = "", how] = path.split("/");
  if (method === "GET" && verb === "status") return controlled.status();
  if (method === "POST" && verb === "backup") {
    const failures = await controlled.backUp();
    if (failures.length > 0) throw new Error(failures.join("; "));
    return controlled.status();
  }
  if (method !== "POST" || (verb !== "lose" && verb !== "return")) {
    throw new RequestError(
      `${method} ${path}: allowed are GET /status, POST /lose/PLACE/HOW, POST /return/PLACE, POST /backup`,
    );
  }
  if (verb === "return")
    await (isRegion(place) ? controlled.returnRegion(place) : controlled.returnZone(place));
  else if (!isLoss(how)) throw new RequestError(`loss ${how}: allowed are ${LOSSES.join(", ")}`);
  else if (isRegion(place)) await controlled.loseRegion(place, how);
  else if (isZoneLoss(how)) await controlled.loseZone(place, how);
  else throw new RequestError(`loss ${how} of ${place}: a zone is lost by kill or freeze`);
  return controlled.status();
}

/** Rejects with EADDRINUSE when another sandbox holds the number. */
export async function listen(guard: Address, controlled: () => Controlled | undefined): Promise<Server> {
  const server = createServer((request, response) => {
    const send = (status: number, body: unknown) => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    const target = controlled();
    if (target === undefined) return send(503, { error: "the sandbox is starting" });
    answer(target, request.method ?? "GET", request.url ?? "/").then(
      (body) => send(200, body),
      (error: Error) => send(error instanceof RequestError ? 400 : 500, { error: error.message }),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(guard.port, guard.host, resolve);
  });
  return server;
}

/** Asks a running sandbox. Undefined: nobody listens there. */
export async function ask(guard: Address, path: string, method = "GET"): Promise<SandboxStatus | undefined> {
  const response = await fetch(`${url(guard)}${path}`, { method, signal: AbortSignal.timeout(60_000) }).catch(
    () => undefined,
  );
  if (response === undefined) return undefined;
  const body = (await response.json()) as SandboxStatus & { readonly error?: string };
  if (body.error !== undefined) throw new Error(body.error);
  return body;
}
