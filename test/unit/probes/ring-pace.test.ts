import { RingPace } from "../../../src/probes/ring-pace";

const bounds = { soonestNs: 2, latestNs: 20, fill: 1 / 8 };

test("an empty ring is looked at as late as may be", () => {
  expect(new RingPace(bounds).next(0)).toBe(20);
});

test("the faster the ring fills the sooner, so that as much of it fills as is to", () => {
  const pace = new RingPace(bounds);
  pace.next(0);
  expect(pace.next(1 / 8)).toBe(20);
  expect(pace.next(1 / 4)).toBe(10);
  expect(pace.next(1 / 8)).toBe(10);
  expect(pace.next(1)).toBe(2);
  expect(pace.next(1 / 16)).toBe(4);
});

test("it settles at the pause in which an eighth fills, whatever the rate", () => {
  for (const perNs of [0.001, 0.0125, 0.05]) {
    const pace = new RingPace(bounds);
    let pause = pace.next(0);
    for (let i = 0; i < 5; i++) pause = pace.next(Math.min(1, pause * perNs));
    expect(pause).toBeCloseTo(Math.min(20, Math.max(2, 1 / 8 / perNs)));
  }
});
