/** Waits until the function that `offer` is given is called: true; or for the time or `signal`: false. */
export async function woken(
  timeoutMs: number | undefined,
  signal: AbortSignal | undefined,
  offer: (wake: () => void) => void,
): Promise<boolean> {
  let stop = () => {};
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<boolean>((resolve) => {
      stop = () => resolve(false);
      if (timeoutMs !== undefined) timer = setTimeout(stop, timeoutMs);
      signal?.addEventListener("abort", stop);
      offer(() => resolve(true));
    });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}
