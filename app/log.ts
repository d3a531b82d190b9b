import { Command } from 'commander';

/** `nxmesh log …`: looks at an embedded log without changing it. */
export const logCommand = (): Command =>
  new Command('log').description('verify, follow or export an embedded event log').addCommand(
    new Command('verify')
      .argument('<events.db>')
      .description('recompute the hash chain; names the first event that is wrong')
      .action(async (path: string) => {
        const { verifyLog } = await import('../event-log/sqlite/verify.js');
        const report = await verifyLog(path);
        console.log(JSON.stringify(report));
        process.exitCode = report.ok ? 0 : 1;
      }),
  );
