/** Errors as gRPC statuses; a half-finished creation carries its state in the status' details, as the engine reads it. */
import * as grpc from "@grpc/grpc-js";
import rpc from "@pulumi/pulumi/proto/provider_pb.js";
import statuses from "@pulumi/pulumi/proto/status_pb.js";
import anys from "google-protobuf/google/protobuf/any_pb.js";
import { InitializationError } from "./provider.ts";
import { encode } from "./wire.ts";

function chain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${chain(error.cause)}`;
}

export function toServiceError(error: unknown): Partial<grpc.StatusObject> {
  const message = chain(error);
  const code = grpc.status.UNKNOWN;
  if (!(error instanceof InitializationError)) return { code, details: message };
  const { id, outputs, inputs } = error.state;
  const detail = new rpc.ErrorResourceInitFailed()
    .setId(id)
    .setProperties(encode(outputs))
    .setInputs(encode(inputs))
    .setReasonsList([message]);
  const packed = new anys.Any();
  packed.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const status = new statuses.Status().setCode(code).setMessage(message).setDetailsList([packed]);
  const metadata = new grpc.Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  return { code, details: message, metadata };
}
