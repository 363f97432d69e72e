// guards: src/protocol/lockfiles/poetry-lock.ts
import t from 'tap'
import { A, B, POETRY, PYLOCK, read, short, told, UV, wrong } from './locks-as-text.ts'

t.test('uv.lock', async t => {
  const lock = read('uv.lock', UV)
  t.strictSame(told(lock), [
    `demo-one 1.0: demo_one-1.0-py3-none-any.whl=${short(B)} demo_one-1.0.tar.gz=${short(A)} @4`,
  ])
  t.match(lock.unjudged, [
    { name: 'app', why: /virtual/, line: 14 },
    { name: 'forked', why: /git/, line: 19 },
  ])
  t.match(wrong('uv.lock', UV.replace('version = 1\n', 'version = 9\n')), /uv\.lock:1: .*version 9 is not known/)
})

t.test('poetry.lock, new and old', async t => {
  const lock = read('poetry.lock', POETRY)
  t.strictSame(told(lock), [
    `two 2.0.post1: two-2.0.post1-py3-none-any.whl=${short(A)} two-2.0.post1.tar.gz=${short(B)} @3 if python_version >= '3.9'`,
  ])
  t.match(lock.unjudged, [{ name: 'local', why: /directory/ }])
  const old = `[[package]]\nname = "two"\nversion = "2.0"\n\n[metadata.files]\ntwo = [\n  {file = "two-2.0.tar.gz", hash = "sha256:${A}"},\n]\n`
  t.strictSame(told(read('poetry.lock', old)), [`two 2.0: two-2.0.tar.gz=${short(A)} @1`])
})

t.test('pdm.lock', async t => {
  const text = `[metadata]\nlock_version = "4.5.0"\n\n[[package]]\nname = "two"\nversion = "2.0"\nfiles = [{file = "two-2.0.tar.gz", hash = "sha256:${A}"}]\n\n[[package]]\nname = "forked"\nversion = "1"\ngit = "https://git.example/forked"\n`
  const lock = read('pdm.lock', text)
  t.strictSame(told(lock), [`two 2.0: two-2.0.tar.gz=${short(A)} @4`])
  t.match(lock.unjudged, [{ name: 'forked', why: /git/, line: 9 }])
})

t.test('pylock.toml, with the publishers that it names', async t => {
  const lock = read('dir/pylock.dev.toml', PYLOCK)
  t.strictSame(told(lock), [
    `sampleproject 4.0.0: sampleproject-4.0.0-py3-none-any.whl=${short(A)} sampleproject-4.0.0.tar.gz=${short(B)} @4 if os_name == 'posix'`,
  ])
  t.strictSame(lock.packages[0]?.identities, [
    {
      kind: 'GitHub',
      claims: { environment: 'release-pypi', repository: 'pypa/sampleproject', workflow: 'release.yml' },
    },
  ])
  t.match(lock.unjudged, [{ name: 'folder' }])
  t.match(wrong('pylock.toml', PYLOCK.replace('"1.0"', '"2.0"')), /lock-version "2\.0" is not known/)
})
