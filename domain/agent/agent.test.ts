// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import { spec } from '../given.harness.js';
import { agent } from './index.js';

const given = spec(agent);
const AT = '2026-03-02T12:00:00.000Z';
const id = '00000000-0000-4000-8000-000000000001';
const session = (n: number): string => `00000000-0000-4000-8000-00000000010${n}`;
const digest = (letter: string): string => letter.repeat(64);
const facts = {
  hostname: 'web-01',
  ip_address: '10.0.1.10',
  version: '0.1.0',
  deployment_mode: 'standalone' as const,
  capabilities: [],
  nginx_version: '1.22.1',
};

const connected = (n: number) =>
  ({ type: 'agent.connected', data: { agent_id: id, session_id: session(n), facts, at: AT } }) as const;
const disconnected = (n: number, reason: 'superseded' | 'connection_closed') =>
  ({ type: 'agent.disconnected', data: { agent_id: id, session_id: session(n), reason, at: AT } }) as const;
const sent = {
  type: 'config.sent',
  data: { agent_id: id, version: 2, digest: digest('b'), at: AT },
} as const;
const applied = (version: number, letter: string) =>
  ({
    type: 'config.applied',
    data: { agent_id: id, version, digest: digest(letter), duration_ms: 40, stages: {}, at: AT },
  }) as const;
const failure = {
  version: 2,
  digest: digest('b'),
  reason: 'PORT_IN_USE' as const,
  stage: 'signalled' as const,
  message: 'taken',
  nginx_output: '',
  culprit: null,
  duration_ms: 12,
  at: AT,
};
const rolledBack = { type: 'config.rolled_back', data: { agent_id: id, failure } } as const;
const stopped = { type: 'nginx.stopped', data: { agent_id: id, at: AT } } as const;

test('a newer session supersedes the one that is open; the end of the old one is nothing', () => {
  given(connected(1))
    .when({ type: 'connect', data: connected(2).data })
    .thenFacts(disconnected(1, 'superseded'), connected(2));
  given(connected(1), disconnected(1, 'superseded'), connected(2))
    .when({ type: 'disconnect', agent_id: id, session_id: session(1), reason: 'connection_closed', at: AT })
    .thenFacts();
});

test('the same report again is no fact', () => {
  given(connected(1))
    .when({ type: 'connect', data: connected(1).data })
    .thenFacts();
  given(connected(1), sent).when({ type: 'mark-sent', data: sent.data }).thenFacts();
  given(connected(1), applied(1, 'a'))
    .when({ type: 'mark-applied', data: applied(1, 'a').data })
    .thenFacts();
  given(connected(1), rolledBack)
    .when({ type: 'mark-refused', agent_id: id, failure, rolled_back: true })
    .thenFacts();
});

test('after a refusal the same version may be sent and applied again', () => {
  given(connected(1), applied(1, 'a'), sent, rolledBack)
    .when({ type: 'mark-sent', data: sent.data })
    .thenFacts(sent);
  given(connected(1), applied(1, 'a'), sent, rolledBack)
    .when({ type: 'mark-applied', data: applied(1, 'a').data })
    .thenFacts(applied(1, 'a'));
});

test('a version that is sent again and refused again is refused again', () => {
  const refuse = { type: 'mark-refused', agent_id: id, failure, rolled_back: true } as const;
  given(connected(1), sent, rolledBack).when(refuse).thenFacts();
  given(connected(1), sent, rolledBack, sent).when(refuse).thenFacts(rolledBack);
});

test('what is proven to be served shows that nginx runs', () => {
  given(connected(1), stopped).when({ type: 'mark-nginx', agent_id: id, running: false, at: AT }).thenFacts();
  given(connected(1), stopped, applied(1, 'a'))
    .when({ type: 'mark-nginx', agent_id: id, running: true, at: AT })
    .thenFacts();
  given(connected(1), applied(1, 'a'))
    .when({ type: 'mark-nginx', agent_id: id, running: false, at: AT })
    .thenFacts(stopped);
});

test('a command needs a connected agent and is answered once', () => {
  const request = { type: 'request', agent_id: id, command_id: session(9), kind: 'reload', at: AT } as const;
  given(connected(1), disconnected(1, 'connection_closed')).when(request).thenRefused('SERVICE_UNAVAILABLE');
  const { type: _, ...data } = request;
  const requested = { type: 'agent_command.requested', data } as const;
  given(connected(1)).when(request).thenFacts(requested);
  const completed = {
    type: 'agent_command.completed',
    data: { agent_id: id, command_id: session(9), success: true, message: '', at: AT },
  } as const;
  given(connected(1), requested).when({ type: 'complete', data: completed.data }).thenFacts(completed);
  given(connected(1), requested, completed).when({ type: 'complete', data: completed.data }).thenFacts();
});

test('what is parked is told when it changes', () => {
  const host = {
    virtual_host_id: session(5),
    name: 'Shop',
    content: digest('c'),
    held_version: 1,
    suspect: false,
    reason: 'SYNTAX' as const,
    stage: 'tested' as const,
    message: 'no',
  };
  const data = { agent_id: id, version: 2, hosts: [host], at: AT };
  const parked = { type: 'config.parked', data } as const;
  given(connected(1)).when({ type: 'mark-parked', data }).thenFacts(parked);
  given(connected(1), parked)
    .when({ type: 'mark-parked', data: { ...data, version: 3 } })
    .thenFacts();
  given(connected(1))
    .when({ type: 'mark-parked', data: { ...data, hosts: [] } })
    .thenFacts();
});

test('what is overdue is told once, and until something is applied or the agent goes', () => {
  const data = { agent_id: id, version: 2, digest: digest('b'), at: AT };
  const overdue = { type: 'config.overdue', data } as const;
  const mark = { type: 'mark-overdue', data } as const;
  given(connected(1)).when(mark).thenFacts(overdue);
  given(connected(1), overdue)
    .when({ ...mark, data: { ...data, version: 3 } })
    .thenFacts();
  given(connected(1), overdue, applied(2, 'b')).when(mark).thenFacts(overdue);
  given(connected(1), applied(1, 'a'), overdue)
    .when({ type: 'mark-applied', data: applied(1, 'a').data })
    .thenFacts(applied(1, 'a'));
});

test('an alert is raised once, again when it gets worse, and cleared once', () => {
  const alert = (severity: 'warning' | 'critical', value: number) => ({
    alert_id: 'alert-456',
    severity,
    message: `High CPU usage: ${value}%`,
    metric: 'cpu_percent',
    value,
  });
  const raised = (one: ReturnType<typeof alert>) =>
    ({ type: 'health.alert_raised', data: { agent_id: id, alert: one, at: AT } }) as const;
  const cleared = { type: 'health.alert_cleared', data: raised(alert('warning', 85)).data } as const;
  const mark = (...alerts: ReturnType<typeof alert>[]) =>
    ({ type: 'mark-alerts', agent_id: id, alerts, at: AT }) as const;
  given(connected(1))
    .when(mark(alert('warning', 85)))
    .thenFacts(raised(alert('warning', 85)));
  given(connected(1), raised(alert('warning', 85)))
    .when(mark(alert('warning', 91)))
    .thenFacts();
  given(connected(1), raised(alert('warning', 85)))
    .when(mark(alert('critical', 99)))
    .thenFacts(raised(alert('critical', 99)));
  given(connected(1), raised(alert('warning', 85)))
    .when(mark())
    .thenFacts(cleared);
  given(connected(1), raised(alert('warning', 85)), cleared)
    .when(mark())
    .thenFacts();
});

test.run();
