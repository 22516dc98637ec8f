/**
 * The allow-list: which regions this process may talk to. It is asked where clients are made, so that no call can
 * wait for a region that accepts and never answers. Probes of the lost region have their own, short-lived way.
 */
import type { Region } from "../../components/model.ts";

export class ForbiddenRegionError extends Error {
  override readonly name = "ForbiddenRegionError";
}

export class Endpoints {
  readonly #allowed: ReadonlySet<Region>;

  constructor(allowed: readonly Region[]) {
    this.#allowed = new Set(allowed);
  }

  /** @throws ForbiddenRegionError */
  assert(region: Region, system: string): void {
    if (this.#allowed.has(region)) return;
    throw new ForbiddenRegionError(
      `${system} of ${region} must not be called in this run: allowed are ${[...this.#allowed].join(", ")}`,
    );
  }
}
