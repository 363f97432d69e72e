import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { openRevision } from '../../src/compose/revision.ts'

function repository(t: Test) {
  // outside of every repository
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-revision-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const git = (...words: readonly string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@acme.example', ...words], { cwd: folder })
  git('init', '--quiet', '--initial-branch=main')
  return {
    folder,
    git,
    write(name: string, text: string) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), text)
      return join(folder, name)
    },
    commit() {
      git('add', '--all')
      git('commit', '--quiet', '--message=c')
    },
  }
}

const text = (bytes: Uint8Array | undefined) => (bytes === undefined ? undefined : Buffer.from(bytes).toString())

t.test('a file is read as it was, wherever it lies, though it and its folder may be gone', async t => {
  const { folder, write, commit } = repository(t)
  const paths = ['uv.lock', 'a/b/uv.lock', 'ü [x]*/-rf', ':(top)x', 'CRLF.txt'].map(name => write(name, `${name}\r\n`))
  commit()
  for (const path of paths) write(path.slice(folder.length + 1), 'now')
  rmSync(join(folder, 'a'), { recursive: true })
  const revision = openRevision('HEAD')
  for (const path of paths) t.equal(text(revision.read(path)), `${path.slice(folder.length + 1)}\r\n`, path)
  t.equal(revision.read(write('new.lock', 'new')), undefined, 'one that was not there')
  t.equal(revision.read(join(folder, 'n/o/where.lock')), undefined)
})

t.test('a revision that is none, or looks like an option, is told', async t => {
  const { folder, write, commit } = repository(t)
  const lock = write('uv.lock', 'x')
  commit()
  for (const name of ['gone', '--all', '', 'HEAD:uv.lock', 'main --help'])
    t.throws(
      () => openRevision(name).read(lock),
      { code: 'usage', message: /is no revision of a git repository/ },
      name,
    )
  t.equal(text(openRevision('main').read(lock)), 'x')
  rmSync(join(folder, '.git'), { recursive: true })
  t.throws(() => openRevision('main').read(lock), { code: 'usage' }, 'no repository')
})

t.test('what is no file there is told', async t => {
  const { folder, write, commit } = repository(t)
  write('folder/uv.lock', 'x')
  symlinkSync('folder/uv.lock', join(folder, 'link.lock'))
  commit()
  const revision = openRevision('HEAD')
  for (const name of ['folder', 'link.lock'])
    t.throws(
      () => revision.read(join(folder, name)),
      { code: 'usage', message: /is no file in the revision HEAD/ },
      name,
    )
})
