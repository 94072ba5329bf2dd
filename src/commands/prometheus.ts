/** Lets Prometheus fetch figures: https://prometheus.io/docs/instrumenting/exposition_formats/ */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { BpfkitError, messageOf, UsageError } from "../core/errors";
import { NS_PER } from "../core/units";
import type { OptionSpec } from "./command";
import type { Context } from "./context";
import { cumulative, type Metric, type MetricLabels } from "./metric";

/** Where to listen. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

const LOOPBACK = "127.0.0.1";

/** `9435` and `:9435` on the loopback device, `HOST:9435` or `[ADDRESS]:9435` elsewhere. Throws a UsageError. */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:(?:\[([0-9a-f:.]+)\]|([^\s:[\]]*)):)?(\d{1,5})$/i.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535)
    throw new UsageError(`prometheus: "${text}" is no address and port`, {
      hint: "such as 9435 for this machine only, or 0.0.0.0:9435 for all who can reach it",
    });
  return { host: match[1] || match[2] || LOOPBACK, port };
}

/** A server of metrics, until it is disposed. */
export interface Exporter extends Disposable {
  /** Where Prometheus finds them. */
  readonly url: string;
}

/** The option of every command that counts. */
export const prometheusOption = {
  flags: "--prometheus <address>",
  help: "serve the totals for Prometheus: a port of this machine alone, or address:port",
  parse: parseListenAddress,
  group: "Output",
} as const satisfies OptionSpec;

/** Serves what `sample` gives, if that was asked for, and says where. */
export async function serveMetrics(
  { notice }: Pick<Context, "notice">,
  at: ListenAddress | undefined,
  sample: () => readonly Metric[],
): Promise<Disposable | undefined> {
  if (at === undefined) return undefined;
  const exporter = await openExporter(at, sample);
  notice(`serving metrics at ${exporter.url}`);
  return exporter;
}

/** Begins to serve; `sample` is asked at each fetch. Rejects where it cannot listen. */
export async function openExporter(at: ListenAddress, sample: () => readonly Metric[]): Promise<Exporter> {
  const { createServer } = require("node:http") as typeof import("node:http");
  const answer = async () => exposition(sample());
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    if (pathname !== "/metrics" || request.method !== "GET") {
      response.writeHead(404, { "content-type": "text/plain" }).end("the metrics are at /metrics\n");
      return;
    }
    answer().then(
      ({ type, text }) => response.writeHead(200, { "content-type": type }).end(text),
      (error: unknown) => response.writeHead(500).end(`${messageOf(error)}\n`),
    );
  });
  await listening(server, at);
  const { address, port, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${port}/metrics`,
    [Symbol.dispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function listening(server: Server, { host, port }: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => reject(new BpfkitError(`prometheus: ${messageOf(cause)}`, { cause })));
    server.listen(port, host, () => {
      server.removeAllListeners("error");
      resolve();
    });
  });
}

/** A fetch has a registry of its own, so that what is gone from the sample is gone from the text. */
async function exposition(metrics: readonly Metric[]): Promise<{ type: string; text: string }> {
  // Loaded only where somebody wants to be fetched from.
  const { Registry } = require("prom-client") as typeof import("prom-client");
  const registry = new Registry();
  for (const metric of metrics) {
    const { name, help, kind: type } = metric;
    // The library's own metrics count what they are shown one by one; the kernel has done that already.
    const counted = { name, help, type, get: async () => ({ name, help, type, values: linesOf(metric) }) };
    registry.registerMetric(counted as never);
  }
  return { type: registry.contentType, text: await registry.metrics() };
}

interface Line {
  readonly metricName?: string;
  readonly labels?: MetricLabels;
  readonly value: number;
}

function linesOf(metric: Metric): readonly Line[] {
  if (metric.kind !== "histogram") return metric.values;
  const { name, values } = metric;
  return values.flatMap(({ labels, count, totalNs, histogram }) => [
    ...[...cumulative(histogram), ["+Inf", count] as const].map(([bound, value]) => ({
      metricName: `${name}_bucket`,
      labels: { ...labels, le: String(bound) },
      value,
    })),
    { metricName: `${name}_sum`, labels, value: totalNs / NS_PER.s },
    { metricName: `${name}_count`, labels, value: count },
  ]);
}
