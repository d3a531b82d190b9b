// SPDX-License-Identifier: Apache-2.0
/** What an agent reported last, with something in it that must not be shown. */
export const healthReport = {
  nginx: {
    is_running: true,
    pid: 77,
    uptime_seconds: 86_400,
    active_connections: 42,
    total_requests: 9,
    requests_per_second: 150.5,
  },
  system: { cpu_percent: 25, memory_used_bytes: 512 * 1024 * 1024 },
  config_version: 42,
  alerts: [{ message: 'canary-alert' }],
};
