// guards: src/cli/update/plan-update.ts src/cli/update/changes-in.ts
import { join } from 'node:path'
import t from 'tap'
import { type Desk, desk, jsonLines } from '../../world/commands/desk.ts'
import { requirementsLock, uvLock } from '../../world/commands/locks.ts'
import type { Published, ReleaseRequest } from '../../world/world.ts'

const OWNER = ['--owner', 'platform@acme.example']

async function released(desk: Desk, ...releases: readonly (readonly [string, string, ReleaseRequest?])[]) {
  const files: Published[] = []
  for (const [project, version, request] of releases) {
    const { files: own } = await desk.world.release(project, version, request)
    files.push(...own)
  }
  return files
}

const bare = { attested: false } as const

t.test('from Monday to Tuesday: a bump is audited, updated, and passes; what was edited by hand stays', async t => {
  const desk_ = await desk(t)
  const monday = await released(desk_, ['demo', '1.0'], ['six', '1.17.0', bare], ['tzdata', '2025.1', bare], ['lab', '1.0'])
  const lock = desk_.write('uv.lock', uvLock(monday))
  const out = join(desk_.world.folder, 'acme.yaml')
  t.equal((await desk_.run('policy', 'init', lock, '--out', out, ...OWNER)).exit, 0)
  const edited = desk_
    .read('acme.yaml')
    .replace('platform@acme.example', 'ann@acme.example')
    .replace('  - match: demo', '  # asked in SEC-7\n  - match: demo')
    .replace(/expires: [0-9-]+/, 'expires: 2026-12-31 # sooner')
  desk_.write('acme.yaml', edited)
  const same = await desk_.run('policy', 'update', lock, '--policy', out)
  t.match(same, { exit: 0, out: /nothing changes/ })
  t.equal(desk_.read('acme.yaml'), edited, 'what is up to date stays to the byte')

  const tuesday = await released(
    desk_,
    ['demo', '2.0'],
    ['six', '1.18.0', bare],
    ['fresh', '1.0'],
    ['tool', '3.0', { identity: { kind: 'gitlab', project: 'acme/tools/tool', ref: 'refs/tags/v3.0' } }],
    ['plain', '1.0', bare],
  )
  const bumped = desk_.write('uv.lock', uvLock([...monday.filter(({ project }) => project === 'lab' || project === 'tzdata'), ...tuesday]))
  t.equal((await desk_.run('audit', bumped, '--policy', out)).exit, 1)
  const update = ['policy', 'update', bumped, '--policy', out, ...OWNER]
  const checked = await desk_.run(...update, '--check', '--format', 'json')
  t.equal(checked.exit, 1)
  t.equal(desk_.read('acme.yaml'), edited, '--check writes nothing')
  const [planned] = jsonLines(checked.out) as never as [Record<string, readonly Record<string, unknown>[]>]
  t.strictSame(planned['publishers']?.map(({ project, versions, rule }) => [project, versions, rule]), [
    ['fresh', ['1.0'], 'new'],
    ['tool', ['3.0'], 'new'],
  ])
  t.strictSame(planned['releases']?.map(({ project, version, attested_before: before }) => [project, version, before]), [
    ['plain', '1.0', null],
    ['six', '1.18.0', null],
  ])
  const written = await desk_.run(...update)
  t.equal(written.exit, 0)
  t.match(written.out, /New publishers \(2\)\n {2}\+ fresh 1\.0 {2}github acme\/fresh release\.yml .*\n {2}\+ tool 3\.0 {2}gitlab acme\/tools\/tool/)
  t.match(written.out, /by their bytes alone \(2\)\n {2}\+ plain 1\.0 {2}2 files, .* old, never seen attested\n.*\n {2}\+ six 1\.18\.0/)
  t.equal((await desk_.run('audit', bumped, '--policy', out)).exit, 0)
  const after = desk_.read('acme.yaml')
  const lines = after.split('\n')
  t.strictSame(
    edited.split('\n').filter(line => !lines.includes(line)),
    [],
    'no line that was there went',
  )
  t.match(after, /owner: "ann@acme\.example"\n {4}expires: 2026-12-31 # sooner/)
  t.match(after, /# asked in SEC-7\n {2}- match: demo/)
  t.match(await desk_.run(...update), { exit: 0, out: /nothing changes/ }, 'a second run changes nothing')
  t.equal((await desk_.run(...update, '--check')).exit, 0)
})
