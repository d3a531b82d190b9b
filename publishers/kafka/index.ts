// SPDX-License-Identifier: Apache-2.0
export { BadKafkaSettings, KafkaRefused, KafkaUnavailable, TopicNotFresh } from './errors.js';
export { kafkaPublisher, type Publisher, type PublisherDeps, type PublisherStatus } from './publisher.js';
export { kafkaReplay, type Replayed, type ReplayOptions } from './replay.js';
export { checkSettings, type KafkaSettings } from './settings.js';
export type { PublisherState } from './tally.js';
