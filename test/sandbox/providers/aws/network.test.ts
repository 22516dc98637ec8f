import test from "ava";
import { NETWORK } from "../../../../sandbox/providers/aws/network.ts";
import { ACCOUNT } from "../engine.ts";

test("no two Elastic IPs have one address", (t) => {
  const making = { region: "us-east-1", accountId: ACCOUNT, name: "traffic", inputs: {} };
  const addresses = Array.from(
    { length: 100 },
    () => NETWORK["aws:ec2/eip:Eip"]?.(making).outputs?.["publicIp"],
  );
  t.is(new Set(addresses).size, 100);
});
