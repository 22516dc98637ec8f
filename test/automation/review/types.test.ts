import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import test from "ava";
import { RULES } from "../../../automation/review/rules.ts";
import { GROUPS, isStateful, standingOf } from "../../../automation/review/types/index.ts";
import { deploy } from "../../stacks/graph.ts";

const CLOUDFLARE = JSON.stringify({
  provider: "cloudflare",
  name: "exchange.example.com",
  zoneId: "a".repeat(32),
  cloudflareAccountId: "b".repeat(32),
});

test.serial(
  "every type that the program uses is classified, in both stacks and with both DNS providers",
  async (t) => {
    for (const stack of ["prod", "dr"] as const) {
      for (const overrides of [{}, { dns: CLOUDFLARE }]) {
        const { resources } = await deploy(stack, overrides);
        const used = new Set(resources.filter(({ custom }) => custom).map(({ type }) => type));
        const unclassified = [...used].filter((type) => standingOf(type) === undefined);
        t.deepEqual(unclassified, [], "say in automation/review/types what losing one of these costs");
        t.true(used.size > 40);
      }
    }
  },
);

test("a type stands for one thing", (t) => {
  const all = GROUPS.flatMap(({ types }) => types);
  t.deepEqual(
    all.filter((type, index) => all.indexOf(type) !== index),
    [],
  );
});

/** The token that the SDK's class of that name registers. */
function tokenInSdk(type: string): string | undefined {
  const [provider = "", module = ""] = type.split(":");
  const require = createRequire(import.meta.url);
  const root = path.dirname(require.resolve(`@pulumi/${provider}/package.json`));
  const [folder = "", file = ""] = module.split("/");
  for (const name of [file, file.toLowerCase(), file.replace(/^r2B/, "r2b").replace(/^d1D/, "d1d")]) {
    try {
      const text = readFileSync(path.join(root, folder === "index" ? "" : folder, `${name}.js`), "utf8");
      return /__pulumiType = '([^']+)'/.exec(text)?.[1];
    } catch {
      // Another spelling.
    }
  }
  return undefined;
}

test("types of AWS and Cloudflare are spelled as their SDKs spell them", (t) => {
  const types = [...GROUPS, ...RULES]
    .flatMap((one) => one.types)
    .filter((type) => /^(?:aws|cloudflare):/.test(type));
  const wrong = [...new Set(types)].filter((type) => tokenInSdk(type) !== type);
  t.deepEqual(wrong, []);
});

test("what is stateful, what is not, and what nobody classified", (t) => {
  t.true(isStateful("aws:rds/cluster:Cluster"));
  t.true(isStateful("aws:rds/globalCluster:GlobalCluster"));
  t.false(isStateful("aws:route53/record:Record"));
  t.false(isStateful("kubernetes:apps/v1:Deployment"));
  t.true(isStateful("kubernetes:apps/v1:StatefulSet"));
  t.true(isStateful("azure-native:sql/v20230801:Database"));
  t.true(isStateful("someone:index/thing:Thing"));
  t.false(isStateful("pulumi:providers:aws"));
});
