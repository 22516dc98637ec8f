/** What bootstrap makes is a list of pieces; each looks first, says what it would do, and does exactly that. */

export type Look =
  | { readonly state: "there"; readonly detail: string }
  | {
      readonly state: "differs";
      /** One line for each change. */
      readonly will: readonly string[];
      readonly act: () => Promise<void>;
    }
  /** A person has to do it. */
  | { readonly state: "short"; readonly detail: string }
  | { readonly state: "unknown"; readonly detail: string };

export interface Piece {
  readonly title: string;
  readonly look: () => Promise<Look>;
}

export const there = (detail: string): Look => ({ state: "there", detail });

/** `changes` as a look: nothing to do when none is needed. */
export function changesOf(
  detail: string,
  changes: readonly (readonly [will: string, act: () => Promise<unknown>] | undefined)[],
): Look {
  const needed = changes.filter((change) => change !== undefined);
  if (needed.length === 0) return there(detail);
  return {
    state: "differs",
    will: needed.map(([will]) => will),
    async act() {
      // In order: a bucket's settings need the bucket.
      for (const [, act] of needed) await act();
    },
  };
}

/** The answer, or undefined when the service says that there is no such thing. */
export async function orAbsent<T>(asked: Promise<T>, ...names: readonly string[]): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Error && names.includes(error.name)) return undefined;
    throw error;
  }
}
