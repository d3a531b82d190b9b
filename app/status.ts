// SPDX-License-Identifier: Apache-2.0
import type { Status } from '../read-api/index.js';
import type { Context } from './context.js';
import type { Health, Part } from './roles/part.js';

/** The worst of some; healthy when there is none. */
export const worst = (healths: readonly Health[]): Health =>
  healths.includes('unhealthy') ? 'unhealthy' : healths.includes('degraded') ? 'degraded' : 'healthy';

/** Whether requests can be served, and why not in words that may be shown to anybody. */
export async function ready(context: Context, parts: readonly Part[]): Promise<{ ok: boolean; why: string }> {
  const reasons = await Promise.all([
    context.logFault(),
    ...parts.map(async (part) => part.notReady?.().catch(() => 'a part cannot say how it is')),
  ]);
  const why = reasons.filter(Boolean).join(', ');
  return { ok: why === '', why };
}

/** How this process and what it stands on are. */
export async function lookAt(
  context: Context,
  parts: readonly Part[],
): Promise<Pick<Status, 'status' | 'components'>> {
  const { events, readStore } = context;
  // Damage in old events keeps nobody from writing new ones, but somebody has to look.
  const faulty = (await context.logFault()) !== undefined || events.scrubbed?.()?.damage !== undefined;
  const event_log: Health = faulty ? 'unhealthy' : 'healthy';
  const read_store = await readStore.pointer('organizations').then(
    (): Health => 'healthy',
    (): Health => 'unhealthy',
  );
  const own = await Promise.all(parts.map(async (part) => part.components?.().catch(() => ({}))));
  const components: Record<string, Health> = Object.assign({ event_log, read_store }, ...own);
  return { status: worst(Object.values(components)), components };
}
