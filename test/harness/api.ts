// SPDX-License-Identifier: Apache-2.0
import { described } from './described.js';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely by tests
  readonly body: any;
}

export interface Api {
  request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** As `request`, and throws unless the status is 2xx; gives the body. */
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely by tests
  ok(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<any>;
}

const PROXY_ANSWERS: readonly number[] = [502, 504];

/**
 * A REST client; signs in at the first request when an address and password are given. Every answer is held to the
 * description that the process serves.
 */
export function api(baseUrl: string, login?: { email: string; password: string }): Api {
  let token: string | undefined;
  // One for all requests that come at once: logins are limited.
  let signingIn: Promise<void> | undefined;

  let describing: ReturnType<typeof description> | undefined;

  /** Undefined while the process cannot answer for it. */
  async function description() {
    try {
      return described(await (await fetch(`${baseUrl}/openapi.json`)).json());
    } catch {
      describing = undefined;
      return undefined;
    }
  }

  async function send(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const response = await fetch(`${baseUrl}${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const { status } = response;
    // A proxy that found nobody answers for itself, with a page: an answer all the same, and none of ours to be held to.
    if (PROXY_ANSWERS.includes(status) && text.startsWith('<')) {
      return { status, headers: response.headers, body: text };
    }
    const answered = text === '' ? undefined : JSON.parse(text);
    describing ??= description();
    (await describing)?.(method, path, status, answered);
    return { status, headers: response.headers, body: answered };
  }

  async function signIn(credentials: { email: string; password: string }): Promise<void> {
    const answer = await send('POST', '/v1/auth/login', credentials);
    if (answer.status !== 200) {
      throw new Error(`login: ${answer.status} ${JSON.stringify(answer.body)}`);
    }
    token = answer.body.access_token;
  }

  async function request(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer> {
    if (login) {
      signingIn ??= signIn(login);
      await signingIn;
    }
    return send(method, path, body, headers);
  }

  return {
    request,
    ok: async (method, path, body, headers) => {
      const answer = await request(method, path, body, headers);
      if (answer.status >= 300) {
        throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
      }
      return answer.body;
    },
  };
}
