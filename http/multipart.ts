// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from 'node:http';
import busboy from 'busboy';
import { deferred, detail, type ErrorDetail, invalid, NxError } from '../kernel/index.js';
import { tooLarge } from './body.js';

/** One part of a form, by the member of the JSON body that it stands for. Two of one member are joined, in this order. */
export interface FormPart {
  readonly field: string;
  readonly maxBytes: number;
  /** A file with text in it, for those who read the API's description; no name and no type of it is looked at. */
  readonly file?: true;
  /** `true` or `false`. */
  readonly boolean?: true;
}

/** Name of a part → what it is. What does not stand here is refused, and so is a second part of a name. */
export type Multipart = Readonly<Record<string, FormPart>>;

const MAX_FIELD_NAME = 100;

/** What a fault names that is of no field, but of the body as a whole. */
export const BODY_FIELD = 'body';

export const isMultipart = (request: IncomingMessage): boolean =>
  /^multipart\/form-data\s*(;|$)/i.test(request.headers['content-type'] ?? '');

/**
 * Reads a form of at most `limit` bytes into a body as its JSON has it. Parts stay in memory, each within its own
 * bound; no file is written. The first thing that is wrong ends the reading: BAD_REQUEST for what is no form and
 * PAYLOAD_TOO_LARGE at once, VALIDATION_ERROR with the part's name when the body is asked for.
 */
export async function readMultipart(
  request: IncomingMessage,
  form: Multipart,
  limit: number,
): Promise<() => Record<string, unknown>> {
  if (Number(request.headers['content-length'] ?? 0) > limit) {
    throw tooLarge(limit);
  }
  if ((request.headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity') {
    throw new NxError('UNSUPPORTED_MEDIA_TYPE', 'The body must not be compressed');
  }
  try {
    const body = assembled(form, await collect(request, form, limit));
    return () => body;
  } catch (error) {
    if (error instanceof NxError && error.code === 'VALIDATION_ERROR') {
      return () => {
        throw error;
      };
    }
    throw error;
  }
}

/** Name of a part → its bytes. */
async function collect(
  request: IncomingMessage,
  form: Multipart,
  limit: number,
): Promise<ReadonlyMap<string, Buffer>> {
  const parser = openParser(request, form);
  const parts = new Map<string, Buffer>();
  const done = deferred();
  let size = 0;

  const stop = (error: NxError): void => {
    request.unpipe(parser);
    parser.destroy();
    done.reject(error);
  };
  const refuse = (one: ErrorDetail): void => stop(invalid([one]));
  /** What is known of a part; undefined when the part has been refused. */
  const begin = (name: string | undefined): FormPart | undefined => {
    const part = name !== undefined && Object.hasOwn(form, name) ? form[name] : undefined;
    const shown = (name ?? BODY_FIELD).slice(0, MAX_FIELD_NAME);
    if (!part) {
      refuse(detail(shown, 'UNKNOWN_FIELD', 'Unknown field'));
      return undefined;
    }
    if (parts.has(shown)) {
      refuse(detail(shown, 'DUPLICATE', 'Must be given once'));
      return undefined;
    }
    parts.set(shown, Buffer.alloc(0));
    return part;
  };
  const tooLong = (name: string, { maxBytes }: FormPart): void =>
    refuse(detail(name, 'TOO_LONG', `Must have at most ${maxBytes} bytes`));

  parser.on('file', (name, stream) => {
    stream.on('error', () => undefined);
    const part = begin(name);
    const chunks: Buffer[] = [];
    let bytes = 0;
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (part && bytes > part.maxBytes) {
        chunks.length = 0;
        tooLong(name, part);
      } else if (part) {
        chunks.push(chunk);
      }
    });
    stream.on('end', () => parts.set(name, Buffer.concat(chunks)));
  });
  parser.on('field', (name, value, { valueTruncated }) => {
    const part = begin(name);
    const bytes = Buffer.from(value);
    if (part && (valueTruncated || bytes.length > part.maxBytes)) {
      tooLong(name, part);
    } else if (part) {
      parts.set(name, bytes);
    }
  });
  parser.on('partsLimit', () => refuse(detail(BODY_FIELD, 'TOO_LONG', 'Must have fewer parts')));
  parser.on('error', () => stop(new NxError('BAD_REQUEST', 'The body is not a whole form')));
  parser.on('close', () => done.resolve());
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > limit) {
      stop(tooLarge(limit));
    }
  });
  const broken = (): void => stop(new NxError('BAD_REQUEST', 'The body ended early'));
  request.once('error', broken);
  request.once('close', broken);
  request.pipe(parser);
  try {
    await done.promise;
  } finally {
    request.removeListener('close', broken);
  }
  return parts;
}

function openParser(request: IncomingMessage, form: Multipart): busboy.Busboy {
  const sizes = Object.values(form).map(({ maxBytes }) => maxBytes);
  const largest = Math.max(...sizes) + 1;
  try {
    return busboy({
      headers: request.headers,
      // One part more than there are names: it is the one that is refused.
      limits: { parts: sizes.length + 1, fieldSize: largest, fileSize: largest },
    });
  } catch {
    throw new NxError('BAD_REQUEST', 'The form names no boundary');
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function assembled(form: Multipart, parts: ReadonlyMap<string, Buffer>): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  const problems: ErrorDetail[] = [];
  for (const [name, { field, boolean, file }] of Object.entries(form)) {
    const bytes = parts.get(name);
    // A browser sends an empty file where none was chosen.
    if (bytes === undefined || (file && bytes.length === 0)) {
      continue;
    }
    try {
      const text = utf8.decode(bytes);
      const value = boolean && (text === 'true' || text === 'false') ? text === 'true' : text;
      const before = body[field];
      body[field] = typeof before === 'string' ? `${before}\n${text}` : value;
    } catch {
      problems.push(detail(name, 'INVALID_FORMAT', 'Must be text in UTF-8'));
    }
  }
  if (problems.length > 0) {
    throw invalid(problems);
  }
  return body;
}
