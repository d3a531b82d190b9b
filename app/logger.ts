// SPDX-License-Identifier: Apache-2.0
import { type Logger, pino } from 'pino';

/** JSON lines on standard output. What may hold a secret is cut out here too, beside the types that print none. */
export const logger = (level: string): Logger =>
  pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: {
      paths: ['*.password', '*.token', '*.authorization', '*.private_key_pem', '*.privateKeyPem', '*.secret'],
      censor: '[redacted]',
    },
  });
