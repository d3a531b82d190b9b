// SPDX-License-Identifier: Apache-2.0
import type { Clock } from '../../kernel/index.js';
import { HealthReport } from '../../proto/index.js';
import type { Core } from '../core.js';
import { systemProcesses } from '../nginx-control/processes.js';
import { askProof } from '../nginx-control/proof.js';
import { askStatus } from '../nginx-control/status.js';
import { EMPTY } from '../state/scan.js';
import { countedCpu, disk, load1m, memory, processAge } from './host.js';

/** Looks at nginx and the host; rates are since the look before, without the agent's own questions. */
export function createHealth(core: Core, clock: Clock): () => Promise<HealthReport> {
  let cpu = countedCpu();
  let before = { requests: 0, asked: 0, at: clock.monotonic(), pid: 0 };

  return async () => {
    const [proof, status] = await Promise.all([askProof(core.ask), askStatus(core.ask)]);
    const counters = status ?? { active: 0, requests: 0 };
    const pid = core.control.master() ?? 0;
    // One that is attached and has nothing of ours yet cannot prove anything, and runs nevertheless.
    const running = pid !== 0 && (proof !== undefined || core.store.current() === EMPTY);
    const now = { requests: counters.requests, asked: core.asked(), at: clock.monotonic(), pid };
    const seconds = (now.at - before.at) / 1000;
    const others = now.requests - before.requests - (now.asked - before.asked);
    const rate = pid === before.pid && seconds > 0 ? others / seconds : 0;
    before = now;
    const nextCpu = countedCpu();
    const cpuPercent = (100 * (nextCpu.busy - cpu.busy)) / Math.max(1, nextCpu.total - cpu.total);
    cpu = nextCpu;
    const { used, total } = memory();
    const space = disk(core.layout.root);
    const leaving = [...core.control.workers(pid)].filter((worker) =>
      systemProcesses.find(worker)?.title.includes('is shutting down'),
    );
    const good = core.journal.read()?.good;
    return HealthReport.fromPartial({
      nginx: {
        isRunning: running,
        pid,
        uptimeSeconds: BigInt(processAge(pid)),
        activeConnections: counters.active,
        totalRequests: BigInt(counters.requests),
        requestsPerSecond: Math.max(0, rate),
        oldWorkers: leaving.length,
      },
      system: {
        cpuPercent,
        memoryUsedBytes: BigInt(used),
        memoryTotalBytes: BigInt(total),
        diskUsedBytes: space.used,
        diskTotalBytes: space.total,
        loadAverage1m: load1m(),
      },
      configChecksum: proof?.digest ?? '',
      configVersion: BigInt(good?.version ?? 0),
    });
  };
}
