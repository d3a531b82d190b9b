// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock, systemRandom } from '../../kernel/index.js';
import { HealthReport } from '../../proto/index.js';
import { createAlerts } from './alerts.js';

const cpu = (cpuPercent: number) =>
  HealthReport.fromPartial({ nginx: { isRunning: true }, system: { cpuPercent } });

/** The ids after each of these reports, the first of them called 1. */
function told(values: readonly number[]): number[] {
  const alerts = createAlerts({ clock: systemClock, random: systemRandom });
  const ids: string[] = [];
  return values.map((value) => {
    const [first] = alerts(cpu(value));
    if (first && !ids.includes(first.id)) {
      ids.push(first.id);
    }
    return first ? ids.indexOf(first.id) + 1 : 0;
  });
}

test('an alert takes several bad reports in a row, and stands until all is well', () => {
  assert.equal(told([90, 90, 20, 90, 90, 90]), [0, 0, 0, 0, 0, 1]);
  // Between 75 and 85 nothing changes, in either direction.
  assert.equal(told([80, 80, 80, 80]), [0, 0, 0, 0]);
  assert.equal(told([86, 86, 86, 80, 84, 76, 80]), [0, 0, 1, 1, 1, 1, 1]);
  assert.equal(told([86, 86, 86, 74, 86, 86, 86]), [0, 0, 1, 0, 0, 0, 2]);
});

test('an alert says what was measured and what it was', () => {
  const alerts = createAlerts({ clock: systemClock, random: systemRandom });
  alerts(cpu(85));
  alerts(cpu(90));
  const [first] = alerts(cpu(85.04));
  assert.equal(
    [first?.severity, first?.message, first?.metric, first?.value],
    ['warning', 'High CPU usage: 85%', 'cpu_percent', 85],
  );
  assert.is(alerts(cpu(99))[0]?.value, 85);
});

test('nginx that does not run, a full disk and full memory are told of; what is not reported is not judged', () => {
  const alerts = createAlerts({ clock: systemClock, random: systemRandom });
  const bad = HealthReport.fromPartial({
    nginx: { isRunning: false },
    system: { memoryUsedBytes: 91n, memoryTotalBytes: 100n, diskUsedBytes: 955n, diskTotalBytes: 1000n },
  });
  const seen = [alerts(bad), alerts(bad), alerts(bad)].map((now) => now.map(({ metric }) => metric));
  assert.equal(seen, [
    [],
    ['nginx_running', 'disk_percent'],
    ['nginx_running', 'disk_percent', 'memory_percent'],
  ]);
  assert.is(alerts(HealthReport.fromPartial({})).length, 3);
  assert.is(alerts(cpu(1)).length, 2);
});

test.run();
