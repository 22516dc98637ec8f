/**
 * A keeper of the engine's secrets that costs nothing: Vault's transit engine, as far as Pulumi calls it, with a key
 * that keeps nothing secret. A passphrase is stretched by a million rounds of SHA-256, half a second of processor time
 * for every call of the CLI, which no test here is about.
 * https://developer.hashicorp.com/vault/api-docs/secret/transit
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

export interface Keeper {
  /** For `secretsProvider` of a workspace. */
  readonly provider: string;
  readonly environment: Readonly<Record<string, string>>;
  close(): void;
}

export async function keeper(): Promise<Keeper> {
  const server = createServer(async (request, response) => {
    const { plaintext, ciphertext } = (await json(request)) as { plaintext?: string; ciphertext?: string };
    const data = request.url?.includes("/encrypt/") ? { ciphertext: plaintext } : { plaintext: ciphertext };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ data }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  return {
    provider: "hashivault://tests",
    environment: {
      VAULT_SERVER_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      VAULT_SERVER_TOKEN: "test",
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
