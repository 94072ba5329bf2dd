/**
 * Jest runs what tsc emitted; the sources are mapped back by the inline source maps. One worker: kernel tests count
 * what the machine does, and two that run at once would count each other. A failed test may leave a program behind,
 * which must not keep the run from ending.
 */
module.exports = {
  rootDir: __dirname,
  roots: ["<rootDir>/dist/test"],
  testMatch: ["**/*.test.js"],
  transform: {},
  globalSetup: "<rootDir>/dist/test/global-setup.js",
  globalTeardown: "<rootDir>/dist/test/global-teardown.js",
  setupFilesAfterEnv: ["<rootDir>/dist/test/second-try.js"],
  maxWorkers: 1,
  forceExit: true,
  testTimeout: 60_000,
  reporters: ["default", "<rootDir>/dist/test/summary-reporter.js"],
};
