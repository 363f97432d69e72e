import type { Command } from 'commander'
import type { Conclude, Services } from '../command/services.ts'
import { addPolicyUpdate } from '../update/update.ts'
import { addPolicyApprove } from './approve.ts'
import { addPolicyCheck } from './check.ts'
import { addPolicyDiff } from './diff.ts'
import { addPolicyInit } from './init.ts'
import { addPolicyReplay } from './replay.ts'
import { addPolicySchema } from './schema.ts'
import { addPolicyTest } from './test.ts'

export function addPolicyCommand(program: Command, services: Services, conclude: Conclude): void {
  const policy = program
    .command('policy')
    .summary('write, check, test and compare policies')
    .description('Work on the policy: which publishers may sign which project.')
  for (const add of [
    addPolicyCheck,
    addPolicyTest,
    addPolicyInit,
    addPolicyUpdate,
    addPolicyDiff,
    addPolicyReplay,
    addPolicyApprove,
    addPolicySchema,
  ])
    add(policy, services, conclude)
}
