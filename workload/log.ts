/** One line of JSON per event on stdout. */
export type Log = (event: string, fields?: Readonly<Record<string, unknown>>) => void;

export function createLog(context: Readonly<Record<string, unknown>>): Log {
  return (event, fields) => {
    process.stdout.write(
      `${JSON.stringify({ at: new Date().toISOString(), event, ...context, ...fields })}\n`,
    );
  };
}

/** An error with its causes, for a log field. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0)
    return error.errors.map(messageOf).join("; ");
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `: ${messageOf(error.cause)}`;
  return `${error.name}: ${error.message}${cause}`;
}
