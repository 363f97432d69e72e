import type { Test } from 'tap'
import { instant } from '../../../src/domain/base/instant.ts'
import type { AuditEntry, AuditLog, AuditRecords, AuditRow } from '../../../src/ports/console/audit-log.ts'
import { COLUMNS, hashOf, NOTHING, type StoredRow } from '../../../src/store/audit/chain.ts'
import { START } from '../stores.ts'

export interface AuditSubject {
  readonly log: AuditLog & AuditRecords
  /** A statement of somebody who may write to the database. */
  run(statement: string): Promise<unknown>
  /** The same of somebody who took away what is there against accident. */
  tamper(statement: string): Promise<unknown>
}

export function entryAt(number: number, changes: Partial<AuditEntry> = {}): AuditEntry {
  return {
    at: instant(START + number * 1_000),
    action: 'token-created',
    actor: 'shell:ada',
    from: 'command line',
    target: `token-${number}`,
    why: `SEC-${number}`,
    detail: { indexes: 'main', number: String(number) },
    ...changes,
  }
}

async function rowsOf(records: AuditRecords): Promise<readonly AuditRow[]> {
  const rows: AuditRow[] = []
  for await (const row of records.all()) rows.push(row)
  return rows
}

/** Every store of the log is held to this. */
export function auditConformance(t: Test, open: (t: Test) => Promise<AuditSubject>): void {
  async function filled(t: Test, length = 6): Promise<AuditSubject> {
    const subject = await open(t)
    for (let number = 1; number <= length; number += 1) await subject.log.append(entryAt(number))
    return subject
  }

  t.test('rows stand in the order in which they came, each with the hash of the one before', async t => {
    const { log } = await open(t)
    const [first, second] = [await log.append(entryAt(1)), await log.append(entryAt(2, { why: undefined, detail: {} }))]
    t.match(first, { ...entryAt(1), sequence: 1, previous: NOTHING.hash })
    t.match(second, { sequence: 2, previous: first.hash, why: undefined, detail: {} })
    t.strictSame(await rowsOf(log), [first, second])
    t.strictSame(await log.verify(), { rows: 2, head: { sequence: 2, hash: second.hash }, wrong: undefined })
  })

  t.test('an empty log is whole', async t => {
    const { log } = await open(t)
    t.strictSame(await log.verify(), { rows: 0, head: NOTHING, wrong: undefined })
    t.match(await log.verify({ sequence: 2, hash: 'a'.repeat(64) }), { wrong: { sequence: 1 } })
  })

  t.test('words of outside come back as they were, whatever they are', async t => {
    const { log } = await open(t)
    const words = `\ufeff'; drop table audit_log; -- \u202e <script> %_\\ "größer" \n\t \ufeff 🦀`
    await log.append(
      entryAt(1, { actor: words, target: words, why: words, detail: { [words]: words, 2: 'b', 10: 'a' } }),
    )
    t.match(await rowsOf(log), [{ actor: words, target: words, why: words, detail: { [words]: words } }])
    t.equal((await log.verify()).wrong, undefined)
  })

  t.test('whoever adds at once makes one chain', async t => {
    const { log } = await open(t)
    const rows = await Promise.all(Array.from({ length: 40 }, (_, number) => log.append(entryAt(number))))
    t.strictSame(
      rows.map(({ sequence }) => sequence).sort((a, b) => a - b),
      Array.from({ length: 40 }, (_, at) => at + 1),
    )
    t.match(await log.verify(), { rows: 40, wrong: undefined })
  })

  for (const column of COLUMNS)
    t.test(`one byte of ${column} that is changed is found, and the row is named`, async t => {
      const { log, tamper } = await filled(t)
      const isNumber = column === 'at' || column === 'sequence'
      const last = column === 'hash' || column === 'previous' ? ['0', '1'] : ['x', 'y']
      const other = `case when substr(${column}, length(${column})) = '${last[0]}' then '${last[1]}' else '${last[0]}' end`
      const changed =
        column === 'sequence'
          ? '30'
          : isNumber
            ? `${column} + 1`
            : `substr(${column}, 1, length(${column}) - 1) || ${other}`
      await tamper(`update audit_log set ${column} = ${changed} where sequence = 3`)
      t.match(await log.verify(), { rows: 2, head: { sequence: 2 }, wrong: { sequence: 3, why: /\w/ } })
    })

  t.test('a row that changed places with another is found', async t => {
    const { log, tamper } = await filled(t)
    for (const [from, to] of [
      [3, 99],
      [4, 3],
      [99, 4],
    ])
      await tamper(`update audit_log set sequence = ${to} where sequence = ${from}`)
    t.match(await log.verify(), { wrong: { sequence: 3 } })
  })

  t.test('a row that is gone from the middle, or from the end, is found', async t => {
    const { log, tamper } = await filled(t)
    await tamper('delete from audit_log where sequence = 6')
    t.match(await log.verify(), { rows: 5, wrong: { sequence: 6, why: /gone/ } })
    await tamper('delete from audit_log where sequence = 3')
    t.match(await log.verify(), { rows: 2, wrong: { sequence: 3, why: /gone/ } })
  })

  t.test('the end that is gone with what is on record of it is found by whoever wrote a place down', async t => {
    const { log, tamper } = await filled(t)
    const { head } = await log.verify()
    await tamper('delete from audit_log where sequence > 4')
    await tamper(`update facts set value = 4 where name = 'audited'`)
    t.equal((await log.verify()).wrong, undefined)
    t.match(await log.verify(head), { wrong: { sequence: 5, why: /expected/ } })
  })

  t.test('a row that somebody put in, with a hash that fits, is found', async t => {
    const { log, tamper } = await filled(t)
    const last = (await rowsOf(log)).at(-1)
    const row = {
      sequence: 7,
      previous: last?.hash ?? '',
      at: START,
      action: 'approved',
      actor: 'user:eve',
      origin: 'x',
      target: 'x',
      why: null,
      detail: '{}',
    }
    await insert(tamper, { ...row, hash: hashOf(row) })
    t.match(await log.verify(), { rows: 7, wrong: { sequence: 7, why: /no gate and no command/ } })
  })

  t.test('a row that was changed together with its hash is found by the one behind it', async t => {
    const { log, tamper } = await filled(t)
    const [, , third] = await rowsOf(log)
    if (third === undefined) throw new TypeError()
    const { from: origin, why = null, hash: _, ...rest } = third
    const row = { ...rest, origin, why, target: 'other', detail: '{"indexes":"main","number":"3"}' }
    await tamper(`update audit_log set target = 'other', hash = '${hashOf(row)}' where sequence = 3`)
    t.match(await log.verify(), { rows: 3, wrong: { sequence: 4, why: /behind what row 3 says now/ } })
  })

  t.test('where the end is gone, what comes next leaves the gap as it is', async t => {
    const { log, tamper } = await filled(t)
    await tamper('delete from audit_log where sequence = 6')
    t.equal((await log.append(entryAt(7))).sequence, 7)
    t.match(await log.verify(), { rows: 5, wrong: { sequence: 6, why: 'it is gone' } })
  })

  t.test('nobody changes a row, takes one away or puts one in its place by accident', async t => {
    const { log, run } = await filled(t, 2)
    const change = `update audit_log set why = 'x' where sequence = 1`
    for (const statement of [change, 'delete from audit_log where sequence = 2', 'delete from audit_log'])
      await t.rejects(run(statement), { message: /the audit log is only added to/ }, statement)
    t.match(await log.verify(), { rows: 2, wrong: undefined })
  })

  t.test('pages have the newest first, and go on where the one before ended', async t => {
    const { log } = await filled(t, 5)
    const page = async (before?: number) => (await log.rows({}, { before, limit: 2 })).map(({ sequence }) => sequence)
    t.strictSame(await page(), [5, 4])
    t.strictSame(await page(4), [3, 2])
    t.strictSame(await page(2), [1])
    t.strictSame(await page(1), [])
  })

  t.test('rows are found by what was done, by whom, when, and by part of what is said of them', async t => {
    const { log } = await filled(t, 4)
    await log.append(
      entryAt(5, { action: 'forgotten', actor: 'user:Grace@acme.example', target: 'a_b%c', why: undefined }),
    )
    const found = async (filter: Parameters<AuditRecords['rows']>[0]) =>
      (await log.rows(filter, { limit: 10 })).map(({ sequence }) => sequence)
    t.strictSame(await found({ action: 'forgotten' }), [5])
    t.strictSame(await found({ actor: 'shell:ada' }), [4, 3, 2, 1])
    t.strictSame(await found({ since: instant(START + 4_000) }), [5, 4])
    t.strictSame(await found({ until: instant(START + 2_000) }), [1])
    t.strictSame(await found({ text: 'sec-3' }), [3])
    t.strictSame(await found({ text: 'grace@' }), [5])
    t.strictSame(await found({ text: '_b%' }), [5], 'signs of a pattern are none')
    t.strictSame(await found({ text: 'token-', actor: 'shell:ada', since: instant(START + 3_000) }), [4, 3])
    t.strictSame(await found({ text: 'nothing of this' }), [])
  })
}

async function insert(run: AuditSubject['run'], row: StoredRow): Promise<void> {
  const values = COLUMNS.map(column => {
    const value = row[column]
    return value === null ? 'null' : typeof value === 'number' ? String(value) : `'${value}'`
  })
  await run(`insert into audit_log (${COLUMNS.join()}) values (${values.join()})`)
}
