/** Somebody else moved the watermark: this shard's projection is in other hands. */
export class WatermarkMovedError extends Error {
  override readonly name = "WatermarkMovedError";
}

/** The rows contradict the log. */
export class ProjectionError extends Error {
  override readonly name = "ProjectionError";
}
