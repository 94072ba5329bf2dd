import { get } from "node:http";
import { text } from "node:stream/consumers";
import { dashboardMetrics } from "../../../src/commands/dashboard/metrics";
import { openExporter, parseListenAddress } from "../../../src/commands/prometheus";

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
    ["t:net:net_dev_queue", -3],
  ]);
  const shown = ["opens", "closes", "unclosed", "read-bytes", "t:net:net_dev_queue"];
  using exporter = await openExporter(
    { host: "127.0.0.1", port: 0 },
    dashboardMetrics(
      shown,
      () => totals,
      () => 2,
    ),
  );
  const figures = async () =>
    (await fetched(exporter.url)).body.split("\n").filter((line) => /^[^#]/.test(line));
  expect(await figures()).toEqual([
    "bpfkit_opens_total 7",
    "bpfkit_closes_total 9",
    "bpfkit_read_bytes_total 4096",
    "bpfkit_unclosed_files -2",
    'bpfkit_tracepoint{tracepoint="net:net_dev_queue"} -3',
    "bpfkit_missed_runs_total 2",
  ]);
  totals.set("opens", 11);
  expect(await figures()).toContain("bpfkit_opens_total 11");
  expect(await fetched(exporter.url)).toMatchObject({
    status: 200,
    type: expect.stringContaining("text/plain"),
  });
  expect((await fetched(exporter.url.replace("/metrics", "/"))).status).toBe(404);
});

test("a port that is taken is an error, and a closed one is free again", async () => {
  const first = await openExporter({ host: "127.0.0.1", port: 0 }, []);
  const port = Number(new URL(first.url).port);
  await expect(openExporter({ host: "127.0.0.1", port }, [])).rejects.toMatchObject({ code: "EADDRINUSE" });
  first[Symbol.dispose]();
  using _again = await openExporter({ host: "127.0.0.1", port }, []);
});
