/**
 * What counts on the live system, starts processes or drives a browser can be disturbed by others on the machine.
 * Such a test has a second try; the first failure is printed all the same. Tests of pure code have none.
 */
const { testPath = "" } = expect.getState();

if (/\/test\/(kernel|cli|package|guests)\/|\/browser\.test\./.test(testPath))
  jest.retryTimes(1, { logErrorsBeforeRetry: true });
