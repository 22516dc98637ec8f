import test from "ava";
import { render, type Status } from "../../automation/status.ts";

const status: Status = {
  decision: { generation: 1, active: "us-west-2", run: "run-1", finished: false },
  database: { status: "available", writer: "us-west-2" },
  publicName: [
    { resolver: "127.0.0.53:5353", region: "us-west-2" },
    { resolver: "10.0.0.2", region: null, error: "ETIMEOUT" },
  ],
  stale: null,
  regions: [
    {
      region: "us-east-1",
      stack: "prod",
      role: "active",
      commit: "0123456789abcdef0123456789abcdef01234567",
      control: { unknown: "no answer within 4 s" },
      addresses: { answering: 0, of: 3 },
      deployments: { unknown: "GET deployments: ECONNRESET\n    at x" },
      journal: [],
    },
    {
      region: "us-west-2",
      stack: "dr",
      role: "promoting",
      commit: "0123456789abcdef0123456789abcdef01234567",
      control: { traffic: "off", maintenance: "off" },
      addresses: { answering: 3, of: 3 },
      deployments: [{ name: "engine-0", ready: 0, desired: 1 }],
      journal: [
        { shard: 0, seq: 12, ageSeconds: 0.5 },
        { shard: 1, seq: 0, ageSeconds: null },
      ],
    },
  ],
};

test("both regions at a glance; what cannot be seen is unknown, with the reason, and never a no", (t) => {
  t.is(
    render(status),
    `decision   us-west-2 is active, generation 1, by run run-1 (unfinished)
database   available, writer us-west-2
name       127.0.0.53:5353: us-west-2, 10.0.0.2: unknown (ETIMEOUT)

us-east-1 (stack prod, role active, commit 0123456789ab)
  control  unknown (no answer within 4 s)
  network  0 of 3 addresses answer
  pods     unknown (GET deployments: ECONNRESET)
  journal  owns no shard

us-west-2 (stack dr, role promoting, commit 0123456789ab)
  control  traffic off, maintenance off
  network  3 of 3 addresses answer
  pods     engine-0 0/1
  journal  0 at 12, 0.5 s old; 1 at 0
`,
  );
});
