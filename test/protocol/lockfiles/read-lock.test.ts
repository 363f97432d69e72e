// guards: src/protocol/lockfiles/lock.ts src/protocol/lockfiles/pipfile-lock.ts src/protocol/lockfiles/pylock.ts
// guards: src/protocol/lockfiles/uv-lock.ts
import fc from 'fast-check'
import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { A, B, C, PIPFILE, POETRY, PYLOCK, read, short, told, UV, wrong } from './locks-as-text.ts'

t.test('a lock under another name is known by what stands in it', async t => {
  t.equal(read('locks/ci.lock', UV).kind, 'uv')
  t.equal(read('old-poetry.lock.bak', POETRY).kind, 'poetry')
  t.equal(read('lock.toml', PYLOCK).kind, 'pylock')
  t.equal(read('Pipfile.lock.json', PIPFILE).kind, 'pipfile')
  t.equal(read('constraints', 'two==2.0').kind, 'requirements')
  t.match(wrong('README', 'Read me'), /README:1: not a lock file that is known/)
})

t.test('what is malformed or hostile is an error with a place', async t => {
  t.match(wrong('uv.lock', 'version = 1\n[[package]\n'), /uv\.lock:2: not TOML/)
  t.match(wrong('uv.lock', 'version = 1\nversion = 1\n'), /uv\.lock:2: not TOML/)
  t.match(wrong('poetry.lock', POETRY.replace('"two"', '"-two"')), /poetry\.lock:3: "-two" is not a project name/)
  t.match(wrong('poetry.lock', POETRY.replace(`sha256:${A}`, 'sha256:xyz')), /poetry\.lock:3: .*not a sha256/)
  t.strictSame(
    told(read('poetry.lock', POETRY.replaceAll('sha256:', 'md5:')))[0],
    "two 2.0.post1: two-2.0.post1-py3-none-any.whl=? two-2.0.post1.tar.gz=?+ @3 if python_version >= '3.9'",
    'what has a weaker hash is known by its name, and may be another',
  )
  t.match(wrong('poetry.lock', `[[package]]\nname = "__proto__"\nversion = "1"\n`), /not a project name/)
  t.match(
    wrong('poetry.lock', POETRY.replace('two-2.0.post1-py3-none-any.whl', 'two\\nprojects: [{ match: evil }]')),
    /poetry\.lock:3: .*is not a file name that an index could list/,
  )
  t.match(wrong('uv.lock', `version = 1\nx = ${'['.repeat(50_000)}`), /uv\.lock:2: not TOML/)
  fc.assert(
    fc.property(
      fc.constantFrom('uv.lock', 'pdm.lock', 'Pipfile.lock', 'pylock.toml', 'r.txt'),
      fc.string(),
      (path, text) => {
        wrong(path, text) // an answer or a usage error, nothing else
      },
    ),
    { numRuns: 500 },
  )
})

t.test('ten thousand packages are read', async t => {
  const text = Array.from(
    { length: 10_000 },
    (_, index) =>
      `[[package]]\nname = "p${index}"\nversion = "1.0"\nsource = { registry = "https://r.example" }\nwheels = [{ url = "https://f.example/p${index}-1.0-py3-none-any.whl", hash = "sha256:${sha256Of(String(index))}" }]\n`,
  ).join('\n')
  const { packages } = read('uv.lock', `version = 1\n${text}`)
  t.equal(packages.length, 10_000)
  t.match(packages.at(-1), { project: 'p9999', files: [{ filename: 'p9999-1.0-py3-none-any.whl' }] })
})

t.test('Pipfile.lock', async t => {
  const lock = read('Pipfile.lock', PIPFILE)
  t.strictSame(told(lock), [
    `two 2.0: ?=${short(A)} ?=${short(B)} @4 if python_version >= '3.9'`,
    `three 3: ?=${short(C)} @12`,
  ])
  t.match(lock.unjudged, [{ name: 'forked', line: 10 }])
  t.match(wrong('Pipfile.lock', PIPFILE.replace('"==2.0"', '"*"')), /Pipfile\.lock:4: two is not pinned/)
  t.match(wrong('Pipfile.lock', '{"default": {}, "default": {}}'), /not JSON/)
})
