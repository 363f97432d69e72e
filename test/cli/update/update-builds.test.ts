import t from 'tap'
import { desk } from '../../world/commands/desk.ts'
import { requirementsLock, uvLock } from '../../world/commands/locks.ts'

t.setTimeout(900_000)

t.test('policy update keeps what builds take, and brings it in where it is missing', async t => {
  const desk_ = await desk(t)
  const { world } = desk_
  const wheel = async (name: string, version: string, attested = true) =>
    (await world.release(name, version, { kinds: ['wheel'], attested })).files
  const demo = await world.release('demo', '1.0')
  const source = await world.release('source', '1.0', { kinds: ['sdist'], buildRequires: ['backend', 'maker>=1'] })
  const builders = [...(await wheel('backend', '1.0', false)), ...(await wheel('maker', '1.0'))]
  const before = desk_.write('before.lock', uvLock(demo.files))
  const policy = desk_.write('acme.yaml', '')
  t.equal((await desk_.run('policy', 'init', before, '--out', policy, '--force')).exit, 0)
  const lock = desk_.write('uv.lock', uvLock([...demo.files, ...source.files]))
  const built = desk_.write('builders.txt', requirementsLock(builders))
  const update = async (...flags: readonly string[]) =>
    await desk_.run('policy', 'update', lock, '--policy', policy, '--expires', '2027-01-31', ...flags)

  t.match(await desk_.run('audit', built, '--policy', policy), { exit: 1 })
  const without = await update('--no-build-deps', '--dry-run')
  t.notMatch(without.out, /backend/)
  const updated = await update()
  t.equal(updated.exit, 0, updated.err)
  t.match(updated.err.replace(/\s+/g, ' '), /1 release built from source \(source 1\.0\) with backend 1\.0, maker 1\.0/)
  t.match(await desk_.run('audit', lock, built, '--policy', policy), { exit: 0 })
  t.equal((await update('--check', '--prune')).exit, 0, 'a second run changes nothing, and takes nothing of it out')

  await wheel('backend', '2.0', false)
  await wheel('maker', '2.0')
  t.equal((await update('--check')).exit, 0, 'nor does what came meanwhile: what is known does as well')
  const { files } = await world.release('source', '1.1', { kinds: ['sdist'], buildRequires: ['backend>1'] })
  const bumped = desk_.write('uv.lock', uvLock([...demo.files, ...files]))
  const next = await desk_.run('policy', 'update', bumped, '--policy', policy)
  t.match(next.out.replace(/\s+/g, ' '), /backend 2\.0/)
})

t.test('policy update is for the targets that are named', async t => {
  const desk_ = await desk(t)
  const { files } = await desk_.world.release('demo', '1.0', { attested: false })
  const lock = desk_.write('uv.lock', uvLock(files))
  const policy = desk_.write('acme.yaml', '')
  const { files: first } = await desk_.world.release('first', '1.0')
  await desk_.run('policy', 'init', desk_.write('first.lock', uvLock(first)), '--out', policy, '--force')
  const update = async (...flags: readonly string[]) =>
    JSON.parse(
      (await desk_.run('policy', 'update', lock, '--policy', policy, '--format', 'json', '--dry-run', ...flags)).out,
    )
  t.match(await update(), { releases: [{ files: 2 }] })
  const { err } = await desk_.run('policy', 'update', lock, '--policy', policy, '--dry-run', '--python', '3.12')
  t.match(err, /left aside, not judged: 1 file: not for Python 3\.12/)
  t.match(await update('--python', '3.12'), { releases: [{ files: 1 }] })
})
