/**
 * Every test file of a guest as one: Jest gives each file modules of its own, and to load ours takes an emulated machine
 * ten seconds. BPFKIT_TEST_FILES has the compiled files, as JSON.
 */
const files: readonly string[] = JSON.parse(process.env["BPFKIT_TEST_FILES"] ?? "[]");

// By the name of the outermost group the reporter tells whose a test is.
for (const file of files)
  describe(file, () => {
    try {
      require(file);
    } catch (error) {
      test("can be loaded", () => {
        throw error;
      });
    }
  });
