/** One thing that went wrong, found by the judge. */
export interface Defect {
  /**
   * - `lost`: acknowledged, but absent or different in journal, API or projection
   * - `split-brain`: the acknowledgement is not in the valid log
   * - `duplicate`: placed, cancelled or executed more than once
   * - `resurrected`: an acknowledged cancel undone
   * - `phantom`: answered "refused" or "never appended", or never asked for, and yet there
   * - `stale`: an answer from the past, or by a region that no longer decides
   * - `broken`: the journal contradicts itself
   * - `unequal`: the projection is not what the journal says
   */
  readonly kind:
    | "lost"
    | "split-brain"
    | "duplicate"
    | "resurrected"
    | "phantom"
    | "stale"
    | "broken"
    | "unequal";
  /** What it is about: one subject counts once per kind. */
  readonly subject: string;
  readonly detail: string;
}
