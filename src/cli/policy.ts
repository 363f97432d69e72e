import type { Command } from 'commander'
import { addPolicyApprove } from './policy-approve.ts'
import { addPolicyCheck } from './policy-check.ts'
import { addPolicyDiff } from './policy-diff.ts'
import { addPolicyInit } from './policy-init.ts'
import { addPolicyReplay } from './policy-replay.ts'
import { addPolicySchema } from './policy-schema.ts'
import { addPolicyTest } from './policy-test.ts'
import type { Conclude, Services } from './services.ts'

export function addPolicyCommand(program: Command, services: Services, conclude: Conclude): void {
  const policy = program
    .command('policy')
    .summary('write, check, test and compare policies')
    .description('Work on the policy: which publishers may sign which project.')
  for (const add of [
    addPolicyCheck,
    addPolicyTest,
    addPolicyInit,
    addPolicyDiff,
    addPolicyReplay,
    addPolicyApprove,
    addPolicySchema,
  ])
    add(policy, services, conclude)
}
