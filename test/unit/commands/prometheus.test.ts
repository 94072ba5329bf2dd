import { get } from "node:http";
import { text } from "node:stream/consumers";
import { dashboardMetrics } from "../../../src/commands/dashboard/metrics";
import { cumulative } from "../../../src/commands/metric";
import { openExporter, parseListenAddress } from "../../../src/commands/prometheus";
import { bucketOf } from "../../../src/probes/log-histogram";

test.each([
  ["9435", "127.0.0.1", 9435],
  [":9435", "127.0.0.1", 9435],
  ["0.0.0.0:80", "0.0.0.0", 80],
  ["localhost:0", "localhost", 0],
  ["[::1]:9435", "::1", 9435],
])("%s", (address, host, port) => expect(parseListenAddress(address)).toEqual({ host, port }));

test.each(["", "here", "1.2.3.4", "::1:80", "host:70000", "a b:80"])("%j is refused", (address) =>
  expect(() => parseListenAddress(address)).toThrow(`prometheus: "${address}" is no address and port`),
);

const fetched = (url: string) =>
  new Promise<{ status: number | undefined; type: string | undefined; body: string }>((resolve, reject) => {
    get(url, async (response) => {
      resolve({
        status: response.statusCode,
        type: response.headers["content-type"],
        body: await text(response),
      });
    }).on("error", reject);
  });

test("each fetch has the figures of that moment, by Prometheus' names", async () => {
  const totals = new Map([
    ["opens", 7],
    ["closes", 9],
    ["read-bytes", 4096],
    ["libc:malloc", 3],
  ]);
  const shown = ["opens", "closes", "unclosed", "read-bytes", "libc:malloc"];
  using exporter = await openExporter({ host: "127.0.0.1", port: 0 }, () =>
    dashboardMetrics(shown, totals, 2),
  );
  const figures = async () =>
    (await fetched(exporter.url)).body.split("\n").filter((line) => /^[^#]/.test(line));
  expect(await figures()).toEqual([
    "bpfkit_opens_total 7",
    "bpfkit_closes_total 9",
    "bpfkit_read_bytes_total 4096",
    "bpfkit_unclosed_files -2",
    'bpfkit_target_events_total{target="libc:malloc"} 3',
    'bpfkit_lost_events_total{reason="missed_runs"} 2',
  ]);
  totals.set("opens", 11);
  expect(await figures()).toContain("bpfkit_opens_total 11");
  expect(await fetched(exporter.url)).toMatchObject({
    status: 200,
    type: expect.stringContaining("text/plain"),
  });
  expect((await fetched(exporter.url.replace("/metrics", "/"))).status).toBe(404);
});

test("what is added up may be negative, so it is a gauge", () =>
  expect(dashboardMetrics(["t:a:b"], new Map([["t:a:b", -3]]), 0, "len")[0]).toMatchObject({
    name: "bpfkit_target_sum",
    kind: "gauge",
    values: [{ labels: { target: "t:a:b", field: "len" }, value: -3 }],
  }));

test("a port that is taken is an error, and a closed one is free again", async () => {
  const first = await openExporter({ host: "127.0.0.1", port: 0 }, () => []);
  const port = Number(new URL(first.url).port);
  await expect(openExporter({ host: "127.0.0.1", port }, () => [])).rejects.toMatchObject({
    message: `prometheus: listen EADDRINUSE: address already in use 127.0.0.1:${port}`,
  });
  first[Symbol.dispose]();
  using _again = await openExporter({ host: "127.0.0.1", port }, () => []);
});

test("a sample that fails is an error of that fetch, and says why", async () => {
  using exporter = await openExporter({ host: "127.0.0.1", port: 0 }, () => {
    throw new Error("no such map");
  });
  expect(await fetched(exporter.url)).toMatchObject({ status: 500, body: "no such map\n" });
});

test("durations are a histogram in seconds, labels are quoted", async () => {
  const labels = { comm: 'a "b"\\c' };
  const histogram = [bucketOf(100), 2, bucketOf(300), 3, bucketOf(2 ** 40), 5];
  using exporter = await openExporter({ host: "127.0.0.1", port: 0 }, () => [
    {
      name: "took_seconds",
      help: "how long",
      kind: "histogram",
      values: [{ labels, count: 10, totalNs: 5e9, histogram }],
    },
  ]);
  const lines = (await fetched(exporter.url)).body.split("\n");
  const of = (le: string, count: number) => `took_seconds_bucket{comm="a \\"b\\"\\\\c",le="${le}"} ${count}`;
  expect(lines.slice(0, 5)).toEqual([
    "# HELP took_seconds how long",
    "# TYPE took_seconds histogram",
    of("2.56e-7", 2),
    of("0.000001024", 5),
    of("0.000004096", 5),
  ]);
  expect(lines.slice(16, 20)).toEqual([
    of("68.719476736", 5),
    of("+Inf", 10),
    'took_seconds_sum{comm="a \\"b\\"\\\\c"} 5',
    'took_seconds_count{comm="a \\"b\\"\\\\c"} 10',
  ]);
});

test("what lies below each bound is what was shorter", () => {
  const durations = Array.from({ length: 997 }, (_, i) => Math.floor(1.03 ** i) + i);
  const buckets = new Map<number, number>();
  for (const each of durations) buckets.set(bucketOf(each), (buckets.get(bucketOf(each)) ?? 0) + 1);
  const histogram = [...buckets].sort(([a], [b]) => a - b).flat();
  for (const [seconds, count] of cumulative(histogram))
    expect(count).toBe(durations.filter((ns) => ns < seconds * 1e9).length);
});
