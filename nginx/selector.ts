// SPDX-License-Identifier: Apache-2.0
import { never } from '../kernel/index.js';
import type { AgentSpec, Problem, TargetSpec } from './model.js';
import { invalidFormat } from './text.js';

const KEY = /^[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?$/;
const VALUE = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)?$/;

type Pairs = readonly (readonly [string, string])[];

function parse(selector: string): Pairs | undefined {
  if (selector.length > 1024) {
    return undefined;
  }
  const pairs = selector.split(',').map((pair): [string, string] | undefined => {
    const at = pair.indexOf('=');
    const key = pair.slice(0, Math.max(at, 0));
    const value = pair.slice(at + 1);
    const fine = key.length <= 63 && value.length <= 63 && KEY.test(key) && VALUE.test(value);
    return fine ? [key, value] : undefined;
  });
  const known = pairs.filter((pair) => pair !== undefined);
  return known.length === pairs.length ? known : undefined;
}

/** Selectors repeat over thousands of hosts and agents; the memory of them is bounded. */
const MEMO_LIMIT = 10_000;
const memo = new Map<string, Pairs | undefined>();

function parsed(selector: string): Pairs | undefined {
  if (!memo.has(selector)) {
    if (memo.size >= MEMO_LIMIT) {
      memo.clear();
    }
    memo.set(selector, parse(selector));
  }
  return memo.get(selector);
}

/** Why a text is no label selector, if so: `env=production,region=us-east`. */
export function checkSelector(selector: string): Problem | undefined {
  const pairs = parsed(selector);
  if (!pairs) {
    return invalidFormat('must be key=value pairs separated by commas');
  }
  const keys = new Set(pairs.map(([key]) => key));
  return keys.size === pairs.length ? undefined : invalidFormat('must not name a label twice');
}

/** Whether every pair of the selector is among the labels; a text that is no selector matches nothing. */
function selectorMatches(selector: string, labels: Readonly<Record<string, string>>): boolean {
  const pairs = parsed(selector);
  return pairs?.every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value) ?? false;
}

/** Whether a resource with this target goes to this agent. */
export function targetMatches(target: TargetSpec, agent: AgentSpec): boolean {
  switch (target.type) {
    case 'all':
      return true;
    case 'selector':
      return selectorMatches(target.label_selector, agent.labels);
    case 'list':
      return target.agent_ids.includes(agent.id);
    default:
      return never(target, 'target');
  }
}
