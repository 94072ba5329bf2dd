import { type Circumstances, type State, type Verdict, verdictFor } from "./skip-rules";

function at(states: Record<string, State>, more: Partial<Circumstances> = {}): Circumstances {
  return {
    denied: undefined,
    required: false,
    kernel: "6.1",
    expectedMissing: new Set(["kprobe-multi"]),
    stateOf: (feature) => states[feature] ?? "available",
    ...more,
  };
}

const required = { required: true };

test.each<[string, string[], Circumstances, Verdict["kind"]]>([
  ["nothing needed", [], at({}), "run"],
  ["all there", ["fentry", "kprobe"], at({}, required), "run"],
  ["missing as expected", ["fentry", "kprobe-multi"], at({ "kprobe-multi": "missing" }, required), "skip"],
  ["missing, not expected, on a machine of the user's", ["fentry"], at({ fentry: "missing" }), "skip"],
  [
    "missing, not expected, where tests are required",
    ["fentry"],
    at({ fentry: "missing" }, required),
    "fail",
  ],
  ["expected to be missing, but refused", ["kprobe-multi"], at({ "kprobe-multi": "denied" }), "fail"],
  ["no clear answer", ["fentry"], at({ fentry: "unknown" }), "fail"],
  ["no rights", ["fentry"], at({}, { denied: "no rights: EPERM" }), "skip"],
  ["no rights where tests are required", [], at({}, { denied: "no rights: EPERM", ...required }), "fail"],
])("%s", (_name, needs, circumstances, kind) => {
  expect(verdictFor(needs, circumstances).kind).toBe(kind);
});

test("a skip names the kernel and the feature", () =>
  expect(verdictFor(["kprobe-multi"], at({ "kprobe-multi": "missing" }))).toEqual({
    kind: "skip",
    reason: 'kernel "6.1": "kprobe-multi" is missing',
    feature: "kprobe-multi",
  }));
