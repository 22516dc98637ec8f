/**
 * A number above 0 and below 1 that depends on seed, stream and run alone. Two variants of one run share their luck, so
 * that what differs between them is the variant.
 */
export function uniform(seed: number, stream: number, run: number): number {
  // The finalizer of MurmurHash3, public domain, once per part.
  let hash = mix(seed ^ 0x9e3779b9);
  hash = mix(hash ^ Math.imul(stream + 1, 0x85ebca6b));
  hash = mix(hash ^ Math.imul(run + 1, 0xc2b2ae35));
  return ((hash >>> 0) + 0.5) / 2 ** 32;
}

function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
