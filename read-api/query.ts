// SPDX-License-Identifier: Apache-2.0
import { pagingQuery } from '../http/index.js';
import { closed, Decimal, Type } from '../schemas/index.js';

/** Query parameters of every read route: the answer holds everything up to this position, or is 503. */
const afterQuery = { after: Type.Optional(Decimal) };

export const readQuery = closed(afterQuery);

export const listQuery = closed({ ...pagingQuery, ...afterQuery });

export const listQueryParameters = { ...pagingQuery, ...afterQuery };
