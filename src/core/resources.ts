// Node 20.0 to 20.3 have neither symbol; `using` compiles to look-ups of both.
(Symbol as { dispose: symbol }).dispose ??= Symbol.for("Symbol.dispose");
(Symbol as { asyncDispose: symbol }).asyncDispose ??= Symbol.for("Symbol.asyncDispose");

/**
 * Owned things, closed in reverse order: what `DisposableStack` will be once Node 20 is history.
 *
 *     using setup = new Resources();        // closes everything if a step below throws
 *     const map = setup.use(kernel.createMap(spec));
 *     return new Session(map, setup.move()); // success: ownership passes on
 */
export class Resources implements Disposable {
  private closers: (() => void)[] = [];
  private closed = false;

  get disposed(): boolean {
    return this.closed;
  }

  /** Takes ownership of `resource` and returns it. */
  use<T extends Disposable>(resource: T): T {
    this.defer(() => resource[Symbol.dispose]());
    return resource;
  }

  /** Runs `close` when disposed. */
  defer(close: () => void): void {
    if (this.closed) throw new ReferenceError("resources are disposed already");
    this.closers.push(close);
  }

  /** Hands everything over to a new owner; this one then has nothing left to close. */
  move(): Resources {
    const heir = new Resources();
    heir.closers = this.closers;
    this.closers = [];
    this.closed = true;
    return heir;
  }

  /** Closes all in reverse order, even when some fail; then throws what failed. */
  [Symbol.dispose](): void {
    this.closed = true;
    const failures: unknown[] = [];
    for (let close = this.closers.pop(); close !== undefined; close = this.closers.pop()) {
      try {
        close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures, "several resources failed to close");
  }
}
