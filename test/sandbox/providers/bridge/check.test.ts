import test from "ava";
import { Calls } from "../calls.ts";

test("a property that nobody has looked up is refused by name", async (t) => {
  const { failures } = await new Calls().check("aws:sns/topic:Topic", { sqsFailureFeedbackRoleArn: "arn:x" });

  t.deepEqual(failures, [
    {
      property: "sqsFailureFeedbackRoleArn",
      reason:
        "the sandbox does not know whether a change of sqsFailureFeedbackRoleArn replaces aws:sns/topic:Topic: " +
        "look it up and add it to sandbox/providers/catalog/overrides.ts",
    },
  ]);
});

test("so is a type", async (t) => {
  await t.throwsAsync(new Calls().check("aws:sqs/queue:Queue", {}), {
    message:
      "aws:sqs/queue:Queue: the sandbox does not know this type: add it to sandbox/providers/catalog/types.ts",
  });
});

test("inputs that the type does not have, and missing ones, are named", async (t) => {
  const { failures } = await new Calls().check("aws:ec2/flowLog:FlowLog", { arn: "x", colour: "red" });
  const endpoint = await new Calls().check("aws:ec2/vpcEndpoint:VpcEndpoint", {});

  t.deepEqual(failures, [
    { property: "arn", reason: "aws:ec2/flowLog:FlowLog has no input arn" },
    { property: "colour", reason: "aws:ec2/flowLog:FlowLog has no input colour" },
  ]);
  t.deepEqual(endpoint.failures, [{ property: "vpcId", reason: "missing required property 'vpcId'" }]);
});

test("names are cut where AWS takes short ones only", async (t) => {
  const type = "aws:lb/targetGroup:TargetGroup";
  const { inputs } = await new Calls().check(type, {});
  const { inputs: given } = await new Calls().check(type, { name: "mine" });

  t.regex(String(inputs["name"]), /^r\d+-[0-9a-f]{7}$/);
  t.true(String(inputs["name"]).length <= 32);
  t.deepEqual(inputs["__defaults"], ["name"]);
  t.deepEqual(given, { name: "mine", __defaults: [] });
});

test("a prefix leaves the name to AWS", async (t) => {
  const { inputs } = await new Calls().check("aws:iam/role:Role", {
    namePrefix: "x",
    assumeRolePolicy: "{}",
  });

  t.is(inputs["name"], undefined);
});

test("a region outside the sandbox is refused", async (t) => {
  const aws = new Calls();

  await t.throwsAsync(aws.create("aws:sns/topic:Topic", { region: "mars-north-1" }), {
    message: 'region "mars-north-1" is not in this sandbox: it has us-east-1, us-west-2, us-east-2',
  });
});
