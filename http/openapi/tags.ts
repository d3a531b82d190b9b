// SPDX-License-Identifier: Apache-2.0

const TAGS: Readonly<Record<string, string>> = {
  Agents: 'What runs beside each nginx: enrolment, state, health, commands',
  'API keys': "What programs come in with: a person's rights, within scopes",
  Authentication: 'Signing in, staying signed in and going out; the keys that tokens are signed with',
  Certificates: 'TLS certificates; their keys are stored where no answer reaches',
  Changes: 'The story of each configuration version: who, what, and what each agent made of it',
  Documentation: 'This description and the pages that show it',
  Operations: 'Work that goes on after it was asked for',
  Organizations: 'Tenants',
  Platform: 'The same in the envelope of the platform, `/api/v1`',
  Probes: 'For supervisors, load balancers and Prometheus',
  Status: 'Health of the installation',
  Users: 'People: who they are, whether they may come in, and how they are forgotten',
  Upstreams: 'Groups of servers that virtual hosts pass requests to',
  'Virtual hosts': 'What is served under which names',
  Workspaces: 'What belongs together in an organization',
};

export const tagsOf = (names: readonly string[]): { name: string; description: string }[] =>
  [...new Set(names)].sort().map((name) => ({
    name,
    description: (Object.hasOwn(TAGS, name) && TAGS[name]) || `${name} of the API`,
  }));
