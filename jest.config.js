/** Jest runs what tsc emitted; the sources are mapped back by the inline source maps. */
module.exports = {
  rootDir: __dirname,
  roots: ["<rootDir>/dist/test"],
  testMatch: ["**/*.test.js"],
  transform: {},
  testTimeout: 60_000,
};
