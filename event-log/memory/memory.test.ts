// SPDX-License-Identifier: Apache-2.0
import { logContract } from '../contract/index.contract.js';
import { eventLog, memoryLog } from '../index.js';

logContract({ name: 'memory', open: async () => eventLog(memoryLog()) });
