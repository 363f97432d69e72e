import t from 'tap'
import { asCsv, asJsonLines, everyRow } from '../../../src/gate/records/export-ledger.ts'
import type { LedgerPage } from '../../../src/ports/console/ledger.ts'

async function all<Row>(rows: AsyncIterable<Row>): Promise<readonly Row[]> {
  const found: Row[] = []
  for await (const row of rows) found.push(row)
  return found
}

/** A list of so many rows, and how many pages of it were asked for. */
function listOf(count: number) {
  const asked: LedgerPage[] = []
  return {
    asked,
    async list(page: LedgerPage) {
      asked.push(page)
      const from = Number(page.cursor ?? 0)
      const upTo = Math.min(count, from + page.limit)
      const rows = Array.from({ length: upTo - from }, (_, place) => ({ id: from + place, at: 0, rule: undefined }))
      return { rows, next: upTo < count ? String(upTo) : undefined }
    },
  }
}

t.test('a list is read to its end, a page when the one before was taken', async t => {
  const { asked, list } = listOf(1_201)
  const rows = everyRow(list)
  await rows.next()
  t.equal(asked.length, 1)
  t.equal((await all(rows)).length, 1_200)
  t.strictSame(
    asked.map(({ cursor }) => cursor),
    [undefined, '500', '1000'],
  )
})

t.test('a page without rows is not the end', async t => {
  const pages = [
    { rows: [], next: 'x' },
    { rows: [1], next: undefined },
  ]
  t.strictSame(await all(everyRow(async () => pages.shift() ?? { rows: [], next: undefined })), [1])
})

t.test('CSV begins with the names of its columns', async t => {
  const columns = [
    ['id', ({ id }: { readonly id: number }) => id],
    ['what', () => '=cmd'],
  ] as const
  t.strictSame(await all(asCsv(everyRow(listOf(2).list), columns)), ['id,what\r\n', "0,'=cmd\r\n", "1,'=cmd\r\n"])
})

t.test('JSON has a line for each row, and times that people read', async t => {
  t.strictSame(await all(asJsonLines(everyRow(listOf(1).list))), ['{"id":0,"at":"1970-01-01T00:00:00.000Z"}\n'])
})
