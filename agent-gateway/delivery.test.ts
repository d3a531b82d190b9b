// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { begin, type DeliveryAction, type DeliveryInput, type DeliveryState, deliver } from './delivery.js';

const A = { digest: 'a', version: 1 };
const B = { digest: 'b', version: 2 };
const C = { digest: 'c', version: 3 };
const fresh = begin({ proven: '', parked: undefined, recorded: undefined });

/** Feeds inputs one after the other; gives the state and what each input caused. */
function feed(state: DeliveryState, ...inputs: DeliveryInput[]) {
  const caused: (readonly DeliveryAction[])[] = [];
  let now = state;
  for (const input of inputs) {
    const [next, actions] = deliver(now, input);
    now = next;
    caused.push(actions);
  }
  return { state: now, caused, last: caused.at(-1) };
}

test('what is desired is sent once', () => {
  const { caused } = feed(fresh, { type: 'desired', target: A }, { type: 'desired', target: A });
  assert.equal(caused, [[{ type: 'send', target: A }], []]);
});

test('versions between are never sent: the newest follows the one that is outstanding', () => {
  const { caused } = feed(
    fresh,
    { type: 'desired', target: A },
    { type: 'desired', target: B },
    { type: 'desired', target: C },
    { type: 'succeeded', digest: 'a' },
  );
  assert.equal(caused, [
    [{ type: 'send', target: A }],
    [],
    [],
    [
      { type: 'applied', target: A },
      { type: 'send', target: C },
    ],
  ]);
});

test('a refused digest stays parked until another is desired', () => {
  const again = { digest: 'a', version: 9 };
  const { caused } = feed(
    fresh,
    { type: 'desired', target: A },
    { type: 'refused', digest: 'a' },
    { type: 'desired', target: A },
    { type: 'desired', target: again },
    { type: 'desired', target: again },
    { type: 'desired', target: B },
    { type: 'succeeded', digest: 'b' },
    { type: 'desired', target: A },
  );
  assert.equal(caused, [
    [{ type: 'send', target: A }],
    [{ type: 'refused', target: A }],
    [],
    [{ type: 'still-refused', target: again }],
    [],
    [{ type: 'send', target: B }],
    [{ type: 'applied', target: B }],
    [{ type: 'send', target: A }],
  ]);
});

test('what was refused when another was desired already is sent when it is desired again', () => {
  const { caused } = feed(
    fresh,
    { type: 'desired', target: A },
    { type: 'desired', target: B },
    { type: 'refused', digest: 'a' },
    { type: 'succeeded', digest: 'b' },
    { type: 'desired', target: { digest: 'a', version: 3 } },
  );
  assert.equal(caused.at(-1), [{ type: 'send', target: { digest: 'a', version: 3 } }]);
});

test('a retry sends the refused digest again, once', () => {
  const refused = feed(fresh, { type: 'desired', target: A }, { type: 'refused', digest: 'a' }).state;
  assert.equal(feed(refused, { type: 'retry' }, { type: 'retry' }).caused, [
    [{ type: 'send', target: A }],
    [],
  ]);
});

test('an agent that proves what is desired is sent nothing and counts as applied', () => {
  const proves = begin({ proven: 'a', parked: undefined, recorded: undefined });
  assert.equal(feed(proves, { type: 'desired', target: A }).last, [{ type: 'applied', target: A }]);
  const recorded = begin({ proven: 'a', parked: undefined, recorded: A });
  assert.equal(feed(recorded, { type: 'desired', target: A }).last, []);
});

test('a version with the digest that runs already is recorded and not sent', () => {
  const proves = begin({ proven: 'a', parked: undefined, recorded: A });
  const later = { digest: 'a', version: 5 };
  assert.equal(feed(proves, { type: 'desired', target: later }).last, [{ type: 'applied', target: later }]);
});

test('late, repeated and foreign answers change nothing', () => {
  const sent = feed(fresh, { type: 'desired', target: A }, { type: 'succeeded', digest: 'a' }).state;
  const inputs: DeliveryInput[] = [
    { type: 'succeeded', digest: 'a' },
    { type: 'refused', digest: 'a' },
    { type: 'succeeded', digest: 'b' },
    { type: 'refused', digest: '' },
  ];
  const { state, caused } = feed(sent, ...inputs);
  assert.equal(caused, [[], [], [], []]);
  assert.equal(state, sent);
  const outstanding = feed(sent, { type: 'desired', target: C }).state;
  const then = feed(outstanding, ...inputs);
  assert.equal(then.caused, [[], [], [], []], 'they are of nothing that is awaited');
  assert.equal(then.state, outstanding);
});

test('a version that runs in part is told again after more of it was refused', () => {
  const more = { digest: 'more', version: A.version };
  const { caused } = feed(
    fresh,
    { type: 'desired', target: A },
    { type: 'succeeded', digest: 'a' },
    { type: 'desired', target: more },
    { type: 'refused', digest: 'more' },
    { type: 'desired', target: A },
  );
  assert.equal(caused.slice(2), [
    [{ type: 'send', target: more }],
    [{ type: 'refused', target: more }],
    [{ type: 'applied', target: A }],
  ]);
});

test('a refusal known from before the session parks its digest', () => {
  const parked = begin({ proven: '', parked: A, recorded: undefined });
  assert.equal(feed(parked, { type: 'desired', target: A }).last, []);
  assert.equal(feed(parked, { type: 'desired', target: B }).last, [{ type: 'send', target: B }]);
});

test('a version that cannot be rendered is refused once and never sent', () => {
  const { caused } = feed(
    fresh,
    { type: 'unrenderable', target: A },
    { type: 'unrenderable', target: A },
    { type: 'desired', target: B },
  );
  assert.equal(caused, [[{ type: 'refused', target: A }], [], [{ type: 'send', target: B }]]);
});

test('one that cannot be rendered while another is outstanding waits for nothing', () => {
  const { caused } = feed(
    fresh,
    { type: 'desired', target: A },
    { type: 'unrenderable', target: B },
    { type: 'succeeded', digest: 'a' },
  );
  assert.equal(caused, [
    [{ type: 'send', target: A }],
    [{ type: 'refused', target: B }],
    [{ type: 'applied', target: A }],
  ]);
});

/**
 * The machine against a model of an agent over a bad line: versions, refusals, lost and repeated answers and
 * reconnects in any order. `bad` digests are refused by the agent.
 */
type Move =
  | { readonly do: 'publish'; readonly digest: number }
  | { readonly do: 'answer' | 'repeat' | 'reconnect' | 'retry' };

const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('publish' as const), digest: fc.nat(5) }) },
    { weight: 4, arbitrary: fc.constant({ do: 'answer' as const }) },
    { weight: 1, arbitrary: fc.constant({ do: 'repeat' as const }) },
    { weight: 2, arbitrary: fc.constant({ do: 'reconnect' as const }) },
    { weight: 1, arbitrary: fc.constant({ do: 'retry' as const }) },
  ),
  { maxLength: 60 },
);

function simulate(script: readonly Move[], bad: ReadonlySet<string>): void {
  let version = 0;
  let desired: { digest: string; version: number } | undefined;
  let state = begin({ proven: '', parked: undefined, recorded: undefined });
  const agent = { runs: '', inbox: [] as string[], lastAnswer: undefined as DeliveryInput | undefined };
  const log = { parked: state.parked, recorded: state.recorded };
  let refusedSince: string | undefined;

  const input = (one: DeliveryInput): void => {
    const [next, actions] = deliver(state, one);
    state = next;
    for (const action of actions) {
      switch (action.type) {
        case 'send':
          assert.is(agent.inbox.length, 0, 'one outstanding');
          assert.equal(action.target, desired, 'only the newest is sent');
          assert.is.not(action.target.digest, agent.runs, 'what runs is not sent');
          assert.is.not(action.target.digest, refusedSince, 'what was refused is not sent again');
          agent.inbox.push(action.target.digest);
          break;
        case 'applied':
          assert.is(action.target.digest, agent.runs, 'applied is what the agent proves');
          log.recorded = action.target;
          break;
        case 'refused':
          refusedSince = action.target.digest === desired?.digest ? action.target.digest : undefined;
          break;
        case 'still-refused':
          assert.is(action.target.digest, refusedSince);
          break;
      }
    }
    log.parked = state.parked;
  };
  const answer = (): void => {
    const digest = agent.inbox.shift();
    if (digest === undefined) {
      return;
    }
    if (bad.has(digest)) {
      agent.lastAnswer = { type: 'refused', digest };
    } else {
      agent.runs = digest;
      agent.lastAnswer = { type: 'succeeded', digest };
    }
    input(agent.lastAnswer);
  };
  for (const move of script) {
    switch (move.do) {
      case 'publish':
        version += 1;
        desired = { digest: `d${move.digest}`, version };
        refusedSince = refusedSince === desired.digest ? refusedSince : undefined;
        input({ type: 'desired', target: desired });
        break;
      case 'answer':
        answer();
        break;
      case 'repeat':
        if (agent.lastAnswer && agent.inbox.length === 0) {
          input(agent.lastAnswer);
        }
        break;
      case 'retry':
        refusedSince = undefined;
        input({ type: 'retry' });
        break;
      case 'reconnect': {
        // What was on its way may have been applied, or refused, without anybody hearing of it.
        const lost = agent.inbox.splice(0).at(-1);
        if (lost !== undefined && !bad.has(lost) && version % 2 === 0) {
          agent.runs = lost;
        }
        agent.lastAnswer = undefined;
        state = begin({ proven: agent.runs, ...log });
        input({ type: 'desired', target: desired });
        break;
      }
    }
  }
  while (agent.inbox.length > 0) {
    answer();
  }
  if (desired) {
    if (bad.has(desired.digest) && agent.runs !== desired.digest) {
      assert.equal(log.parked, desired, 'the refusal of the newest version is known');
    } else {
      assert.is(agent.runs, desired.digest, 'the agent ends on the newest');
      assert.equal(log.recorded, desired, 'and the log knows it');
    }
  }
}

test('whatever happens in between, the agent ends on the newest or its refusal is known', () => {
  fc.assert(
    fc.property(moves, fc.uniqueArray(fc.nat(5), { maxLength: 3 }), (script, bad) =>
      simulate(script, new Set(bad.map((digest) => `d${digest}`))),
    ),
    { numRuns: 3000 },
  );
});

test.run();
