import { createHash } from 'node:crypto'
import t from 'tap'
import { instant } from '../../../src/domain/base/instant.ts'
import type { AuditEntry } from '../../../src/ports/console/audit-log.ts'
import { ChainCheck, chained, hashOf, NOTHING, rowOf, type StoredRow } from '../../../src/store/audit/chain.ts'

const ENTRY: AuditEntry = {
  at: instant(1_795_521_600_000),
  action: 'token-created',
  actor: 'shell:ada',
  from: 'command line',
  target: 'ci',
  why: 'SEC-1 “größer”',
  detail: { b: 'two', 10: 'ten', 9: 'nine', a: '' },
}

t.test('a hash is that of the row as RFC 8785 writes it, so that anybody can make it', async t => {
  const row = chained(ENTRY, 1, NOTHING.hash)
  const text = `[1,"${'0'.repeat(64)}",1795521600000,"token-created","shell:ada","command line","ci","SEC-1 “größer”",{"10":"ten","9":"nine","a":"","b":"two"}]`
  t.equal(row.hash, createHash('sha256').update(text, 'utf8').digest('hex'))
})

t.test('what is read back is what was given', async t => {
  const row = chained(ENTRY, 7, 'f'.repeat(64))
  t.strictSame(rowOf(row), { ...ENTRY, sequence: 7, previous: 'f'.repeat(64), hash: row.hash })
  t.equal(rowOf(chained({ ...ENTRY, why: undefined }, 1, NOTHING.hash)).why, undefined)
})

t.test('what a database has no text for becomes another sign, and what is too long is cut', async t => {
  const row = chained({ ...ENTRY, target: `a\0b${'\ud800'}`, why: 'x'.repeat(5_000) }, 1, NOTHING.hash)
  t.equal(row.target, 'a\ufffdb\ufffd')
  t.equal(row.why, `${'x'.repeat(4_096)}…`)
})

t.test('no given reason is another row than an empty one', async t => {
  const [none, empty] = [undefined, ''].map(why => chained({ ...ENTRY, why }, 1, NOTHING.hash).hash)
  t.not(none, empty)
})

t.test('a detail that somebody wrote over is shown as it is', async t => {
  const row = chained(ENTRY, 1, NOTHING.hash)
  for (const detail of ['{"a":1}', '[]', 'null', '{'])
    t.strictSame(rowOf({ ...row, detail }).detail, { unreadable: detail })
})

function chain(length: number): readonly StoredRow[] {
  const rows: StoredRow[] = []
  for (let sequence = 1; sequence <= length; sequence += 1)
    rows.push(chained({ ...ENTRY, target: `t${sequence}` }, sequence, rows.at(-1)?.hash ?? NOTHING.hash))
  return rows
}

function verdictOf(rows: readonly StoredRow[], expected: ConstructorParameters<typeof ChainCheck>[0]) {
  const check = new ChainCheck(expected)
  rows.every(row => check.take(row))
  return check.verdict()
}

t.test('rows that follow on each other are whole, and the head is the last', async t => {
  const rows = chain(3)
  const head = { sequence: 3, hash: rows[2]?.hash }
  t.match(verdictOf(rows, { written: 3 }), { rows: 3, head, wrong: undefined })
  t.match(verdictOf([], { written: undefined }), { rows: 0, head: NOTHING, wrong: undefined })
})

t.test('another spelling of the same detail is another row', async t => {
  const rows = chain(3).map(row => (row.sequence === 2 ? { ...row, detail: row.detail.replace('{', '{ ') } : row))
  t.match(verdictOf(rows, { written: 3 }), { rows: 1, wrong: { sequence: 2, why: /says something else/ } })
})

t.test('a row that was changed with its hash no longer has the one behind it', async t => {
  const rows = chain(3).map(row =>
    row.sequence === 2 ? { ...row, why: 'x', hash: hashOf({ ...row, why: 'x' }) } : row,
  )
  t.match(verdictOf(rows, { written: 3 }), { rows: 2, wrong: { sequence: 3, why: /behind what row 2 says now/ } })
})

t.test('rows that are gone are named, wherever they were', async t => {
  const rows = chain(5)
  const without = (...gone: readonly number[]) => rows.filter(({ sequence }) => !gone.includes(sequence))
  t.match(verdictOf(without(1), { written: 5 }), { rows: 0, wrong: { sequence: 1, why: 'it is gone' } })
  t.match(verdictOf(without(2, 3), { written: 5 }), { rows: 1, wrong: { sequence: 2, why: 'it is gone, up to 3' } })
  t.match(verdictOf(without(4, 5), { written: 5 }), { rows: 3, wrong: { sequence: 4, why: /gone, up to 5/ } })
  t.match(verdictOf(rows, { written: undefined }), { rows: 5, wrong: { sequence: 6, why: /no longer on record/ } })
})

t.test('a row that stands behind the last one that was written is nobody’s', async t => {
  t.match(verdictOf(chain(3), { written: 2 }), { wrong: { sequence: 3, why: /no gate and no command/ } })
})

t.test('what somebody wrote down tells of rows that were all written anew, or taken away at the end', async t => {
  const old = chain(4)
  const rewritten: StoredRow[] = []
  for (const { sequence, target } of old)
    rewritten.push(
      chained(
        { ...ENTRY, target: sequence === 2 ? 'other' : target },
        sequence,
        rewritten.at(-1)?.hash ?? NOTHING.hash,
      ),
    )
  const place = { sequence: 3, hash: old[2]?.hash ?? '' }
  t.equal(verdictOf(rewritten, { written: 4 }).wrong, undefined, 'the chain alone does not tell')
  t.match(verdictOf(rewritten, { written: 4, place }), { wrong: { sequence: 3, why: /another hash/ } })
  t.equal(verdictOf(old, { written: 4, place }).wrong, undefined)
  t.match(verdictOf(old.slice(0, 2), { written: 2, place }), {
    wrong: { sequence: 3, why: /up to 3, which is expected/ },
  })
  t.equal(verdictOf(old, { written: 4, place: NOTHING }).wrong, undefined)
})
