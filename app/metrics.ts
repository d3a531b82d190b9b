// SPDX-License-Identifier: Apache-2.0
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Context } from './context.js';
import type { Measure, Part } from './roles/part.js';

export interface Metrics {
  /** One request: `operation` is undefined where no route was found. */
  observe(operation: string | undefined, status: number, seconds: number): void;
  /** Everything in the text format of Prometheus. */
  text(): Promise<string>;
}

/** Names are `nxmesh_<area>_<what>_<unit>`; those of the process and of Node are the library's behind `nxmesh_`. */
export function metrics(context: Context, parts: readonly Part[]): Metrics {
  const registers = [new Registry()];
  const [register] = registers as [Registry];
  collectDefaultMetrics({ register, prefix: 'nxmesh_' });
  const requests = new Counter({
    name: 'nxmesh_http_requests_total',
    help: 'Requests answered, by operation of the API and status',
    labelNames: ['operation', 'status'],
    registers,
  });
  const durations = new Histogram({
    name: 'nxmesh_http_request_duration_seconds',
    help: 'From the head of a request to the end of its answer, by operation of the API',
    labelNames: ['operation'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const gauges = new Map<string, Gauge>();

  function show({ name, help, value, labels = {} }: Measure): void {
    const gauge = gauges.get(name) ?? new Gauge({ name, help, labelNames: Object.keys(labels), registers });
    gauges.set(name, gauge);
    gauge.set(labels, value);
  }

  return {
    observe: (operation = 'none', status, seconds) => {
      requests.inc({ operation, status });
      durations.observe({ operation }, seconds);
    },
    text: async () => {
      // What cannot be read now is left out, rather than shown as it was.
      for (const gauge of gauges.values()) {
        gauge.reset();
      }
      const found = await Promise.all(
        [common(context), ...parts.map(async (part) => part.measures?.() ?? [])].map((one) =>
          one.catch(() => []),
        ),
      );
      for (const measure of found.flat()) {
        show(measure);
      }
      return register.metrics();
    },
  };
}

async function common({ events, clock, started }: Context): Promise<readonly Measure[]> {
  const uptime = (clock.monotonic() - started) / 1000;
  const scrubbed = events.scrubbed?.();
  return [
    { name: 'nxmesh_process_uptime_seconds', help: 'Since this process serves', value: uptime },
    {
      name: 'nxmesh_log_head_position',
      help: 'Position of the newest event',
      value: Number(await events.head()),
    },
    ...(scrubbed
      ? [
          {
            name: 'nxmesh_log_scrubbed_position',
            help: 'Up to which stored events were found as they were written',
            value: Number(scrubbed.through),
          },
          {
            name: 'nxmesh_log_damaged',
            help: '1 when a stored event is not as it was written',
            value: scrubbed.damage === undefined ? 0 : 1,
          },
        ]
      : []),
  ];
}
