import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import type { AwsRequest, AwsService } from "../../../sandbox/aws/protocol.ts";
import { Faults, INTERNET } from "../../../sandbox/faults.ts";
import { startEdges } from "./fixtures.ts";

/** A service that answers where it was asked. */
class Echo implements AwsService {
  readonly name = "sts";
  readonly handled: AwsRequest[] = [];
  operation = () => "GetCallerIdentity";
  async handle(request: AwsRequest) {
    this.handled.push(request);
    return { status: 200, body: `${request.from} asked ${request.region}` };
  }
}

async function start(t: ExecutionContext) {
  const faults = new Faults();
  const echo = new Echo();
  const edges = await startEdges(faults, [echo]);
  t.teardown(() => edges.close());
  const ask = async (place: string, region: string, service = "sts", milliseconds = 5_000) => {
    const { host, port } = edges.address(place);
    const credential = `AKIATEST/20261123/${region}/${service}/aws4_request`;
    const answer = await fetch(`http://${host}:${port}/`, {
      headers: {
        authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=0`,
      },
      signal: AbortSignal.timeout(milliseconds),
    });
    return { status: answer.status, text: await answer.text() };
  };
  return { faults, echo, edges, ask };
}

test("a request goes to the region and service of its signature's credential scope", async (t) => {
  const { ask } = await start(t);
  t.deepEqual(await ask(INTERNET, "us-west-2"), { status: 200, text: "internet asked us-west-2" });
  t.deepEqual(await ask("us-east-1", "us-east-1"), { status: 200, text: "us-east-1 asked us-east-1" });
  t.deepEqual(await ask("us-west-2", "us-east-2"), { status: 200, text: "us-west-2 asked us-east-2" });
});

test("an unsigned request and an unknown service are told so", async (t) => {
  const { ask } = await start(t);
  t.deepEqual(await ask(INTERNET, "us-west-2", "kinesis"), {
    status: 403,
    text: 'the sandbox has no AWS service "kinesis": it has sts',
  });
  t.deepEqual(await ask(INTERNET, "mars-north-1"), {
    status: 403,
    text: "the request carries no AWS Signature Version 4 with a known region in its credential scope",
  });
});

test("every call is on record with who asked which region for what, also those that got no answer", async (t) => {
  const { ask, edges, faults } = await start(t);
  await ask(INTERNET, "us-west-2");
  const between = Date.now() + 1;
  await sleep(2);
  faults.setPlace("us-east-1", "cut");
  await t.throwsAsync(ask(INTERNET, "us-east-1"));
  const strip = ({ from, region, service, operation }: (typeof calls)[number]) => [
    from,
    region,
    service,
    operation,
  ];
  const calls = edges.calls();
  t.deepEqual(calls.map(strip), [
    [INTERNET, "us-west-2", "sts", "GetCallerIdentity"],
    [INTERNET, "us-east-1", "sts", "GetCallerIdentity"],
  ]);
  t.deepEqual(
    edges.calls(between).map(({ region }) => region),
    ["us-east-1"],
  );
});

test("a dead region resets connections, a black-holed one never answers, the others serve on", async (t) => {
  const { ask, echo, faults } = await start(t);
  faults.setPlace("us-east-1", "cut");
  await t.throwsAsync(ask(INTERNET, "us-east-1"), { message: "fetch failed" });
  await t.throwsAsync(ask("us-east-1", "us-east-1"), { message: "fetch failed" });
  faults.setPlace("us-east-1", "blackhole");
  await t.throwsAsync(ask(INTERNET, "us-east-1", "sts", 200), { name: "TimeoutError" });
  await t.throwsAsync(ask("us-east-1", "us-west-2", "sts", 200), { name: "TimeoutError" });
  t.is(echo.handled.length, 0);
  t.is((await ask("us-west-2", "us-west-2")).status, 200);
});

test("a request waiting in a black hole is served when the hole heals", async (t) => {
  const { ask, faults } = await start(t);
  faults.setLink(INTERNET, "us-west-2", "blackhole");
  const waiting = ask(INTERNET, "us-west-2");
  await sleep(50);
  faults.heal();
  t.is((await waiting).status, 200);
});

test("when only the way back is cut, the request is handled and its answer lost", async (t) => {
  const { ask, echo, faults } = await start(t);
  faults.setLink("us-west-2", INTERNET, "cut");
  await t.throwsAsync(ask(INTERNET, "us-west-2"));
  t.is(echo.handled.length, 1);
});
