import { parseCommandLine } from "../../../src/cli/command-line";
import { fakeCommands } from "../../cli/fake-bpfkit";
import { fakeContext } from "./fake-context";
import { fakeMachine } from "./fake-machine";

test("a command runs on fakes alone, with options as the command line gives them", async () => {
  const parsed = parseCommandLine(["count", "-d", "3", "-i", "1", "--lost", "5"], fakeCommands, fakeMachine);
  if (parsed.kind !== "run") throw new Error("help was not asked for");
  const { context, output, notices, details } = fakeContext();
  const outcome = await parsed.command.run(context, parsed.options as never, parsed.words);
  expect(outcome).toEqual({ lost: 5 });
  expect(output.reports).toHaveLength(3);
  expect(output.rows()).toEqual([{ count: 3 }]);
  expect({ notices, details }).toEqual({ notices: ["ready"], details: ["pid 4242."] });
});
