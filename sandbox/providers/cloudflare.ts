/** Cloudflare, as the `cloudflare` provider sees it: one global control plane, none of AWS' regions. */
import type { Region } from "../../components/model.ts";
import { hex } from "./aws/making.ts";
import type { Cloud, ControlPlane } from "./bridge/cloud.ts";
import { type Catalog, loadCatalog } from "./catalog/catalog.ts";
import type { Location } from "./registry.ts";

export class CloudflareCloud implements Cloud {
  readonly version: string;
  readonly catalog: Catalog = loadCatalog("cloudflare");

  constructor(version: string) {
    this.version = version;
  }

  /** The Cloudflare provider names nothing by itself. */
  named(): undefined {
    return undefined;
  }

  locate(): Location {
    return "global";
  }

  regionOf(): Region {
    throw new Error("cloudflare: the sandbox has no data sources of Cloudflare");
  }

  controlPlanes(): ControlPlane[] {
    return [{ place: "cloudflare" }];
  }

  conceive() {
    const now = new Date().toISOString();
    return { id: hex(32), outputs: { createdOn: now, modifiedOn: now } };
  }

  derive() {
    return {};
  }

  validate(): void {}

  mayDelete(): void {}
}
