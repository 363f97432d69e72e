import { type Command, Option } from 'commander'
import type { Instant } from '../../domain/base/instant.ts'
import type { AuditRecords, AuditRow } from '../../ports/console/audit-log.ts'
import { AUDIT_COLUMNS, tellAuditCells, tellAuditRow } from '../../protocol/text/audit-rows.ts'
import { csvLine } from '../../protocol/text/csv-line.ts'
import { jsonLine } from '../../protocol/text/json-line.ts'
import { ENVIRONMENT } from '../command/options.ts'
import type { Conclude, Services } from '../command/services.ts'
import { parseSince, type Since, sinceAt } from '../command/since.ts'
import { createScreen, styled } from '../terminal/screen.ts'
import { counted } from '../terminal/table.ts'
import { writePieces } from '../terminal/write-whole.ts'
import { askAudit } from './ask-audit.ts'

interface ExportOptions {
  readonly config?: string
  readonly format: Format
  readonly since?: Since
  readonly out?: string
}

type Format = 'json' | 'csv'

const DESCRIPTION = `Prints the audit log, the oldest first: who did what, to what, why, when, and from where. A gate may be adding to it meanwhile. Whether it is as it was written, audit-log verify tells.`

const MORE = `
Who is user:…, token:…, anonymous, shell:<user> for a command, or gate for
what a gate did by itself; from is an address, "command line" or gate.

Exit codes:
  0  told; also where there is nothing
  2  usage or configuration; there is no database of a gate
  3  the log could not be read

Output of --format json, one object a line and a row:
  {sequence, when, who, from, what, target, why, detail: {…}, previous, hash}
Output of --format csv (RFC 4180): the same columns, detail as JSON, and
behind them at, actor and action: when, who and what as the API calls them.
A cell that a spreadsheet would calculate has an apostrophe in front.

${ENVIRONMENT}

Examples:
  portcullis audit-log export --since 30d
  portcullis audit-log export --format csv --out audit.csv
  portcullis audit-log export | jq 'select(.what == "token-created")'`

export function addAuditLogExport(group: Command, services: Services, _conclude: Conclude): void {
  group
    .command('export')
    .summary('print the audit log: who, what, why, when, from where')
    .description(DESCRIPTION)
    .addOption(
      new Option('--format <format>', 'json prints one object a line').choices(['json', 'csv']).default('json'),
    )
    .addOption(new Option('--since <when>', 'no earlier than 14d, 36h or a date').argParser(parseSince))
    .option('--out <file>', 'write here instead of stdout; what is there is replaced')
    .addHelpText('after', MORE)
    .action(async (_options, command: Command) => {
      await exportLog(command.optsWithGlobals<ExportOptions>(), services)
    })
}

async function exportLog({ config: path, format, since, out }: ExportOptions, services: Services): Promise<void> {
  const { config } = await services.loadConfig({ config: path })
  const from = since === undefined ? undefined : sinceAt(since, services.clock())
  await askAudit(config, services, async records => {
    let rows = 0
    async function* lines(): AsyncGenerator<string> {
      if (format === 'csv') yield csvLine(AUDIT_COLUMNS)
      for await (const row of rowsSince(records, from)) {
        rows += 1
        yield LINE[format](row)
      }
    }
    if (out === undefined) {
      for await (const line of lines()) services.output.out(line)
      return
    }
    // who did what is nobody's business but the operator's
    await writePieces(out, lines(), { over: true, mode: 0o600 })
    createScreen(services.output).line(styled('good', '✓'), ` ${counted(rows, 'row')} in ${out}`)
  })
}

async function* rowsSince(records: AuditRecords, from: Instant | undefined): AsyncGenerator<AuditRow> {
  for await (const row of records.all()) if (from === undefined || row.at >= from) yield row
}

const LINE: Readonly<Record<Format, (row: AuditRow) => string>> = {
  // each name once: a table alone has the names of the API beside them
  json: row => {
    const { at: _at, actor: _actor, action: _action, ...told } = tellAuditRow(row)
    return jsonLine(told)
  },
  csv: row => {
    const told = tellAuditCells(row)
    return csvLine(AUDIT_COLUMNS.map(name => told[name]))
  },
}
