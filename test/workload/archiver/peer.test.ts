import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server } from "node:net";
import test, { type ExecutionContext } from "ava";
import { probePeer } from "../../../workload/archiver/peer.ts";

async function portOf(t: ExecutionContext, server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

const probe = (port: number, name = "127.0.0.1") =>
  probePeer({ peer: { name, port, tls: false }, dnsResolver: null });

test("a region whose address answers is reachable, whatever it answers", async (t) => {
  const server = createServer((_, response) => response.writeHead(503).end());
  const report = await probe(await portOf(t, server));
  t.like(report, { reachable: true, reason: "127.0.0.1 answered" });
  t.true(Date.now() - Date.parse(report.checkedAt) < 1000);
});

test("one that refuses is not, and the reason says why", async (t) => {
  const server = createTcpServer();
  const port = await portOf(t, server);
  await new Promise((resolve) => server.close(resolve));
  const { reachable, reason } = await probe(port);
  t.false(reachable);
  t.regex(reason, /ECONNREFUSED/);
});

test("one that accepts and never answers is not, within 3 s", async (t) => {
  const port = await portOf(
    t,
    createTcpServer(() => {}),
  );
  const began = Date.now();
  t.like(await probe(port), { reachable: false, reason: "Error: no answer within 3000 ms" });
  t.true(Date.now() - began < 3500);
});

test("a name without addresses is not reachable", async (t) => {
  const report = await probePeer({
    peer: { name: "us-west-2.exchange.test", port: 443, tls: true },
    dnsResolver: "127.0.0.1:9",
  });
  t.false(report.reachable);
});
