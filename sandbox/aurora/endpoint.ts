/** A cluster's endpoint: one address that leads to whoever has its role at the moment. */
import type { Region } from "../../components/model.ts";
import type { Address } from "../addresses.ts";
import type { Faults } from "../faults.ts";
import { TcpProxy } from "../net/proxy.ts";
import type { Postgres } from "./postgres.ts";

export interface EndpointOptions {
  readonly faults: Faults;
  readonly listen: Address;
  /** Its clients are in the same region: the database's subnets have no way in from outside. */
  readonly region: Region;
  /** Undefined: nobody has the role, connections are reset. */
  readonly choose: () => { readonly postgres: Postgres; readonly zone: string } | undefined;
}

export const openEndpoint = ({ faults, listen, region, choose }: EndpointOptions): Promise<TcpProxy> =>
  TcpProxy.listen({
    faults,
    listen,
    clientPlace: () => region,
    choose: () => {
      const server = choose();
      return server && { ...server.postgres.address, place: server.zone };
    },
  });
