/** What `dr` takes from its environment, read once at the start. Nothing else here reads `process.env`. */
import path from "node:path";

export interface Settings {
  /** Directory with `Pulumi.yaml` and the stack files; run records go below it. */
  readonly projectDirectory: string;
  /** The Pulumi backend: `s3://…` or `file://…`; undefined when PULUMI_BACKEND_URL is not set. */
  readonly backendUrl: string | undefined;
  /** Replaces AWS' own endpoints (a sandbox, a proxy). */
  readonly awsEndpoint: string | undefined;
  /** Resolvers as `IP:PORT`; empty: the machine's own. */
  readonly resolvers: readonly string[];
  /** All of it, handed on to the engine's processes. */
  readonly environment: Environment;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export function readSettings(environment: Environment, workingDirectory: string): Settings {
  const text = (name: string): string | undefined => environment[name]?.trim() || undefined;
  return Object.freeze({
    projectDirectory: path.resolve(workingDirectory, text("DR_PROJECT_DIR") ?? "."),
    backendUrl: text("PULUMI_BACKEND_URL"),
    awsEndpoint: text("AWS_ENDPOINT_URL"),
    environment,
    resolvers: Object.freeze((text("DR_RESOLVER") ?? "").split(/[\s,]+/).filter((part) => part !== "")),
  });
}
