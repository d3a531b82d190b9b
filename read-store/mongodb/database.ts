// SPDX-License-Identifier: Apache-2.0
import type { ClientSession, Db, MongoClient, Collection as MongoCollection } from 'mongodb';
import type { Doc } from '../port.js';
import type { Deadline } from './deadline.js';

export interface StoredDoc {
  readonly _id: string;
  readonly state: State;
}

/** `at` comes first: states are compared by it. */
export interface State {
  /** Checkpoint that it was written for (`positionText`); empty where it was written outside projections. */
  readonly at: string;
  /** Not there when the document was deleted at that position. */
  readonly doc?: Doc;
}

/** Lease and checkpoint of a projection in one document, so that one write can ask for both. */
export interface Control {
  readonly _id: string;
  readonly owner: string;
  readonly epoch: number;
  /** Milliseconds since 1970 by the server's clock. */
  readonly expires: number;
  readonly position: string;
  /** A commit that is decided and not yet finished. */
  readonly pending?: Pending;
}

export interface Pending {
  readonly id: string;
  readonly to: string;
}

/** A part of what a decided commit is to write. */
export interface Intent {
  readonly _id: string;
  readonly intent: string;
  readonly projection: string;
  /** JSON of `Change[]`. */
  readonly changes: string;
}

export interface Registered {
  /** Name of the collection, such as `virtual-hosts.v1/by_id`. */
  readonly _id: string;
  readonly projection: string;
  /** MongoDB's name of it; another one each time it is made again. */
  readonly physical: string;
  readonly indexes: readonly string[];
}

export interface Meta {
  readonly _id: string;
  readonly version: number;
}

export interface Database {
  readonly client: MongoClient;
  /** The servers' names, for messages. */
  readonly where: string;
  readonly transactions: boolean;
  readonly deadline: Deadline;
  readonly control: MongoCollection<Control>;
  readonly intents: MongoCollection<Intent>;
  readonly registry: MongoCollection<Registered>;
  readonly pointers: MongoCollection<{ _id: string; version: number }>;
  readonly db: Db;
  docs(physical: string): MongoCollection<StoredDoc>;
  /** Milliseconds since 1970 by the server's clock. */
  now(): Promise<number>;
}

export const inSession = (session: ClientSession | undefined): { session?: ClientSession } =>
  session ? { session } : {};
