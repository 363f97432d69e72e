import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PROMISES = join(ROOT, 'test/types/promises.ts')
const EXPECTED = /^\s*\/\/ @ts-expect-error .*\n/gm

/** The compiler's complaints about one file, and whatever keeps it from reading the file at all. */
function complaintsAbout(folder: string, file: string): readonly string[] {
  const project = join(folder, 'tsconfig.json')
  const typeRoots = [join(ROOT, 'node_modules/@types')]
  writeFileSync(
    project,
    JSON.stringify({ extends: join(ROOT, 'tsconfig.json'), include: [file], compilerOptions: { typeRoots } }),
  )
  const compiler = [process.execPath, join(ROOT, 'node_modules/typescript/bin/tsc')]
  // the test runner hooks itself into every Node that it sees start, and the compiler's does not bear that
  const { stdout, stderr } = spawnSync(
    'env',
    ['-i', ...compiler, '--project', project, '--pretty', 'false', '--listFiles'],
    { cwd: ROOT, encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 },
  )
  const lines = stdout.split('\n')
  const name = file.slice(file.lastIndexOf('/') + 1)
  const unread = lines.includes(file) ? [] : [`${file} was not read: ${stderr}`]
  return [...unread, ...lines.filter(line => line.includes(`${name}(`))]
}

t.test('what must not compile does not', async t => {
  t.strictSame(complaintsAbout(t.testdir({}), PROMISES), [])
})

t.test('and for a reason each: without the expectations the compiler complains at every one of them', async t => {
  const source = readFileSync(PROMISES, 'utf8')
  const expectations = source.match(EXPECTED)?.length ?? 0
  t.ok(expectations > 40)
  const folder = t.testdir({})
  const file = join(folder, 'promises.ts')
  writeFileSync(file, source.replace(EXPECTED, '').replaceAll("'../../src/", `'${ROOT}src/`))
  const lines = new Set(complaintsAbout(folder, file).map(line => /\((\d+),/.exec(line)?.[1]))
  t.ok(lines.size >= expectations, `${lines.size} lines of ${expectations}`)
})
