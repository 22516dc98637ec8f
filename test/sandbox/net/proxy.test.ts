import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import { Faults } from "../../../sandbox/faults.ts";
import { TcpProxy } from "../../../sandbox/net/proxy.ts";

const HOST = "127.0.0.1";

test("what was given up in a black hole does not arrive when it heals; what has just been sent does", async (t) => {
  const heard: string[] = [];
  const server = createServer((socket) => {
    socket.on("data", (chunk) => heard.push(chunk.toString())).on("error", () => {});
  });
  server.listen(0, HOST);
  await once(server, "listening");
  const spare = createServer().listen(0, HOST);
  await once(spare, "listening");
  const { port: free } = spare.address() as AddressInfo;
  await new Promise((resolve) => spare.close(resolve));
  const faults = new Faults();
  const { port } = server.address() as AddressInfo;
  const proxy = await TcpProxy.listen({
    faults,
    listen: { host: HOST, port: free },
    clientPlace: () => "internet",
    choose: () => ({ host: HOST, port, place: "us-east-1a" }),
  });
  const send = (text: string) => {
    const socket = connect(free, HOST).on("error", () => {});
    socket.end(text);
    t.teardown(() => socket.destroy());
  };
  t.teardown(() => server.close());
  t.teardown(() => proxy.close());

  faults.setPlace("us-east-1a", "blackhole");
  send("long ago");
  await sleep(5_200);
  send("just now");
  await sleep(100);
  faults.setPlace("us-east-1a", "open");
  for (let tries = 0; tries < 100 && heard.length === 0; tries++) await sleep(20);
  await sleep(100);
  t.deepEqual(heard, ["just now"]);
});
