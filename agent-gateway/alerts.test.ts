// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HealthReport } from '../proto/index.js';
import type { AgentStreamEvent } from '../schemas/index.js';
import { connectAgent, openClient } from './agent.harness.js';
import { alertsOf } from './alerts.js';
import { applyNext, scene } from './scene.harness.js';

const one = {
  id: 'alert-456',
  severity: 'warning',
  message: 'High CPU usage: 85%',
  metric: 'cpu_percent',
  value: 85,
};
const report = (...alerts: object[]) => HealthReport.fromPartial({ nginx: { isRunning: true }, alerts });
const alerts = (facts: readonly AgentStreamEvent[]) =>
  facts.flatMap(({ type, data }) => ('alert' in data ? [[type, data.alert.severity, data.alert.value]] : []));

test(
  'an alert that comes, gets worse and goes is three facts, however often it is reported',
  scene(
    async ({ w, port, agentId, keys }) => {
      const agent = await connectAgent(port, keys, agentId);
      await applyNext(agent);
      const told = async (value: HealthReport, count: number): Promise<void> => {
        await w.until(agentId, (facts) => {
          agent.send({ $case: 'health', value });
          return alerts(facts).length === count;
        });
      };
      await told(report(one), 1);
      await told(report({ ...one, value: 91 }), 1);
      await told(report({ ...one, severity: 'critical', value: 99 }), 2);
      await told(report(), 3);
      assert.equal(alerts(await w.facts(agentId)), [
        ['health.alert_raised', 'warning', 85],
        ['health.alert_raised', 'critical', 99],
        ['health.alert_cleared', 'critical', 99],
      ]);
      agent.close();
    },
    { alertEveryMs: 0 },
  ),
);

test(
  'an alert counts by whichever way it is told, and what one way told is no news by the other',
  scene(
    async ({ w, port, agentId, keys }) => {
      const agent = await connectAgent(port, keys, agentId);
      await applyNext(agent);
      const client = openClient(port, keys);
      const unary = (value: HealthReport): Promise<void> =>
        new Promise((resolve, reject) =>
          client.reportHealth(value, (error) => (error ? reject(error) : resolve())),
        );
      await unary(report(one));
      await w.until(agentId, (facts) => alerts(facts).length === 1);
      await w.until(agentId, (facts) => {
        agent.send({ $case: 'health', value: report(one, { ...one, id: 'second' }) });
        return alerts(facts).length === 2;
      });
      await unary(report());
      await w.until(agentId, (facts) => alerts(facts).length === 4);
      assert.equal(
        alerts(await w.facts(agentId)).map(([type]) => type),
        ['health.alert_raised', 'health.alert_raised', 'health.alert_cleared', 'health.alert_cleared'],
      );
      client.close();
      agent.close();
    },
    { alertEveryMs: 0 },
  ),
);

test('an alert is taken as it may be stored', () => {
  const taken = alertsOf(
    report(
      { id: '', message: 'nameless' },
      { id: 'a', severity: 'apocalyptic', message: 'x\u0007y\nz', metric: '', value: 5 },
      { id: 'b', severity: 'error', message: 'm', metric: 'm', value: Number.NaN },
      { id: 'b', severity: 'info', message: 'again', metric: 'm', value: 1 },
    ),
  );
  assert.equal(taken, [
    { alert_id: 'a', severity: 'warning', message: 'x\\u0007y\\u000az', metric: null, value: null },
    { alert_id: 'b', severity: 'info', message: 'again', metric: 'm', value: 1 },
  ]);
  assert.is(alertsOf(report(...Array.from({ length: 100 }, (_, n) => ({ id: `${n}` })))).length, 32);
});

test.run();
