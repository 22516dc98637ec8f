import { lookup, Resolver } from "node:dns/promises";
import { isIP } from "node:net";

/** Addresses of a name, asking `resolver` (`ip:port`) or the system's. Rejects when there are none within ~2 s. */
export async function resolveName(name: string, resolver: string | null): Promise<readonly string[]> {
  if (isIP(name) !== 0) return [name];
  if (resolver === null) return (await lookup(name, { all: true })).map(({ address }) => address);
  const dns = new Resolver({ timeout: 1000, tries: 2 });
  dns.setServers([resolver]);
  return await dns.resolve4(name);
}
