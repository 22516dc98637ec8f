/** Whether the other region answers, seen from here: evidence for whoever decides on a failover. */
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { PeerReport } from "../api.ts";
import { messageOf } from "../log.ts";
import { resolveName } from "../resolve.ts";
import type { ArchiverSettings } from "../settings.ts";

export const PROBE_TIMEOUT_MS = 3000;

export type PeerSettings = Pick<ArchiverSettings, "peer" | "dnsResolver">;

/** Never rejects; takes at most `PROBE_TIMEOUT_MS`. */
export async function probePeer({ peer, dnsResolver }: PeerSettings): Promise<PeerReport> {
  const checkedAt = new Date().toISOString();
  const limit = AbortSignal.timeout(PROBE_TIMEOUT_MS);
  const late = new Promise<never>((_, reject) => {
    limit.addEventListener("abort", () => reject(new Error(`no answer within ${PROBE_TIMEOUT_MS} ms`)));
  });
  const anyAddress = async () => {
    const addresses = await resolveName(peer.name, dnsResolver);
    return await Promise.any(addresses.map((address) => probeAddress(address, peer, limit)));
  };
  try {
    return { reachable: true, checkedAt, reason: `${await Promise.race([anyAddress(), late])} answered` };
  } catch (error) {
    return { reachable: false, checkedAt, reason: messageOf(error) };
  }
}

/** Resolves with the address when it answers anything at all: even an error comes from a living region. */
function probeAddress(
  host: string,
  { name, port, tls }: ArchiverSettings["peer"],
  signal: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { host, port, path: "/healthz", headers: { host: name }, signal, agent: false };
    const request = tls ? httpsRequest({ ...options, servername: name }) : httpRequest(options);
    request.once("error", reject);
    request.once("response", (response) => {
      response.destroy();
      resolve(host);
    });
    request.end();
  });
}
