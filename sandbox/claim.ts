/** Which sandbox of this machine this is: its number gives it addresses, ports and a folder of its own. */
import type { Server } from "node:http";
import type { RegionTriple } from "../components/model.ts";
import { Addresses } from "./addresses.ts";
import { type Controlled, listen } from "./control.ts";

const LAST_SANDBOX = 250;

class Guard {
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }
}

/** Whoever can listen on the guard address owns the number, and the kernel frees it when its owner dies. */
export async function claim(
  regions: RegionTriple,
  controlled: () => Controlled | undefined,
): Promise<{ addresses: Addresses; guard: Guard }> {
  for (let number = 1; number <= LAST_SANDBOX; number++) {
    const addresses = new Addresses(number, regions);
    try {
      return { addresses, guard: new Guard(await listen(addresses.guard, controlled)) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    }
  }
  throw new Error(`all ${LAST_SANDBOX} sandbox numbers are taken on this machine: stop one`);
}
