import test from "ava";
import { AwsCalls } from "../../../automation/adapters/aws-call.ts";
import { Endpoints } from "../../../automation/adapters/endpoints.ts";
import { announce, topic, webhook } from "../../../automation/calendar/announce.ts";
import { goingOff } from "../../../automation/calendar/site.ts";
import { serve } from "../adapters/server.ts";

const credentials = async () => ({ accessKeyId: "AKID", secretAccessKey: "secret" });

test("a Slack-compatible webhook gets one text", async (t) => {
  const server = await serve(t, () => ({ body: "ok" }));
  const channel = webhook(`http://127.0.0.1:${server.port}/services/T0/B0/secret`);
  t.is(channel.name, "webhook at 127.0.0.1", "the URL is a secret");
  const { told, failed } = await announce([channel], "Drill begins: az-loss", "zone a loses power");
  t.deepEqual([told, failed], [["webhook at 127.0.0.1"], []]);
  t.deepEqual(JSON.parse(server.asked[0]?.body ?? ""), {
    text: "*Drill begins: az-loss*\nzone a loses power",
  });
});

test("a topic gets an ASCII subject and the text, as SNS takes them", async (t) => {
  const server = await serve(t, () => ({ body: {} }));
  const calls = new AwsCalls(new Endpoints(["us-west-2"]), credentials, `http://127.0.0.1:${server.port}`);
  await announce([topic(calls, "us-west-2", "arn:topic")], "Drill – begins", "zone ü & more");
  const sent = new URLSearchParams(server.asked[0]?.body);
  t.deepEqual(Object.fromEntries(sent), {
    Action: "Publish",
    Version: "2010-03-31",
    TopicArn: "arn:topic",
    Subject: "Drill ? begins",
    Message: "zone ü & more",
  });
});

test("a channel that fails keeps no other from being told", async (t) => {
  const good = await serve(t, () => ({ body: "ok" }));
  const bad = await serve(t, () => ({ status: 404, body: "no_service" }));
  const { told, failed } = await announce(
    [webhook(`http://127.0.0.1:${bad.port}/a`), webhook(`http://127.0.0.1:${good.port}/b`)],
    "x",
    "y",
  );
  t.is(told.length, 1);
  t.deepEqual(failed, ["webhook at 127.0.0.1: 404 no_service"]);
});

test("alarms that go off are named", (t) => {
  const answer = {
    MetricAlarms: [
      { AlarmName: "errors", StateValue: "ALARM" },
      { AlarmName: "lag", StateValue: "OK" },
    ],
  };
  t.deepEqual(goingOff(answer, ["errors", "lag"]), ["errors"]);
  t.throws(
    () => goingOff({ MetricAlarms: [{ AlarmName: "errors" }] }, ["errors"]),
    undefined,
    "an unknown shape is no calm",
  );
});

test("an alarm that is gone, or has too little data, rules out no incident", (t) => {
  const answer = {
    MetricAlarms: [
      { AlarmName: "lag", StateValue: "OK" },
      { AlarmName: "new", StateValue: "INSUFFICIENT_DATA" },
    ],
  };
  t.throws(() => goingOff(answer, ["lag", "new", "deleted"]), {
    message: "alarm new is INSUFFICIENT_DATA, alarm deleted is not there",
  });
});
