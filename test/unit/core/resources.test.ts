import { Resources } from "../../../src/core/resources";

/** A resource that notes when it is closed, and may fail at it. */
function closing(log: string[], name: string, failure?: Error): Disposable {
  return {
    [Symbol.dispose]() {
      log.push(name);
      if (failure !== undefined) throw failure;
    },
  };
}

test("closes in reverse order, once", () => {
  const log: string[] = [];
  const owned = new Resources();
  owned.use(closing(log, "first"));
  owned.defer(() => log.push("second"));
  expect(owned.disposed).toBe(false);
  owned[Symbol.dispose]();
  owned[Symbol.dispose]();
  expect(log).toEqual(["second", "first"]);
  expect(owned.disposed).toBe(true);
});

test("use gives back what it takes", () => {
  const resource = closing([], "x");
  using owned = new Resources();
  expect(owned.use(resource)).toBe(resource);
});

test("closes all when one fails, and throws that failure", () => {
  const log: string[] = [];
  const owned = new Resources();
  owned.use(closing(log, "first"));
  owned.use(closing(log, "second", new RangeError("broken")));
  owned.use(closing(log, "third"));
  expect(() => owned[Symbol.dispose]()).toThrow(new RangeError("broken"));
  expect(log).toEqual(["third", "second", "first"]);
});

test("gathers several failures", () => {
  const owned = new Resources();
  owned.use(closing([], "first", new RangeError("one")));
  owned.use(closing([], "second", new RangeError("two")));
  const failures: unknown[] = [];
  try {
    owned[Symbol.dispose]();
  } catch (error) {
    failures.push(...(error as AggregateError).errors.map(({ message }: Error) => message));
  }
  expect(failures).toEqual(["two", "one"]);
});

test("takes nothing after its end", () => {
  const owned = new Resources();
  owned[Symbol.dispose]();
  expect(() => owned.defer(() => {})).toThrow(ReferenceError);
});

test("what was moved belongs to the heir alone", () => {
  const log: string[] = [];
  const setup = new Resources();
  setup.use(closing(log, "map"));
  const heir = setup.move();
  setup[Symbol.dispose]();
  expect(log).toEqual([]);
  expect(() => setup.use(closing(log, "late"))).toThrow(ReferenceError);
  heir[Symbol.dispose]();
  expect(log).toEqual(["map"]);
});

test("a step that throws closes what came before it", () => {
  const log: string[] = [];
  const open = () => {
    using setup = new Resources();
    setup.use(closing(log, "map"));
    throw new RangeError("no program");
  };
  expect(open).toThrow("no program");
  expect(log).toEqual(["map"]);
});
