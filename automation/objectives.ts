/** What the platform promises, in seconds. */

/** A region is lost: from the impact to a fresh client's first write. */
export const RTO_SECONDS = 300;
/** A zone is lost: errors end within this, with nobody's help. */
export const ZONE_SECONDS = 60;
