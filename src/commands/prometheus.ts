/** Figures for Prometheus to fetch: https://prometheus.io/docs/instrumenting/exposition_formats/ */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Registry } from "prom-client";
import { UsageError } from "../core/errors";

/** One figure, or one for each value of its labels. Named and measured as Prometheus has it: seconds, bytes, `_total`. */
export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly kind: "counter" | "gauge";
  /** Asked for at each fetch. */
  values(): readonly MetricValue[];
}

export interface MetricValue {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

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

/** Begins to serve. Rejects with Node's error where it cannot listen. */
export async function openExporter(at: ListenAddress, metrics: readonly Metric[]): Promise<Exporter> {
  const registry = registryOf(metrics);
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    if (pathname !== "/metrics" || request.method !== "GET") {
      response.writeHead(404, { "content-type": "text/plain" }).end("the metrics are at /metrics\n");
      return;
    }
    registry.metrics().then(
      (text) => response.writeHead(200, { "content-type": registry.contentType }).end(text),
      () => response.writeHead(500).end(),
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
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** The library is loaded only where somebody wants to be fetched from. */
function registryOf(metrics: readonly Metric[]): Registry {
  const client = require("prom-client") as typeof import("prom-client");
  const registry = new client.Registry();
  for (const { name, help, kind, values } of metrics) {
    const labelNames = [...new Set(values().flatMap(({ labels }) => Object.keys(labels ?? {})))];
    const common = { name, help, labelNames, registers: [registry] };
    if (kind === "gauge")
      new client.Gauge({
        ...common,
        collect() {
          for (const { labels, value } of values()) this.set(labels ?? {}, value);
        },
      });
    else
      new client.Counter({
        ...common,
        collect() {
          this.reset();
          for (const { labels, value } of values()) this.inc(labels ?? {}, value);
        },
      });
  }
  return registry;
}
