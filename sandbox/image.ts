/** The workload's image as workload/Dockerfile makes it: an entry point, variables, and code that is compiled already. */
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { POD_NODE_OPTIONS } from "./compute/compute.ts";
import type { Image } from "./compute/images.ts";

const REPOSITORY = path.join(import.meta.dirname, "..");
const ENVIRONMENT = { NODE_COMPILE_CACHE: path.join(REPOSITORY, "node_modules", ".cache", "compiled") };
const LIMIT_MILLISECONDS = 60_000;

export const WORKLOAD = path.join(REPOSITORY, "workload", "main.ts");

/** Pods that are killed keep no compiled code: without this the survivors of a first drill would compile it all. */
export async function buildImage(): Promise<void> {
  await promisify(execFile)(process.execPath, [WORKLOAD, "compile"], {
    env: { ...ENVIRONMENT, NODE_OPTIONS: POD_NODE_OPTIONS },
    timeout: LIMIT_MILLISECONDS,
  });
}

/** @param workload the program, which a sabotage replaces */
export const workloadImage = (digest: string, workload = WORKLOAD): Image => ({
  repository: "workload",
  digests: [digest],
  command: [process.execPath, workload],
  environment: ENVIRONMENT,
});
