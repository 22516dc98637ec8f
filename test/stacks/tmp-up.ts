import { Local } from "./local.ts";

for (const skip of [false, true, false, true]) {
  process.env["PULUMI_EXPERIMENTAL"] = skip ? "true" : "";
  process.env["PULUMI_SKIP_CHECKPOINTS"] = skip ? "true" : "";
  const local = await Local.start();
  const stack = await local.stack("prod");
  const t = performance.now();
  await stack.up();
  const up = performance.now() - t;
  const p = performance.now();
  const { changeSummary } = await stack.preview();
  console.log(
    skip,
    "up",
    Math.round(up),
    "preview",
    Math.round(performance.now() - p),
    JSON.stringify(changeSummary),
  );
  await local.close();
}
