import type { Command } from 'commander'
import { indexNamed } from '../../config/sources.ts'
import { documentsAt } from '../../gate/requests/approvals.ts'
import { documentBeside, NO_APPROVALS } from '../../protocol/policy/approval-layer.ts'
import { askGate, type GateOptions, gateNamed } from '../command/asked-gate.ts'
import { askRecords } from '../command/gate-records.ts'
import { requireGivenPolicy } from '../command/given-policy.ts'
import { ENVIRONMENT } from '../command/options.ts'
import type { Conclude, Services } from '../command/services.ts'
import { createScreen, styled } from '../terminal/screen.ts'

const MORE = `
Exit codes:
  0  printed; also where nothing is approved
  2  usage, configuration or policy
  3  the data folder could not be read

An approval that is in the repository, too, is one with it: it may be withdrawn
in the console afterwards, or end there.

${ENVIRONMENT}

Examples:
  portcullis policy approvals export > policies/approved.yaml
  portcullis policy approvals export --index ml > policies/ml-approved.yaml`

export function addApprovalsExport(approvals: Command, services: Services, _conclude: Conclude): void {
  approvals
    .command('export')
    .summary('print what is approved as a policy file')
    .description(
      'Prints what was approved in the console for an index as a policy file, which loads beside the policy: for the repository that the policy is in. What does not load beside it any more is left out, and named.',
    )
    .option('--index <name>', 'what was approved for this index; default: the first')
    .addHelpText('after', MORE)
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<GateOptions & { config?: string; index?: string }>()
      const named = gateNamed(options, services)
      if (named === undefined) return await exportApproved(options.config, options.index, services)
      const text = await askGate(named, services, gate => gate.ask('exportApprovals', { index: options.index }))
      services.output.out(text)
    })
}

async function exportApproved(path: string | undefined, named: string | undefined, services: Services): Promise<void> {
  const { config } = await services.loadConfig({ config: path })
  const index = indexNamed(config, named)
  const { below, leftOut } = await requireGivenPolicy(index.policy, services, {
    config,
    gate: config,
    index: index.name,
  })
  await askRecords(config, services, async records => {
    const approved = documentsAt(index.name, await records.approvals(services.clock()))
    const taken = approved.filter(({ id }) => !leftOut.has(id))
    const texts = taken.map(one => documentBeside(one, below).text)
    services.output.out(texts.length === 0 ? NO_APPROVALS : texts.join(''))
    createScreen(services.output, 'err').line(styled('dim', `${taken.length} approved at ${index.name}`))
  })
}
