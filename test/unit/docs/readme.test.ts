/** What the README promises: exit codes, commands, needs. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setcapLine } from "../../../src/bpf/capabilities";
import { ExitCode } from "../../../src/cli/exit";
import { commands } from "../../../src/commands";
import { root } from "../../root";
import { fenceAfter, page, section, tableRows, withoutFences } from "./pages";

const readme = page("README.md");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly version: string;
  readonly engines: { readonly node: string };
  readonly scripts: Readonly<Record<string, string>>;
};

describe("the README", () => {
  test("explains every exit code, and no other of bpfkit's own", () => {
    const codes = tableRows(section(readme, "## Exit codes"))
      .slice(1)
      .flatMap(([code = ""]) => code.split(", ").map(Number));
    const signals = [130, 143];
    expect(codes).toEqual([...Object.values(ExitCode), ...signals]);
  });

  test("has the two commands of a fresh machine; .ci/run installs and tests with them", () => {
    const main = fenceAfter(readme, "On a fresh machine");
    const tests = fenceAfter(readme, "The tests:");
    expect(main).toEqual(["npm ci && sudo npx bpfkit syscall-top -d 5"]);
    expect(tests).toEqual(["npm ci && sudo npm test"]);
    const ci = readFileSync(join(root, ".ci/run"), "utf8");
    expect(ci).toMatch(/^npm ci$/m);
    // sudo drops the environment, so the variable stands behind it.
    expect(ci).toMatch(/\bsudo (?:[A-Z_]+=\S+ )*npm test$/m);
  });

  test("names every command with its page", () => {
    const rows = tableRows(readme).map(([first]) => first);
    for (const { name } of commands) expect(rows).toContain(`[\`${name}\`](docs/commands/${name}.md)`);
  });

  test("names only scripts that there are", () => {
    const used = [...page("CONTRIBUTING.md").matchAll(/npm run (?:--silent )?([a-z:]+)/g)].map(
      ([, name]) => name,
    );
    expect(used.filter((name) => !(name !== undefined && name in manifest.scripts))).toEqual([]);
  });

  test("says what is needed as the package does", () => {
    expect(readme).toContain(`Node ${/\d+/.exec(manifest.engines.node)?.[0]} or newer`);
    expect(fenceAfter(readme, "**It needs**")).toEqual([setcapLine()]);
  });

  test("speaks of this version, and so does the changelog", () => {
    expect(readme).toContain(`Version ${manifest.version} `);
    expect(page("CHANGELOG.md")).toMatch(
      new RegExp(`^## \\[?${manifest.version.replaceAll(".", "\\.")}\\]? - `, "m"),
    );
  });

  test("is short", () => {
    // Three minutes at 200 words a minute; what stands in fences is looked at rather than read.
    expect(withoutFences(readme).split(/\s+/).length).toBeLessThan(700);
  });
});
