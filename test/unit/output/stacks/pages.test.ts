/** SVG and HTML as text. What they do in a browser is in browser.test.ts. */
import { createContext, Script } from "node:vm";
import { browserLibraries } from "../../../../src/output/stacks/browser-libraries";
import { callTree } from "../../../../src/output/stacks/call-tree";
import { htmlFlameGraph, htmlLimits } from "../../../../src/output/stacks/html";
import { escaped, scriptJson } from "../../../../src/output/stacks/markup";
import { flamePicture } from "../../../../src/output/stacks/picture";
import type { Profile } from "../../../../src/output/stacks/profile";
import { svgFlameGraph, svgLimits } from "../../../../src/output/stacks/svg";
import { info, mixed, profileOf, textOf } from "./sample";

const picture = (profile: Profile, limits = svgLimits) =>
  flamePicture(profile, callTree(profile), info, limits);
const svg = (profile: Profile) => textOf(svgFlameGraph(picture(profile)));
const html = (profile: Profile) => textOf(htmlFlameGraph(picture(profile, htmlLimits)));
const script = (page: string) => page.slice(page.lastIndexOf("<script>"));

test("an SVG is a whole picture without its script", () => {
  const frames = svg(mixed)
    .split("\n")
    .filter((line) => line.startsWith('<g data-at="'));
  expect(frames).toHaveLength(10);
  expect(frames[0]).toMatch(/^<g data-at="0 10 0"><title>all$/);
  const page = svg(profileOf([{ frames: ["main", "hot"], weight: 3 }]));
  expect(page.slice(page.indexOf('<g id="frames">'), page.indexOf("<script>"))).toMatchInlineSnapshot(`
"<g id="frames">
<g data-at="0 3 0"><title>all
100.0 %, 3 samples</title><rect x="10.00" y="144" width="1179.30" height="17" fill="#d3d5d9"/><text x="13.00" y="157">all</text></g>
<g data-at="0 3 1"><title>main
100.0 %, 3 samples</title><rect x="10.00" y="126" width="1179.30" height="17" fill="#f2ad79"/><text x="13.00" y="139">main</text></g>
<g data-at="0 3 2"><title>hot
100.0 %, 3 samples, self 100.0 %</title><rect x="10.00" y="108" width="1179.30" height="17" fill="#f3d086"/><text x="13.00" y="121">hot</text></g>
</g>
<rect x="10" y="179" width="11" height="11" rx="2" fill="#f1be76"/><text class="quiet" x="26" y="188">user</text>
<text class="quiet" x="10" y="212">Lost: nothing.</text>
<text class="quiet" x="10" y="230">bpfkit 0.1.0 stack-profile</text>
"
`);
});

test("the same profile gives the same page", () => {
  expect(svg(mixed)).toBe(svg(mixed));
  expect(html(mixed)).toBe(html(mixed));
});

test.each([
  ["an element", "<b>&amp;</b>", "&lt;b&gt;&amp;amp;&lt;/b&gt;"],
  ["an attribute's end", `" onload='x'`, "&quot; onload=&#39;x&#39;"],
  ["what XML has no way to write", "a\0b\x0bc\ud800d\uffff", "a\ufffdb\ufffdc\ufffdd\ufffd"],
  ["letters beyond 16 bits", "𝔣😀", "𝔣😀"],
])("escaped: %s", (_what, text, expected) => expect(escaped(text)).toBe(expected));

test("no tag begins in JSON inside of a script, and it is read as it was", () => {
  const value = ["</script><!--", "\u2028", '"'];
  expect(scriptJson(value)).not.toMatch(/[<\u2028]/);
  expect(JSON.parse(scriptJson(value))).toEqual(value);
});

test("names that end every kind of element leave the SVG as it is", () => {
  const evil = `]]></script></title></g></svg><script>x</script>\x00`;
  const page = svg(
    profileOf([{ group: { label: evil }, frames: [evil], weight: 1 }], { title: evil, notes: [evil] }),
  );
  const tags = (text: string) => [...text.matchAll(/<(?!!\[)[^>]*?(?=[\s>/])/g)].length;
  const tame = svg(
    profileOf([{ group: { label: "tame" }, frames: ["tame"], weight: 1 }], { title: "t", notes: ["n"] }),
  );
  expect(tags(script(page))).toBe(tags(script(tame)));
  expect(page).not.toContain(evil);
  expect(page.match(/<script>/g)).toHaveLength(1);
  expect(page.match(/]]>/g)).toHaveLength(1);
});

test("the scripts in pages are by themselves: the compiler has put nothing of a module into them", () => {
  for (const page of [svg(mixed), html(mixed)]) {
    expect(script(page)).not.toMatch(/\b(exports|require|_1\.)\b/);
    const code = script(page)
      .replace(/^<script>(<!\[CDATA\[)?/, "")
      .replace(/(]]>\s*)?<\/script>[\s\S]*$/, "");
    expect(() => new Script(code)).not.toThrow();
  }
});

test("HTML takes nothing from elsewhere, and says so to the browser", () => {
  const page = html(mixed);
  expect(page).toContain(
    `content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'"`,
  );
  expect(page).not.toMatch(/<(link|iframe|img|object)\b|<script[^>]* src=|@import|url\(/);
});

test("the libraries come in an order in which each finds what it needs, with their licences", () => {
  const libraries = browserLibraries();
  const element = { style: {}, appendChild: () => element, append: () => element, textContent: "" };
  const page: Record<string, unknown> = {
    document: { createElement: () => element, head: element, documentElement: element },
    performance: { now: () => 0 },
    setTimeout: () => 0,
  };
  page["self"] = page["window"] = page;
  const context = createContext(page);
  for (const { code } of libraries) new Script(code).runInContext(context);
  expect(new Script("typeof flamegraph.default()").runInContext(context)).toBe("function");
  for (const { notice, code } of libraries) {
    expect(notice).toMatch(/^d3-[a-z-]+ \d+\.\d+\.\d+, (ISC|BSD-3-Clause|Apache-2\.0)\n/);
    expect(`${notice}${code}`).not.toContain("</script");
  }
});
