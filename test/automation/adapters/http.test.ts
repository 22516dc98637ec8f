import test from "ava";
import { exchange, NoAnswerError } from "../../../automation/adapters/http.ts";
import { serve } from "./server.ts";

test("a peer that accepts and never answers ends within the limit, with the request and the limit named", async (t) => {
  const server = await serve(t, () => undefined);
  await t.throwsAsync(exchange(`http://127.0.0.1:${server.port}/slow?x=1`, { timeoutMilliseconds: 200 }), {
    instanceOf: NoAnswerError,
    message: `GET http://127.0.0.1:${server.port}/slow: no answer within 200 ms`,
  });
});

test("time in which this process could not listen does not make a peer silent", async (t) => {
  const server = await serve(t, () => ({ body: { alive: true } }));
  const answer = exchange(`http://127.0.0.1:${server.port}/`, { timeoutMilliseconds: 300 });
  const until = performance.now() + 700;
  while (performance.now() < until) {
    // As loading a large module does.
  }
  t.is((await answer).status, 200);
});

test("an abort ends the exchange", async (t) => {
  const server = await serve(t, () => undefined);
  const stop = new AbortController();
  const answer = exchange(`http://127.0.0.1:${server.port}/`, {
    timeoutMilliseconds: 60_000,
    signal: stop.signal,
  });
  stop.abort();
  await t.throwsAsync(answer, { instanceOf: NoAnswerError });
});
