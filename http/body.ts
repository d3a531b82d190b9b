// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from 'node:http';
import { NxError } from '../kernel/index.js';
import { readJson } from './json.js';

/** What may still arrive of a body that nobody wants before the connection is cut. */
const MAX_UNWANTED = 8 * 1024 * 1024;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export const hasBody = (request: IncomingMessage): boolean =>
  request.headers['transfer-encoding'] !== undefined ||
  (request.headers['content-length'] ?? '0').trim() !== '0';

/**
 * Reads a JSON body of at most `limit` bytes; undefined when there is none. The limits and the type are checked before
 * a byte is read. PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, BAD_REQUEST.
 */
export async function readBody(request: IncomingMessage, limit: number): Promise<unknown> {
  if (!hasBody(request)) {
    return undefined;
  }
  if (Number(request.headers['content-length'] ?? 0) > limit) {
    throw tooLarge(limit);
  }
  checkType(request);
  const bytes = await collect(request, limit);
  if (bytes.length === 0) {
    return undefined;
  }
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw new NxError('BAD_REQUEST', 'The body is not valid UTF-8');
  }
  return readJson(text);
}

function checkType(request: IncomingMessage): void {
  const [type = '', ...parameters] = (request.headers['content-type'] ?? '')
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  const known =
    type === 'application/json' || (type === 'application/merge-patch+json' && request.method === 'PATCH');
  const charset = parameters.find((parameter) => parameter.startsWith('charset='));
  const utf8Named = charset === undefined || /^charset="?utf-?8"?$/.test(charset);
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (!known || !utf8Named || encoding.toLowerCase() !== 'identity') {
    throw new NxError('UNSUPPORTED_MEDIA_TYPE', 'The body must be application/json in UTF-8, not compressed');
  }
}

function collect(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) {
        chunks.length = 0;
        reject(tooLarge(limit));
      } else {
        chunks.push(chunk);
      }
    });
    // Every request closes; an error is only made for one that did so too early.
    const broken = (): void => {
      if (!request.readableEnded) {
        reject(new NxError('BAD_REQUEST', 'The body ended early'));
      }
    };
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', broken);
    request.on('close', broken);
  });
}

/**
 * Lets the rest of a refused body run out, so that the caller can read the answer while it still sends; one that goes
 * on for too long is cut off.
 */
export function discard(request: IncomingMessage): void {
  let size = 0;
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_UNWANTED) {
      request.destroy();
    }
  });
  request.resume();
}

export const tooLarge = (limit: number): NxError =>
  new NxError('PAYLOAD_TOO_LARGE', `The body is larger than ${limit} bytes`);
