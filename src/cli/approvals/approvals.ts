import type { Command } from 'commander'
import type { Conclude, Services } from '../command/services.ts'
import { addApprovalsExport } from './export.ts'
import { addApprovalsList } from './list.ts'
import { addApprovalsWithdraw } from './withdraw.ts'

export function addPolicyApprovals(policy: Command, services: Services, conclude: Conclude): void {
  const group = policy
    .command('approvals')
    .description(
      'Look at what was approved in the console, print it as a policy, and withdraw it (docs/how-to/requests.md).',
    )
  for (const add of [addApprovalsList, addApprovalsExport, addApprovalsWithdraw]) add(group, services, conclude)
}
