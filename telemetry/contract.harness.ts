// SPDX-License-Identifier: Apache-2.0
/** What telemetry promises on every store: the suite that memory, SQLite and MongoDB pass. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { uuidv5 } from '../kernel/index.js';
import {
  cellOf,
  counted,
  DAY_MS,
  HOUR_MS,
  type LogQuery,
  type LogRecord,
  logReader,
  logWriter,
  MINUTE_MS,
  type MinuteReport,
  metricsReader,
  sweep,
  TELEMETRY_COLLECTIONS,
  type TelemetryStore,
  writeMinutes,
} from './index.js';
import { LOG_BLOCKS, LOG_BOOKS, LOG_HEADS, METRIC_DAYS, METRIC_HOURS } from './layout.js';

const DAY = Date.parse('2026-03-01T00:00:00Z');
const [WORKSPACE, OTHER, AGENT, SECOND] = ['w', 'other', 'a', 'b'].map((name) => uuidv5('test', name)) as [
  string,
  string,
  string,
  string,
];
const noPause = async (): Promise<void> => {};

const report = (
  agentId: string,
  at: number,
  requests: number,
  active: number | null = null,
): MinuteReport => ({
  agentId,
  workspaceId: WORKSPACE,
  start: at,
  cell: cellOf(
    new Map([
      ['requests', requests],
      ['5xx', 1],
    ] as const),
  ),
  active,
});

const record = (at: number, over: Partial<LogRecord> = {}): LogRecord => ({
  at,
  agentId: AGENT,
  status: 200,
  bodyBytes: 10,
  responseTimeMs: 1.5,
  remoteAddr: '192.0.2.1',
  method: 'GET',
  uri: '/',
  protocol: 'HTTP/1.1',
  host: 'example.com',
  userAgent: '',
  referer: '',
  requestId: '',
  ...over,
});

export function telemetryContract(
  name: string,
  open: () => Promise<{ store: TelemetryStore; dispose(): Promise<void> }>,
): void {
  const test = suite(`telemetry on ${name}`);
  let ids = 0;
  const newId = (): string => {
    ids += 1;
    return `00000000-0000-7000-8000-${String(ids).padStart(12, '0')}`;
  };
  const with_ = (task: (store: TelemetryStore) => Promise<void>) => async (): Promise<void> => {
    const { store, dispose } = await open();
    try {
      await store.define(TELEMETRY_COLLECTIONS);
      await task(store);
    } finally {
      await dispose();
    }
  };
  const fresh = (store: TelemetryStore) => logWriter({ store, newId, hourBytes: 1e9 });
  const write = (store: TelemetryStore, records: readonly LogRecord[], workspaceId = WORKSPACE) =>
    fresh(store).write([{ workspaceId, records, cursors: new Map() }]);
  const query = (over: Partial<LogQuery> = {}): LogQuery => ({
    workspaceId: WORKSPACE,
    from: DAY,
    to: DAY + 5 * HOUR_MS,
    limit: 100,
    ...over,
  });

  test(
    'minutes add up over hours and days, for an agent and for its workspace; a minute told twice counts once',
    with_(async (store) => {
      // One request a minute for four hours around midnight, and two of the second agent in the first of them.
      const start = DAY + 22 * HOUR_MS;
      const minutes = Array.from({ length: 240 }, (_, n) => report(AGENT, start + n * MINUTE_MS, 1));
      await writeMinutes(store, minutes);
      await writeMinutes(store, minutes.slice(0, 90));
      const cell = cellOf(new Map([['requests', 2]] as const));
      await writeMinutes(
        store,
        minutes.slice(0, 60).map((one) => ({ ...one, agentId: SECOND, cell })),
      );
      const reader = metricsReader(store);
      const requests = async (from: number, to: number, agentId?: string): Promise<number> => {
        const whose = { workspaceId: WORKSPACE, ...(agentId !== undefined && { agentId }) };
        return counted(await reader.total(whose, { from, to }), 'requests');
      };
      assert.is(await requests(DAY, DAY + 2 * DAY_MS, AGENT), 240);
      assert.is(await requests(DAY, DAY + 2 * DAY_MS), 360);
      assert.is(await requests(start + 30 * MINUTE_MS, start + 150 * MINUTE_MS, AGENT), 120);
      assert.is(await requests(start + 30 * MINUTE_MS, start + 150 * MINUTE_MS), 180);
      assert.is(await requests(start + 10 * MINUTE_MS, start + 12 * MINUTE_MS), 6);
      assert.is(await requests(DAY - DAY_MS, DAY), 0);
      const foreign = { workspaceId: OTHER, agentId: AGENT };
      const elsewhere = await reader.total(foreign, { from: DAY, to: DAY + 2 * DAY_MS });
      assert.is(counted(elsewhere, 'requests'), 0);
      for (const [step, points] of [
        [MINUTE_MS, 120],
        [HOUR_MS, 3],
      ] as const) {
        const range = { from: start + 30 * MINUTE_MS, to: start + 150 * MINUTE_MS };
        const found = await reader.steps({ workspaceId: WORKSPACE }, range, step);
        assert.is(found.size, points);
        assert.is(
          [...found.values()].reduce((sum, one) => sum + counted(one, 'requests'), 0),
          180,
        );
      }
    }),
  );

  test(
    'open connections are those of the last minutes, of every agent that still looked',
    with_(async (store) => {
      await writeMinutes(store, [
        report(AGENT, DAY, 1, 100),
        report(AGENT, DAY + 8 * MINUTE_MS, 1, 7),
        report(AGENT, DAY + 9 * MINUTE_MS, 1),
        report(SECOND, DAY + 9 * MINUTE_MS, 1, 5),
      ]);
      const reader = metricsReader(store);
      const whose = { workspaceId: WORKSPACE };
      assert.is(await reader.active(whose, { from: DAY, to: DAY + 10 * MINUTE_MS }), 12);
      assert.is(
        await reader.active({ ...whose, agentId: SECOND }, { from: DAY, to: DAY + 10 * MINUTE_MS }),
        5,
      );
      assert.is(await reader.active(whose, { from: DAY, to: DAY + 60 * MINUTE_MS }), 0);
    }),
  );

  test(
    'records are found by time, status and line, the newest first, page after page, each once',
    with_(async (store) => {
      // 1,300 records, one each ten seconds, in four hours; written by two writers, some late and out of order.
      const all = Array.from({ length: 1300 }, (_, n) =>
        record(DAY + n * 10_000, {
          status: n % 13 === 0 ? 500 : 200,
          uri: `/${n}`,
          agentId: n % 2 === 0 ? AGENT : SECOND,
        }),
      );
      await write(store, all.slice(700));
      await write(store, all.slice(0, 700).reverse());
      await write(store, [record(DAY, { uri: '/foreign' })], OTHER);
      const read = logReader(store, noPause);

      const uris: string[] = [];
      let after: LogQuery['after'];
      do {
        const page = await read(query({ limit: 400, ...(after && { after }) }));
        assert.is(page.total, after ? undefined : 1300);
        uris.push(...page.records.map(({ uri }) => uri));
        after = page.next;
      } while (after);
      assert.equal(uris, all.map(({ uri }) => uri).reverse());

      const failed = await read(query({ status: (status) => status >= 500, limit: 3 }));
      assert.equal(
        [failed.total, failed.exact, failed.records.map(({ uri }) => uri)],
        [100, true, ['/1287', '/1274', '/1261']],
      );
      const some = await read(query({ from: DAY + 100_000, to: DAY + 7_200_000, limit: 1 }));
      assert.equal([some.total, some.records[0]?.uri], [710, '/719']);
      const one = await read(query({ line: ({ agentId }) => agentId === SECOND, limit: 2 }));
      assert.equal([one.total, one.records.map(({ uri }) => uri)], [650, ['/1299', '/1297']]);
      assert.equal((await read(query({ from: DAY + DAY_MS, to: DAY + 2 * DAY_MS }))).records, []);
      assert.is(new Set((await read(query({ limit: 1000 }))).records.map(({ id }) => id)).size, 1000);
    }),
  );

  test(
    'many records of one instant are paged through like others',
    with_(async (store) => {
      for (let n = 0; n < 4; n += 1) {
        await write(
          store,
          Array.from({ length: 30 }, (_, index) => record(DAY, { uri: `/${n}/${index}` })),
        );
      }
      const read = logReader(store, noPause);
      const uris = new Set<string>();
      let after: LogQuery['after'];
      let pages = 0;
      do {
        const page = await read(query({ limit: 7, ...(after && { after }) }));
        for (const { uri } of page.records) {
          assert.not(uris.has(uri), uri);
          uris.add(uri);
        }
        after = page.next;
        pages += 1;
      } while (after);
      assert.equal([uris.size, pages], [120, 18]);
    }),
  );

  test(
    'what a query may not look through is said, and the next page goes on there',
    with_(async (store) => {
      const writer = fresh(store);
      for (let n = 0; n < 30; n += 1) {
        const uri = n < 3 ? '/wanted' : '/';
        await writer.write([
          { workspaceId: WORKSPACE, records: [record(DAY + n * 1000, { uri })], cursors: new Map() },
        ]);
      }
      const read = logReader(store, noPause, 20);
      const line = ({ uri }: LogRecord): boolean => uri === '/wanted';
      const first = await read(query({ line }));
      assert.equal([first.exact, first.total, first.records.length], [false, 0, 0]);
      assert.ok(first.next);
      const second = await read(query({ line, ...(first.next && { after: first.next }) }));
      assert.equal([second.exact, second.records.length, second.next], [true, 3, undefined]);
    }),
  );

  test(
    'a log is taken as far as it was written, with it or not at all',
    with_(async (store) => {
      const writer = fresh(store);
      assert.is(await writer.cursor(AGENT), undefined);
      const cursors = new Map([[AGENT, { source: 's', sequence: 42 }]]);
      await writer.write([
        { workspaceId: WORKSPACE, records: [record(DAY)], cursors, dropped: { at: DAY, count: 3 } },
      ]);
      assert.equal(await fresh(store).cursor(AGENT), { source: 's', sequence: 42 });
      assert.is((await logReader(store, noPause)(query())).dropped, 3);
    }),
  );

  test(
    'an hour that is full takes no more, and says so',
    with_(async (store) => {
      const writer = logWriter({ store, newId, hourBytes: 5000 });
      for (let n = 0; n < 10; n += 1) {
        const records = Array.from({ length: 10 }, (_, index) => record(DAY + n * 1000 + index));
        await writer.write([{ workspaceId: WORKSPACE, records, cursors: new Map() }]);
      }
      const { total = 0, dropped } = await logReader(store, noPause)(query());
      assert.ok(total >= 20 && total < 100, String(total));
      assert.is(total + dropped, 100);
    }),
  );

  test(
    'what is too old goes, and the oldest of what is too much; the rest stays',
    with_(async (store) => {
      const now = DAY + 10 * DAY_MS;
      const keep = {
        accessLogMs: 5 * DAY_MS,
        accessLogBytes: 30_000,
        minutesMs: 2 * DAY_MS,
        metricsMs: 4 * DAY_MS,
      };
      for (let day = 0; day < 10; day += 1) {
        const at = DAY + day * DAY_MS + HOUR_MS;
        await writeMinutes(store, [report(AGENT, at, 1)]);
        await write(store, [record(at), record(at + 1)]);
        await write(store, [record(at)], OTHER);
      }
      // Much in the newest hours of one workspace.
      for (const hour of [20, 21, 22]) {
        const at = DAY + 9 * DAY_MS + hour * HOUR_MS;
        await write(
          store,
          Array.from({ length: 150 }, (_, n) => record(at + n)),
        );
      }
      await sweep(store, now, keep, noPause);
      await sweep(store, now, keep, noPause);
      const read = logReader(store, noPause);
      const all = { from: DAY, to: now, limit: 1000 };
      assert.is((await read(query({ ...all, workspaceId: OTHER }))).total, 5);
      const left = await read(query(all));
      assert.is(left.total, left.records.length);
      assert.ok((left.total ?? 0) >= 150 && (left.total ?? 0) < 460, String(left.total));
      assert.is(left.records[0]?.at, DAY + 9 * DAY_MS + 22 * HOUR_MS + 149);
      const counts = await Promise.all(
        [METRIC_HOURS, METRIC_DAYS, LOG_BOOKS, LOG_HEADS].map(async (one) => (await store.find(one)).total),
      );
      assert.equal(counts.slice(0, 2), [2, 4]);
      assert.is(counts[3], (await store.find(LOG_BLOCKS)).total);
    }),
  );

  test.run();
}
