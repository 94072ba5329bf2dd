/** Flame graphs in a real browser, opened from disk: what is drawn, clicked, searched; and that nothing else runs. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ProfileFormat, renderProfile } from "../../../../src/output/stacks/formats";
import type { Profile } from "../../../../src/output/stacks/profile";
import { recordSkip } from "../../../kernel/skip-log";
import { Chromium, chromiumPath } from "./chromium";
import { deep, empty, info, profileOf, shop, user } from "./sample";

jest.setTimeout(120_000);

if (chromiumPath === undefined)
  recordSkip({ test: "flame graphs in Chromium", reason: "chromium is not installed" });

const evil = `</title></script></text>]]><script>globalThis.pwned = 1</script><img src=x onerror="globalThis.pwned = 2">'&amp;`;

/** 60, 30 and 10 of a hundred; `cold` is reached on two ways. */
const shares = profileOf(
  [
    { group: shop, frames: [user("main"), user("hot")], weight: 60 },
    { group: shop, frames: [user("main"), user("warm"), user("Cold")], weight: 30 },
    { group: { label: evil }, frames: [evil, user("Cold")], weight: 10 },
  ],
  { title: `${evil} time`, notes: [`a note, ${evil}`], lost: { [evil]: 2 } },
);

/** How each format says what is on the screen. */
const pages = {
  svg: {
    frames: `[...document.querySelectorAll("#frames > g")].filter((g) => g.style.display !== "none")`,
    name: `g.querySelector("title").textContent.split("\\n")[0]`,
    label: `(g.querySelector("text")?.textContent ?? "")`,
    details: `document.getElementById("details").textContent`,
    hit: `g.classList.contains("hit")`,
    settled: "true",
  },
  html: {
    frames: `[...document.querySelectorAll("#chart g.frame")].filter((g) => g.getBoundingClientRect().width > 0)`,
    name: `g.getAttribute("name")`,
    label: `g.querySelector("div").textContent`,
    details: `document.getElementById("details").textContent`,
    hit: `g.querySelector("rect").getAttribute("fill") === "#c58be0"`,
    settled: `document.querySelectorAll("#chart g.frame rect[width]").length > 0 &&
      [...document.querySelectorAll("#chart g.frame")].every((g) =>
        Math.abs(g.getAttribute("width") - g.querySelector("rect").getAttribute("width")) < 0.05)`,
  },
} as const;

interface Shown {
  readonly name: string;
  readonly label: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly hit: boolean;
}

const inBrowser = chromiumPath === undefined ? describe.skip : describe;

inBrowser.each(["svg", "html"] as const)("%s", (format) => {
  const folder = mkdtempSync(join(tmpdir(), "bpfkit-pages-"));
  const page = pages[format];
  let browser: Chromium;
  beforeAll(() => {
    browser = new Chromium(chromiumPath!);
  });
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  const settled = () => browser.until(page.settled);
  const frames = () =>
    browser.evaluate<Shown[]>(`${page.frames}.map((g) => {
      const { x, y, width } = g.querySelector("rect").getBoundingClientRect();
      return { name: ${page.name}, label: ${page.label}, x, y, width, hit: ${page.hit} };
    })`);
  const named = async (name: string) => (await frames()).find((frame) => frame.name === name)!;
  const element = (name: string) =>
    `${page.frames}.find((g) => ${page.name} === ${JSON.stringify(name)}).querySelector("rect")`;
  const textOf = (id: string) => browser.evaluate<string>(`document.getElementById("${id}").textContent`);

  async function open(profile: Profile, width = 1200, before?: Profile): Promise<void> {
    const file = join(folder, `page.${format}`);
    writeFileSync(file, [...renderProfile(profile, format as ProfileFormat, { info, before })].join(""));
    await browser.open(file, width, 800);
    await settled();
  }

  /** With BPFKIT_SCREENSHOTS=FOLDER the pictures are kept, to be looked at. */
  async function keep(name: string): Promise<void> {
    const place = process.env["BPFKIT_SCREENSHOTS"];
    if (place === undefined) return;
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, `${format}-${name}.png`), await browser.screenshot());
  }

  test("frames are as wide as their share, callers under what they call", async () => {
    await open(shares);
    const [all, hot, warm, main] = await Promise.all(["all", "hot", "warm", "main"].map(named));
    expect(hot!.width / all!.width).toBeCloseTo(0.6, 2);
    expect(warm!.width / all!.width).toBeCloseTo(0.3, 2);
    expect([all!.y > main!.y, main!.y > hot!.y]).toEqual([true, true]);
    expect(main!.label).toBe("main");
  });

  test("a click enlarges a frame to the full width, Reset zoom and Esc undo it", async () => {
    await open(shares);
    const before = await named("warm");
    await browser.click(element("warm"));
    await settled();
    const [all, warm] = [await named("all"), await named("warm")];
    expect(warm.width / all.width).toBeCloseTo(1, 2);
    expect((await frames()).map(({ name }) => name)).not.toContain("hot");
    await keep("zoomed");
    await browser.click(`document.getElementById("reset")`);
    await settled();
    expect((await named("warm")).width).toBeCloseTo(before.width, 0);
    await browser.click(element("hot"));
    await browser.key("Escape");
    await settled();
    expect((await named("warm")).width).toBeCloseTo(before.width, 0);
  });

  test("the frame under the mouse is described", async () => {
    await open(shares);
    await browser.click(element("hot"));
    expect(await textOf("details")).toBe("hot: 60.0 %, 60 samples, self 60.0 %, /usr/bin/shop");
  });

  test.each([
    ["a name", "cold", ["Cold", "Cold"], "matched 40.0 %"],
    ["a capital is one", "COLD", [], "matched 0.0 %"],
    ["a regular expression", "^(hot|warm)$", ["hot", "warm"], "matched 90.0 %"],
    [
      "what lies inside of a match counts once",
      "main|warm|Cold",
      ["main", "warm", "Cold", "Cold"],
      "matched 100.0 %",
    ],
    ["no regular expression, but a text", 'onerror="(', [], "matched 0.0 %"],
    ["a text with signs", "'&amp;", [evil, evil], "matched 10.0 %"],
  ])("search: %s", async (_what, text, names, matched) => {
    await open(shares);
    await browser.key("/");
    await browser.type(text);
    const hits = (await frames()).filter(({ hit }) => hit).map(({ name }) => name);
    expect(hits.sort()).toEqual([...names].sort());
    expect(await textOf("matched")).toBe(matched);
    if (text === "cold") await keep("searched");
    await browser.key("Escape");
    expect(await textOf("matched")).toBe("");
    expect((await frames()).filter(({ hit }) => hit)).toEqual([]);
  });

  test("icicle: the same upside down, and back", async () => {
    await open(shares);
    await browser.click(`document.getElementById("icicle")`);
    await settled();
    await browser.until(
      `${element("all")}.getBoundingClientRect().y < ${element("hot")}.getBoundingClientRect().y`,
    );
    await keep("icicle");
    await browser.click(`document.getElementById("icicle")`);
    await browser.until(
      `${element("all")}.getBoundingClientRect().y > ${element("hot")}.getBoundingClientRect().y`,
    );
  });

  test("a picture that is higher than the window begins with what all stacks stand on", async () => {
    await open(deep(100));
    const first = () => browser.evaluate<number>(`${element("all")}.getBoundingClientRect().y`);
    await browser.until(
      `${element("all")}.getBoundingClientRect().y < ${element("f9")}.getBoundingClientRect().y`,
    );
    expect(await first()).toBeLessThan(200);
    expect(await textOf("icicle")).toBe("Flame");
  });

  test.each([1200, 600])("fits a window of %i pixels, without a sideways scroll bar", async (width) => {
    await open(shares, width);
    const all = await named("all");
    expect([all.x >= 0, all.x + all.width <= width, all.width > width - 40]).toEqual([true, true, true]);
    expect(await browser.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
    await keep(String(width));
  });

  test("names are text, wherever they stand", async () => {
    await open(shares);
    expect((await frames()).map(({ name }) => name)).toContain(evil);
    await browser.click(element(evil));
    await settled();
    await browser.type(evil);
    expect(await browser.evaluate("globalThis.pwned ?? null")).toBeNull();
    expect(await browser.evaluate(`document.querySelectorAll("img").length`)).toBe(0);
  });

  test("an empty profile is an empty picture", async () => {
    await open(empty);
    expect((await frames()).map(({ name }) => name)).toEqual(["all"]);
  });

  test("ten thousand frames deep: drawn as far as the limit, zoomed and searched", async () => {
    await open(deep(10_000));
    expect(await browser.evaluate("document.documentElement.textContent")).toContain(
      "9000 boxes are not drawn",
    );
    await browser.click(element("all"));
    await settled();
    await browser.key("/");
    await browser.type("f999$");
    expect(await textOf("matched")).toBe("matched 100.0 %");
  });

  test("a comparison says what was before", async () => {
    const before = profileOf([
      { frames: ["shop", "main", "hot"], weight: 1 },
      { frames: ["gone"], weight: 1 },
    ]);
    await open(shares, 1200, before);
    await browser.click(element("hot"));
    expect(await textOf("details")).toBe("hot: 60.0 %, 60 samples, before 50.0 % (+10.0)");
    expect(await browser.evaluate("document.documentElement.textContent")).toContain(
      "50.0 % of before is in stacks that are gone: not drawn.",
    );
    await keep("diff");
  });

  test("no page complained, and none asked for anything but itself", () => {
    expect(browser.complaints).toEqual([]);
    expect(new Set(browser.requests)).toEqual(new Set([`file://${join(folder, `page.${format}`)}`]));
  });
});
