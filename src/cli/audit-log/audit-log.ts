import type { Command } from 'commander'
import type { Conclude, Services } from '../command/services.ts'
import { addAuditLogExport } from './export.ts'
import { addAuditLogVerify } from './verify.ts'

export function addAuditLogCommand(program: Command, services: Services, conclude: Conclude): void {
  const group = program
    .command('audit-log')
    .description(
      'Look at what people did to the gate, and at what it did that people answer for (docs/how-to/audit-log.md).',
    )
  for (const add of [addAuditLogVerify, addAuditLogExport]) add(group, services, conclude)
}
