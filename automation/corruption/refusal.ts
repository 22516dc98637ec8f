/** Errors of replay and validation as an operator should read them: what was refused, and what to do. */
import { NotInLogError, TamperedError } from "../../journal/index.ts";
import { ProjectionError, TargetError, WatermarkMovedError } from "../../replay/index.ts";
import { HalfwayError, RefusedError } from "../errors.ts";

/** @throws always */
export function asRefusal(error: unknown): never {
  if (error instanceof TamperedError) {
    const { epoch, seq } = error.position;
    throw new RefusedError(
      `${error.message}. Nothing was written. \`dr corruption find --tampered\` names the record; --quarantine-from SHARD:${epoch}:${seq} replays what is before it`,
      { cause: error },
    );
  }
  if (error instanceof TargetError || error instanceof NotInLogError) {
    throw new RefusedError(error.message, { cause: error });
  }
  if (error instanceof WatermarkMovedError || error instanceof ProjectionError) {
    throw new HalfwayError(`${error.message}; what was applied before it is kept, the same command goes on`, {
      cause: error,
    });
  }
  throw error;
}
