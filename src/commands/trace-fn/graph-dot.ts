/** `--graph` as a call graph in DOT (https://graphviz.org/doc/info/lang.html): functions, and who calls whom how often. */
import { formatDuration } from "../../core/units";
import { harmless } from "../../output/harmless";
import type { OpenCall } from "./call-nesting";
import { totalOf } from "./call-writer";
import type { GraphForm } from "./graph-writer";
import type { ShownSite } from "./shown-site";

interface Sum {
  count: number;
  totalNs: number;
  selfNs: number;
}

export function graphDot(sites: readonly ShownSite[]): GraphForm {
  const nodes = new Map<ShownSite, Sum>();
  const edges = new Map<ShownSite, Map<ShownSite, Sum>>();
  const add = (call: OpenCall, durationNs: number, selfNs: number) => {
    const { site, outer } = call;
    // The time of a call inside of another one of the same function is in that one's already.
    const isInner = callers(call).some((each) => each.site === site);
    addTo(nodes, site, { count: 1, totalNs: isInner ? 0 : durationNs, selfNs });
    if (outer === undefined) return;
    let callees = edges.get(outer.site);
    if (callees === undefined) {
      callees = new Map();
      edges.set(outer.site, callees);
    }
    addTo(callees, site, { count: 1, totalNs: durationNs, selfNs });
  };
  return {
    head: () => "",
    leave: (_out, call, returned) => add(call, returned?.durationNs ?? 0, returned?.selfNs ?? 0),
    happens: (_out, call) => add(call, 0, 0),
    end({ counts, lost }) {
      const idOf = (site: ShownSite) => `n${sites.indexOf(site)}`;
      const losses = Object.values(lost).reduce((sum, count) => sum + count, 0);
      const label = `${totalOf(counts)} calls${losses > 0 ? `, ${losses} lost` : ""}`;
      return [
        "digraph calls {",
        `  graph [label=${quoted(label)}, fontname="sans-serif"];`,
        '  node [shape=box, fontname="sans-serif"];',
        '  edge [fontname="sans-serif"];',
        ...[...nodes].map(([site, sum]) => {
          const text = `${site.name}\n${sum.count}, ${formatDuration(sum.totalNs)}\nself ${formatDuration(sum.selfNs)}`;
          const self = `, selfNs=${sum.selfNs}`;
          return `  ${idOf(site)} [label=${quoted(text)}, name=${quoted(site.name)}, ${figures(sum)}${self}];`;
        }),
        ...[...edges].flatMap(([from, callees]) =>
          [...callees].map(([to, sum]) => {
            const text = `${sum.count}, ${formatDuration(sum.totalNs)}`;
            return `  ${idOf(from)} -> ${idOf(to)} [label=${quoted(text)}, ${figures(sum)}];`;
          }),
        ),
        "}\n",
      ].join("\n");
    },
  };
}

function callers({ outer }: OpenCall): OpenCall[] {
  const all: OpenCall[] = [];
  for (let call = outer; call !== undefined; call = call.outer) all.push(call);
  return all;
}

function addTo(sums: Map<ShownSite, Sum>, site: ShownSite, { count, totalNs, selfNs }: Sum): void {
  const sum = sums.get(site);
  if (sum === undefined) sums.set(site, { count, totalNs, selfNs });
  else {
    sum.count += count;
    sum.totalNs += totalNs;
    sum.selfNs += selfNs;
  }
}

const figures = ({ count, totalNs }: Sum) => `count=${count}, totalNs=${totalNs}`;

/** A string of DOT: only quotes and backslashes mean something in it, and `\\n` is a line's end. */
function quoted(text: string): string {
  const lines = text
    .split("\n")
    .map((line) => harmless(line).replaceAll("\\", "\\\\").replaceAll('"', '\\"'));
  return `"${lines.join("\\n")}"`;
}
