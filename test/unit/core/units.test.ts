import { UsageError } from "../../../src/core/errors";
import { formatDuration, formatSize, parseDuration, parseSize } from "../../../src/core/units";

function thrownBy(step: () => unknown): unknown {
  try {
    step();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("parseDuration", () => {
  test.each([
    ["3", 3e9],
    ["1.5", 1.5e9],
    [".5", 5e8],
    ["0.1", 1e8],
    ["500ms", 5e8],
    ["1.001ms", 1_001_000],
    ["7ns", 7],
    ["20us", 20_000],
    ["20µs", 20_000],
    ["10s", 10e9],
    [" 10 s ", 10e9],
    ["2m", 120e9],
    ["1h", 3600e9],
    ["1d", 86_400e9],
  ])("%s", (text, ns) => expect(parseDuration(text)).toBe(ns));

  test.each([
    ["", 'duration "": not a duration'],
    ["zero", 'duration "zero": not a duration'],
    ["10 parsecs", 'duration "10 parsecs": not a duration'],
    ["1e3", 'duration "1e3": not a duration'],
    ["10S", 'duration "10S": not a duration'],
    ["0", 'duration "0": must be more than zero'],
    ["0.1ns", 'duration "0.1ns": must be more than zero'],
    ["-1s", 'duration "-1s": must be more than zero'],
    ["1000d", 'duration "1000d": too large'],
  ])("refuses %p and says what is allowed", (text, message) => {
    const error = thrownBy(() => parseDuration(text));
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({ message, hint: expect.stringContaining("500ms, 10s, 2m") });
  });

  test("zero is a duration where the caller says so, less is not", () => {
    expect(parseDuration("0", { allowZero: true })).toBe(0);
    expect(() => parseDuration("-1", { name: "delay", allowZero: true })).toThrow(
      'delay "-1": must not be negative',
    );
  });
});

test.each([
  [0, "0ns"],
  [7, "7ns"],
  [999.7, "1us"],
  [1234, "1.23us"],
  [500e6, "500ms"],
  [999_999_999, "1s"],
  [1.5e9, "1.5s"],
  [90e9, "90s"],
  [120e9, "2m"],
  [3600e9, "60m"],
  [7200e9, "2h"],
  [86_400e9 * 3, "3d"],
])("formatDuration(%d) is %s", (ns, text) => {
  expect(formatDuration(ns)).toBe(text);
  expect(formatDuration(parseDuration(text, { allowZero: true }))).toBe(text);
});

describe("sizes", () => {
  test.each([
    ["0", 0],
    ["4096", 4096],
    ["64K", 65_536],
    ["64k", 65_536],
    ["64KiB", 65_536],
    ["1.5M", 1_572_864],
    ["2G", 2 ** 31],
    ["1T", 2 ** 40],
  ])("%s", (text, bytes) => {
    expect(parseSize(text, { allowZero: true })).toBe(bytes);
    expect(parseSize(formatSize(bytes), { allowZero: true })).toBe(bytes);
  });

  test.each([
    ["K", 'size "K": not a size'],
    ["0K", 'size "0K": must be more than zero'],
    ["-4096", 'size "-4096": must be more than zero'],
    ["9999999T", 'size "9999999T": too large'],
  ])("refuses %s", (text, message) => {
    expect(thrownBy(() => parseSize(text))).toMatchObject({ name: "UsageError", message });
  });
});
