import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { borrowingsIn, circlesIn, drawersIn, ROOMS, trespassesIn } from './rooms.ts'

const ROOT = join(import.meta.dirname, '../..')

function pathsIn(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => `${folder}/${name.replaceAll('\\', '/')}`)
}

const sources = new Map(pathsIn('src').map(path => [path, readFileSync(join(ROOT, path), 'utf8')] as const))

t.test('rooms are entered by their doors', async t => {
  t.ok(sources.size > 50, 'the sources were found')
  t.strictSame(trespassesIn(sources), [])
})

t.test('commands are entered by their doors', async t =>
  t.strictSame(
    trespassesIn(sources).filter(told => told.startsWith('src/cli/')),
    [],
  ),
)

t.test('no command borrows from another', async t => {
  t.strictSame(borrowingsIn(sources), [])
  const command = "import type { Command } from 'commander'\nexport function addA(program: Command): void {}"
  const made = (...files: readonly (readonly [path: string, source: string])[]) =>
    new Map([['src/cli/judge/a.ts', command], ...files] as const)
  const borrowing = "import { addA } from '../judge/a.ts'"
  t.match(borrowingsIn(made(['src/cli/mirror/b.ts', borrowing])), [
    /mirror\/b\.ts → src\/cli\/judge\/a\.ts: nobody borrows/,
  ])
  t.match(borrowingsIn(made(['src/cli/judge/b.ts', "import { other } from './a.ts'"])), [/nobody borrows/])
  t.match(borrowingsIn(made(['src/app.ts', "import { other } from './cli/judge/a.ts'"])), [/nobody borrows/])
  t.strictSame(borrowingsIn(made(['src/cli/program.ts', "import { addA } from './judge/a.ts'"])), [])
  t.strictSame(borrowingsIn(made(['src/cli/judge/judge.ts', "import { addA } from './a.ts'"])), [])
  t.strictSame(borrowingsIn(made(['src/cli/judge/a.test.ts', "import { b } from '../terminal/b.ts'"])), [])
})

t.test('no import leads back to where it came from', async t => t.strictSame(circlesIn(sources), []))

t.test('no room is a drawer', async t => t.strictSame(drawersIn([...sources.keys(), ...pathsIn('test')]), []))

t.test('every room that is described is there', async t => {
  for (const [floor, rooms] of Object.entries(ROOMS))
    for (const room of Object.keys(rooms))
      t.ok(
        [...sources.keys()].some(path => path.startsWith(`src/${floor}/${room}/`)),
        `${floor}/${room}`,
      )
})

t.test('and it bites', async t => {
  const made = (...files: readonly (readonly [path: string, source: string])[]) => new Map(files)
  const judge = ['src/gate/judge/a.ts', "import { b } from '../find/b.ts'"] as const
  t.match(trespassesIn(made(judge, ['src/gate/find/b.ts', ''])), [/judge may not enter find/])
  const landing = ['src/gate/find/a.ts', "import type { B } from '../gate.ts'"] as const
  t.match(trespassesIn(made(landing, ['src/gate/gate.ts', ''])), [/find may not enter the landing/])
  t.match(trespassesIn(made(['src/gate/attic/a.ts', ''])), [/nobody described/])
  t.strictSame(trespassesIn(made(['src/gate/gate.ts', "import './find/b.ts'"], ['src/gate/find/b.ts', ''])), [])
  const one = ['src/gate/find/a.ts', "import type { B } from './b.ts'"] as const
  const other = ['src/gate/find/b.ts', "import { a } from './a.ts'"] as const
  t.strictSame(circlesIn(made(one, other)), ['src/gate/find/a.ts ⟷ src/gate/find/b.ts'])
  t.strictSame(drawersIn(Array.from({ length: 16 }, (_, number) => `src/gate/${number}.ts`)), ['src/gate: 16'])
})
