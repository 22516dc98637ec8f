/** Every way a verb can end, as exit codes and as errors that carry them. */

export const EXIT = {
  done: 0,
  bug: 1,
  /** Usage, or the operator did not confirm. */
  usage: 2,
  credentials: 3,
  /** Refused; nothing was changed. */
  refused: 10,
  /** Recovered, but acknowledged events are missing. */
  rpoMissed: 11,
  /** Recovered, but later than the objective. */
  rtoMissed: 12,
  /** Stopped half-way; the same command resumes. */
  halfway: 13,
  fenceNotProven: 14,
  /** 15 is a drill's `inconclusive`. A check found something wrong, or could not look. */
  notReady: 16,
  /** The database, or the journal, is not what it should be. */
  invalid: 17,
  /** Another run holds the lock. */
  locked: 75,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An end that the operator should read, not a stack trace. */
export abstract class DrError extends Error {
  abstract readonly exitCode: ExitCode;
}

export class UsageError extends DrError {
  override readonly name = "UsageError";
  readonly exitCode = EXIT.usage;
}

export class CredentialsError extends DrError {
  override readonly name = "CredentialsError";
  readonly exitCode = EXIT.credentials;
}

export class RefusedError extends DrError {
  override readonly name: string = "RefusedError";
  readonly exitCode = EXIT.refused;
}

export class HalfwayError extends DrError {
  override readonly name: string = "HalfwayError";
  readonly exitCode = EXIT.halfway;
}

export class FenceError extends DrError {
  override readonly name = "FenceError";
  readonly exitCode = EXIT.fenceNotProven;
}

export class LockedError extends DrError {
  override readonly name = "LockedError";
  readonly exitCode = EXIT.locked;
}

export class InterruptedError extends DrError {
  override readonly name = "InterruptedError";
  readonly exitCode = EXIT.interrupted;
}

/** AWS' names for "not you" and "not allowed", in every service that is called here. */
const CREDENTIAL_ERRORS = new Set([
  "AccessDenied",
  "AccessDeniedException",
  "CredentialsProviderError",
  "ExpiredToken",
  "ExpiredTokenException",
  "InvalidAccessKeyId",
  "InvalidClientTokenId",
  "InvalidSignatureException",
  "SignatureDoesNotMatch",
  "UnauthorizedOperation",
  "UnrecognizedClientException",
]);

/** Whether the error, or one that caused it, says that the credentials are missing, expired or not allowed. */
export function isCredentialsError(error: unknown): boolean {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 10; cause = cause.cause, depth++) {
    if (CREDENTIAL_ERRORS.has(cause.name)) return true;
  }
  return false;
}

/** The exit code that an error thrown by a verb ends the process with. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof DrError) return error.exitCode;
  if (isCredentialsError(error)) return EXIT.credentials;
  return EXIT.bug;
}

/** Text of anything thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
