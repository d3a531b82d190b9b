// SPDX-License-Identifier: Apache-2.0
/** Settings that cannot be used; names every fault. */
export class BadKafkaSettings extends Error {
  constructor(faults: readonly string[]) {
    super(faults.join('; '));
    this.name = 'BadKafkaSettings';
  }
}

/** The brokers cannot be reached or do not answer in time; whether the messages arrived is not known. */
export class KafkaUnavailable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'KafkaUnavailable';
  }
}

/** The brokers answered no: a missing topic, wrong credentials, no permission. A person has to change something there. */
export class KafkaRefused extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'KafkaRefused';
  }
}

/** The brokers do not take that many bytes at once. */
export class MessagesTooLarge extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'MessagesTooLarge';
  }
}

/** A replay goes to a topic that holds nothing yet, or is the rest of a replay to it. */
export class TopicNotFresh extends Error {
  constructor(topic: string) {
    super(`topic ${topic} already holds messages that no replay has put there`);
    this.name = 'TopicNotFresh';
  }
}

/** The lease or the checkpoint is somebody else's by now: start over. */
export class Outrun extends Error {}
