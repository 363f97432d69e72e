import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { guardOf, unguarded, vainIn } from './guards.ts'

const ROOT = join(import.meta.dirname, '../..')
/** Sources that no test of their room names. This number only ever falls. */
const UNGUARDED = 1

function textsIn(folder: string, end: string): ReadonlyMap<string, string> {
  const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
  const paths = names.filter(name => name.endsWith(end) && !name.includes('/.')).map(name => `${folder}/${name}`)
  return new Map(paths.sort().map(path => [path, readFileSync(join(ROOT, path), 'utf8')]))
}

const sources = textsIn('src', '.ts')
const guards = [...textsIn('test', '.test.ts')].map(([path, text]) => guardOf(path, text))

t.test('every source is named by a test of its room', async t => {
  t.ok(sources.size > 50, 'the sources were found')
  t.ok(guards.length > 50, 'the tests were found')
  const left = unguarded(sources, guards)
  for (const path of left) t.comment(`${path} is named by no test of its room`)
  t.ok(left.length <= UNGUARDED, `${left.length} sources are named by no test, ${UNGUARDED} were`)
  if (left.length < UNGUARDED) t.comment(`UNGUARDED may be ${left.length}`)
})

t.test('no test says that it guards what is not there, or not its own', async t => {
  t.strictSame(vainIn(sources, guards), [])
})

t.test('and it bites', async t => {
  const source = 'src/gate/find/locate.ts'
  const made = new Map([[source, 'export const locate = 1\n']])
  const left = (path: string, text: string) => unguarded(made, [guardOf(path, text)])
  const imports = (from: string) => `import { locate } from '${from}'\n`
  t.strictSame(left('test/gate/find/locate.test.ts', imports('../../../src/gate/find/locate.ts')), [])
  t.strictSame(left('test/gate/gate.test.ts', imports('../../src/gate/find/locate.ts')), [], 'from the floor')
  t.strictSame(left('test/gate/find/locate.test.ts', "import t from 'tap'\n"), [], 'its namesake')
  t.strictSame(left('test/gate/locate.test.ts', "import t from 'tap'\n"), [source], 'only beside it')
  t.strictSame(left('test/gate/judge/a.test.ts', imports('../../../src/gate/find/locate.ts')), [source], 'next door')
  t.strictSame(left('test/gate/a.test.ts', "import type { L } from '../../src/gate/find/locate.ts'\n"), [source])
  t.strictSame(left('test/gate/a.test.ts', `// guards: ${source}\nimport t from 'tap'\n`), [])
  t.strictSame(left('test/gate/a.test.ts', `// guards: src/gate/gate.ts ${source}\nimport t from 'tap'\n`), [])
  t.strictSame(left('test/gate/a.test.ts', `import t from 'tap'\n// guards: ${source}\n`), [source], 'too late')
  t.strictSame(unguarded(new Map([[source, 'export interface Locate {}\n']]), []), [], 'types alone')
  const vain = (path: string, text: string) => vainIn(made, [guardOf(path, text)])
  t.match(vain('test/gate/a.test.ts', '// guards: src/gate/gone.ts\n\n'), [/which is not there/])
  t.match(vain('test/http/a.test.ts', `// guards: ${source}\n\n`), [/from another room/])
  t.match(vain('test/gate/a.test.ts', `// guards: ${source}\n${imports('../../src/gate/find/locate.ts')}`), [
    /need not/,
  ])
  t.strictSame(
    unguarded(new Map([['src/app.ts', 'start()']]), [guardOf('test/cli/a.test.ts', "import '../../src/app.ts'\n")]),
    [],
  )
})
