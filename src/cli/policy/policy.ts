import type { Command } from 'commander'
import { addCommands, type CommandEntry, type IsMeant } from '../command/entries.ts'
import type { Conclude, Services } from '../command/services.ts'

const COMMANDS: readonly CommandEntry<Services>[] = [
  {
    name: 'check',
    summary: 'load policy files strictly and tell everything that is wrong with them',
    load: async () => (await import('./check.ts')).addPolicyCheck,
  },
  { name: 'test', summary: 'run the tests: of a policy', load: async () => (await import('./test.ts')).addPolicyTest },
  {
    name: 'init',
    summary: 'observe what lock files allow and write the policy that admits it',
    load: async () => (await import('./init.ts')).addPolicyInit,
  },
  {
    name: 'update',
    summary: 'bring a policy up to date with lock files, and print the change',
    load: async () => (await import('../update/update.ts')).addPolicyUpdate,
  },
  {
    name: 'diff',
    summary: 'compare what two policies mean',
    load: async () => (await import('./diff.ts')).addPolicyDiff,
  },
  {
    name: 'replay',
    summary: 'list the recorded requests whose outcome changes under another policy',
    load: async () => (await import('./replay.ts')).addPolicyReplay,
  },
  {
    name: 'approve',
    summary: 'show a held identity change and print the rule that accepts it',
    load: async () => (await import('./approve.ts')).addPolicyApprove,
  },
  {
    name: 'approvals',
    summary: 'look at what was approved in the console, and withdraw it',
    load: async () => (await import('../approvals/approvals.ts')).addPolicyApprovals,
  },
  {
    name: 'schema',
    summary: 'print the JSON Schema of a policy',
    load: async () => (await import('./schema.ts')).addPolicySchema,
  },
]

export async function addPolicyCommand(
  program: Command,
  services: Services,
  conclude: Conclude,
  isMeant: IsMeant,
): Promise<void> {
  const policy = program.command('policy').description('Work on the policy: which publishers may sign which project.')
  await addCommands(policy, COMMANDS, { services, conclude, isMeant })
}
