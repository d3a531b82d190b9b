// SPDX-License-Identifier: Apache-2.0
/** The page that people read of who may do what, made from the table of routes and the policy. */
import { POLICY, type Route } from '../../http/index.js';

const COLUMNS = ['signed in', 'viewer', 'editor', 'admin', 'owner', 'administrator'];

const INTRODUCTION = `# Permissions

Who may do what, made from the table of routes and \`http/policy.ts\` by \`npm run -s generate:permissions\`. A test fails where this
page differs from them, and another tries every line of it. Roles are those in the organization that the resource belongs to, or
what is left of them in its workspace ([tenancy](tenancy.md)). *signed in*: everybody with an access token, on what is their own or
what the route shows them. *administrator*: of the whole installation. An API key may do what its maker may, and needs the scope
beside it; where there is none, the action is for people alone.
`;

const cells = (least: string): string[] => {
  if (least === 'public') {
    return COLUMNS.map(() => '✓');
  }
  const from = COLUMNS.indexOf(least === 'signed_in' ? 'signed in' : least);
  return COLUMNS.map((_, index) => (index >= from ? '✓' : ''));
};

function row({ method, path, permission }: Route): string {
  const [least, scope] =
    permission === 'public' ? ['public', undefined] : (POLICY[permission] as readonly [string, string?]);
  const last = least === 'public' ? 'everybody' : scope === undefined ? '' : `\`${scope}\``;
  return `| \`${method} ${path}\` | ${cells(least).join(' | ')} | ${last} |`;
}

export function permissionsPage(routes: readonly Route[]): string {
  const tags = [...new Set(routes.map(({ tag }) => tag))].sort();
  const tables = tags.map((tag) => {
    const rows = routes.filter((one) => one.tag === tag).map(row);
    return [
      `## ${tag}`,
      '',
      `| | ${COLUMNS.join(' | ')} | scope |`,
      `|---${'|:-:'.repeat(COLUMNS.length)}|---|`,
      ...rows.sort(),
      '',
    ].join('\n');
  });
  return `${INTRODUCTION}\n${tables.join('\n')}`;
}
