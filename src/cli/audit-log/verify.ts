import { type Command, InvalidArgumentError } from 'commander'
import type { AuditHead, AuditVerdict } from '../../ports/console/audit-log.ts'
import { jsonLine } from '../../protocol/text/json-line.ts'
import { ENVIRONMENT, formatOption } from '../command/options.ts'
import type { Conclude, Services } from '../command/services.ts'
import { createScreen, type Screen, styled } from '../terminal/screen.ts'
import { counted } from '../terminal/table.ts'
import { askAudit } from './ask-audit.ts'

interface VerifyOptions {
  readonly config?: string
  readonly format: 'text' | 'json'
  readonly expect?: AuditHead
}

const DESCRIPTION = `Looks whether the audit log is as it was written: each row carries the sha256 of itself and of the row before it, so that a row that was changed, left out, put in or moved does not fit its neighbours. A gate may be adding to it meanwhile.

Whoever may write to the database can write every row anew from some place on, with hashes that fit. So write down somewhere else what this prints as the head, and give it back with --expect: up to there nothing was changed or taken away.`

const MORE = `
Exit codes:
  0  every row is as it was written
  1  one is not: the first, and why
  2  usage or configuration; there is no database of a gate
  3  the log could not be read

Output of --format json, one object:
  {rows, head: {sequence, hash}, wrong: {sequence, why}}
rows is how many hold together from the first one on, head is the last of them;
wrong is null where nothing is wrong.

${ENVIRONMENT}

Examples:
  portcullis audit-log verify
  portcullis audit-log verify --expect "$(cat head-of-last-week)"`

export function addAuditLogVerify(group: Command, services: Services, conclude: Conclude): void {
  group
    .command('verify')
    .summary('look whether the audit log is as it was written')
    .description(DESCRIPTION)
    .option('--expect <sequence:hash>', 'the head that an earlier run printed', parseHead)
    .addOption(formatOption('json prints one object'))
    .addHelpText('after', MORE)
    .action(async (_options, command: Command) => {
      const { config: path, format, expect } = command.optsWithGlobals<VerifyOptions>()
      const { config } = await services.loadConfig({ config: path })
      const verdict = await askAudit(config, services, async records => await records.verify(expect))
      if (format === 'json') services.output.out(jsonLine({ ...verdict, wrong: verdict.wrong ?? null }))
      else tell(createScreen(services.output), verdict)
      conclude(verdict.wrong === undefined ? 0 : 1)
    })
}

function tell(screen: Screen, { rows, head, wrong }: AuditVerdict): void {
  if (wrong !== undefined) screen.line(styled('bad', '✗'), ` row ${wrong.sequence}: ${wrong.why}`)
  const [mark, whole] = wrong === undefined ? [styled('good', '✓'), ''] : [styled('doubt', '!'), ' hold together']
  screen.line(mark, ` ${counted(rows, 'row')}${whole}, head ${head.sequence}:${head.hash}`)
}

const HEAD = /^(0|[1-9]\d{0,14}):([0-9a-f]{64})$/i

function parseHead(text: string): AuditHead {
  const [, sequence, hash] = HEAD.exec(text.trim()) ?? []
  if (sequence === undefined || hash === undefined)
    throw new InvalidArgumentError(
      'Not a head as audit-log verify prints it: a sequence, a colon, and 64 hexadecimal digits.',
    )
  return { sequence: Number(sequence), hash: hash.toLowerCase() }
}
