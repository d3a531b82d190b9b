// SPDX-License-Identifier: Apache-2.0
/** What bodies have in common. */
import { nullable, type TSchema, Type } from '../common.js';

export const optional = Type.Optional;
export const atLeastOne = { minProperties: 1 };
/** In a PATCH: null takes a field away, so that it has its default again (RFC 7396). */
export const resettable = <T extends TSchema>(schema: T) => optional(nullable(schema));
