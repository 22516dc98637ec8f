/** Request bodies: plain, or in signed or trailed chunks (`content-encoding: aws-chunked`). */
import type { AwsRequest } from "../protocol.ts";
import { S3Error } from "./error.ts";

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html (signatures are not verified) */
export function bodyOf({ headers, body }: AwsRequest): Buffer {
  return headers["x-amz-content-sha256"]?.startsWith("STREAMING-") ? dechunk(body) : body;
}

function dechunk(body: Buffer): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const lineEnd = body.indexOf("\r\n", at);
    const size = Number.parseInt(body.toString("latin1", at, lineEnd), 16);
    if (lineEnd < 0 || Number.isNaN(size)) break;
    // What follows the empty chunk are trailers: checksums, not content.
    if (size === 0) return Buffer.concat(chunks);
    const start = lineEnd + 2;
    chunks.push(body.subarray(start, start + size));
    at = start + size + 2;
  }
  throw new S3Error("IncompleteBody", 400, "The request body terminated unexpectedly");
}
