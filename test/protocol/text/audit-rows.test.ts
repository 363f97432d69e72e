import t from 'tap'
import { instant } from '../../../src/domain/base/instant.ts'
import type { AuditRow } from '../../../src/ports/console/audit-log.ts'
import { AUDIT_COLUMNS, tellAuditCells, tellAuditRow } from '../../../src/protocol/text/audit-rows.ts'

const ROW: AuditRow = {
  sequence: 1,
  at: instant(0),
  action: 'token-created',
  actor: 'shell:ada',
  from: 'command line',
  target: 'ci',
  why: undefined,
  detail: { indexes: 'main' },
  hash: 'b',
  previous: 'a',
}

t.test('every file of the audit log has one layout, with each column by both of its names', t => {
  t.strictSame(Object.keys(tellAuditRow(ROW)), AUDIT_COLUMNS)
  const { when, at, who, actor, what, action, detail } = tellAuditRow(ROW)
  t.strictSame([when, who, what], [at, actor, action])
  t.strictSame(detail, { indexes: 'main' })
  t.equal(tellAuditCells(ROW).detail, '{"indexes":"main"}')
  t.end()
})

t.test('what somebody wrote over may be no time', t => {
  t.equal(tellAuditRow({ ...ROW, at: instant(9e15) }).when, '9000000000000000')
  t.end()
})
