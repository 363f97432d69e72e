import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { gapsIn, IDS, isOpen, type Row, rowsOf } from './threats.ts'

const ROOT = join(import.meta.dirname, '../..')
/** Cases that nothing shows yet and nothing speaks against. This number only ever falls. */
const OPEN = 0

function textOf(path: string): string | undefined {
  const file = join(ROOT, path)
  if (statSync(file, { throwIfNoEntry: false }) === undefined) return undefined
  return statSync(file).isFile() ? readFileSync(file, 'utf8') : ''
}

const rows = rowsOf(textOf('test/threats.md') ?? '')

t.test('every case of the catalogue is shown by a test that is there, or argued', async t => {
  t.equal(IDS.length, 218)
  t.strictSame(gapsIn(rows, textOf), [])
})

t.test('what is open is counted', async t => {
  const open = rows.filter(isOpen)
  for (const { id, argument } of open) t.comment(`${id} is ${argument}`)
  t.ok(open.length <= OPEN, `${open.length} cases are open, ${OPEN} were`)
})

t.test('and it bites', async t => {
  const test = ["t.test('a file', t => {", '  t.test(\n    `of many bytes`,', "  cases: { 'cut short': 1 }"].join('\n')
  const there = new Map([
    ['test/a.test.ts', test],
    ['src/a.ts', ''],
  ])
  const all = IDS.map(id => `| ${id} | a case |  | it is done in \`src/a.ts\` |`)
  const gaps = (...changed: readonly string[]) =>
    gapsIn(
      rowsOf(
        [...all.filter(row => !changed.some(other => other.slice(0, 6) === row.slice(0, 6))), ...changed].join('\n'),
      ),
      path => there.get(path),
    )
  t.strictSame(gaps(), [])
  t.strictSame(gaps('| V1 | a case | `test/a.test.ts` “a file” “cut short”; `test/a.test.ts` “of many bytes” |  |'), [])
  t.strictSame(
    gapsIn(rowsOf(all.slice(1).join('\n')), path => there.get(path)),
    ['V1 has no row'],
  )
  t.match(
    gapsIn(rowsOf([...all, all[0]].join('\n')), path => there.get(path)),
    [/^V1 \(line 219\) has a row before/],
  )
  t.match(gaps('| V25 | a case |  | `src/a.ts` |'), [/V25 .* is no case/])
  t.match(gaps('| V1 |  |  | `src/a.ts` |'), [/does not say what the case is/])
  t.match(gaps('| V1 | a case |  |  |'), [/neither a test nor an argument/])
  t.match(
    gaps('| V1 | a case | “a file” |  |'),
    [/this names no test: “a file”/, /neither/],
    'a title without its file',
  )
  t.match(gaps('| V1 | a case | `test/a.test.ts` “a file”; `test/a.test.ts` |  |'), [/this names no test: ; `test/])
  t.match(gaps('| V1 | a case | `test/b.test.ts` “a file” |  |'), [/test\/b\.test\.ts is not there/])
  t.match(gaps('| V1 | a case | `test/a.test.ts` “a fil” |  |'), [/has no test “a fil”/])
  t.match(gaps('| V1 | a case | `test/a.test.ts` “cut short” |  |'), [/has no test “cut short”/], 'a case is no test')
  t.match(gaps('| V1 | a case | `test/a.test.ts` “a file” “cut” |  |'), [/has no case “cut”/])
  t.match(gaps('| V1 | a case |  | it cannot be |'), [/names no source/])
  t.match(gaps('| V1 | a case |  | see `src/b.ts` |'), [/src\/b\.ts is not there/])
  const open: readonly Row[] = rowsOf('| V1 | a case |  | open: a test that shows it |')
  t.strictSame(open.map(isOpen), [true])
})
