/** Hashes of what is asked for with each sample, so that no text is made of it. */

/** A large odd number, near 2^32 over the golden ratio: multiplying by it spreads differences over all bits. */
const SPREAD = 0x9e3779b1;

/** The hash of what came before and one more number, of which the lower 32 bits count. */
export function mixed(hash: number, next: number): number {
  const spread = Math.imul(hash ^ (next | 0), SPREAD);
  return spread ^ (spread >>> 15);
}
