/** Unwind information that cannot be read counts as none: whoever reads it throws one kind of error for that. */

/** What `read` returns; undefined where it throws such an error. Others are passed on. */
export function unlessThrown<T>(
  damage: new (...args: never[]) => Error,
  read: () => T | undefined,
): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof damage) return undefined;
    throw error;
  }
}
