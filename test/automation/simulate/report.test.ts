import test from "ava";
import { choose, type Report, render } from "../../../automation/simulate/report.ts";
import { simulateRestore } from "../../../automation/simulate/restore.ts";
import { defaultDns, settingsOf } from "../../../automation/simulate/settings.ts";
import { shortenings, simulate, simulateZoneLoss } from "../../../automation/simulate/simulate.ts";
import { draw as drawSvg } from "../../../automation/simulate/svg.ts";
import { tableOf } from "./table.ts";

const basis = {
  size: { shards: 2, pods: 3, nodes: 3, addresses: 3 },
  dns: { route53: defaultDns("route53"), cloudflare: defaultDns("cloudflare") },
  cost: { warm: { nodes: 1_234.4, all: 9_000 }, cold: { nodes: 400, all: null } },
};
const restored = {
  ...{ shards: 2, instances: 3, records: 2_600_000, recordsToReplay: 100_000, testedSeconds: null },
};
const draw = { runs: 200, seed: 1 };

function reportOf(
  latencies: Parameters<typeof tableOf>[0],
  wanted: Parameters<typeof settingsOf>[0],
): Report {
  const table = tableOf(latencies);
  const settings = settingsOf(wanted, basis);
  const simulations = settings.map((setting) => simulate(setting, table, draw));
  const chosen = choose(simulations);
  return {
    draw,
    table,
    cost: basis.cost,
    simulations,
    zoneLosses: settings.slice(0, 1).map((setting) => simulateZoneLoss(setting, table, draw)),
    chosen,
    shortenings: shortenings(chosen.setting, table, draw),
    restores: {
      of: {
        database: simulateRestore("database", restored, table, draw),
        journal: simulateRestore("journal", restored, table, draw),
      },
      ...{ records: restored.records, foundWithinSeconds: 3_600 },
      furtherDaySeconds: { database: 1_500, journal: 9_000 },
    },
  };
}

test("every combination is simulated unless one is wanted", (t) => {
  t.is(settingsOf({}, basis).length, 12);
  t.deepEqual(
    settingsOf({ standby: "cold", dns: "cloudflare" }, basis).map(({ go }) => go),
    ["automatic", "desk", "paged"],
  );
});

test("the least demanding configuration that meets the objective is named, with what it costs", (t) => {
  const text = render(reportOf({ nodeStart: 300 }, { dns: "route53" }));
  t.regex(text, /^MEETS 300 s at p99: warm, a paged operator, route53 \(\d+ s; \d+ s from the go\)$/m);
  t.regex(text, /^ {2}costs warm: the passive region's nodes run, with reservations for the whole load$/m);
  t.true(
    text.includes(
      "  in money $1,234 a month for the passive region's nodes, $9,000 for everything but the DNS: an estimate, dr cost says of what",
    ),
  );
  t.regex(text, /^cold, a paged operator, route53 .* 0\.00 %$/m);
});

test("a restore is told from the go, with what takes most of it and what a longer journal adds", (t) => {
  const text = render(
    reportOf({ clusterRestore: 900, tableCreate: 240, maintenanceSwitch: 3 }, { dns: "route53" }),
  );
  const [head, ...lines] = text
    .split("\n")
    .slice(text.split("\n").findIndex((line) => line.startsWith("seconds from the go")));
  t.is(head, `${"seconds from the go until orders again".padEnd(46)}     p50     p95     p99`);
  t.deepEqual(lines.slice(0, 7), [
    `${"database halted and restored".padEnd(46)}   906.0   906.0   906.0`,
    "  most of it: restore: restore 900 s, halt: switch 3 s, resume: switch 3 s, halt: start 0 s",
    "  every further day of journal adds 25 min: every record counts, from the first",
    `${"journal halted and rebuilt".padEnd(46)}   246.0   246.0   246.0`,
    "  most of it: rebuild: create 240 s, halt: switch 3 s, resume: switch 3 s, halt: start 0 s",
    "  every further day of journal adds 150 min: every record counts, from the first",
    "  with 2.6 million records, a day's; damage found within 60 min; confirmed in advance",
  ]);
});

test("when none meets the objective, that is said", (t) => {
  const text = render(reportOf({ update: 300 }, { dns: "route53" }));
  t.regex(text, /^NONE MEETS 300 s at p99\. The nearest: warm, dr watch starts it, route53 \(\d+ s\)$/m);
});

test("of a zone's loss it is said how often errors end within a minute", (t) => {
  const lines = (wait: number) =>
    render(reportOf({ healthPropagation: wait }, { dns: "route53" })).match(/^errors end, .*$/gm);
  // 10 s until the second check begins, up to 10 s for the checks' turn, 4 s for its timeout, 10 s of TTL.
  t.regex(String(lines(1)), /^errors end, route53 +\d+\.\d +\d+\.\d +3\d\.\d +100\.00 %$/);
  t.regex(String(lines(50)), /^errors end, route53 .* 0\.00 %$/);
});

test("the drawing is one well-formed element with a curve for each configuration", (t) => {
  const svg = drawSvg(reportOf({ update: 3 }, { go: "desk" }));
  t.regex(svg, /^<svg .*<\/svg>\n$/s);
  t.is(svg.match(/<polyline /g)?.length, 4);
  t.notRegex(svg, /NaN|undefined/);
});
