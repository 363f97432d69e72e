import t, { type Test } from 'tap'
import type { Refused } from '../../../src/domain/decide/verdict.ts'
import { openBareGate } from '../../world/gate/bare-gate.ts'
import { comesTo } from '../../world/until.ts'
import { createWorld } from '../../world/world.ts'

/** A gate before a release that passes and one that nobody attested, whose page was read. */
async function twoReleases(t: Test) {
  const world = await createWorld(t)
  const good = await world.release('demo', '0.9')
  const bad = await world.release('demo', '1.0', { attested: false })
  const gate = await openBareGate(t, world)
  await gate.gate.page(bad.wheel.project as Parameters<typeof gate.gate.page>[0], 'json')
  const notes = async () => {
    const verdict = await gate.judge(bad.wheel)
    return verdict.kind === 'refused' ? verdict.notes : []
  }
  return { world, good, gate, notes }
}

t.test('a refusal says which other versions pass', async t => {
  const { good, gate, notes } = await twoReleases(t)
  await gate.gate.settled()
  await gate.judge(good.wheel)
  t.match(await notes(), [/^Other versions that pass: 0\.9\.$/])
})

t.test('nothing is told where no other version could pass', async t => {
  const { gate, notes } = await twoReleases(t)
  t.equal(gate.rewritePolicy('version: 1\nprojects: [{ match: demo, deny: not here }]\n'), 'loaded')
  t.strictSame(await notes(), [])
})

t.test('a version that is yanked is no advice', async t => {
  const { world, good, gate, notes } = await twoReleases(t)
  for (const { filename } of good.files) world.upstream.yank('demo', filename, 'broken')
  gate.clock.now += 61_000
  t.notMatch((await notes()).join(), '0.9')
})

t.test('a refusal names the newest file that passes, though nobody has asked for one yet', async t => {
  const world = await createWorld(t)
  for (const version of ['0.9', '1.0', '1.1rc1']) await world.release('demo', version)
  const bad = await world.release('demo', '2.0', { attested: false })
  const gate = await openBareGate(t, world)
  const verdict = await gate.judge(bad.wheel)
  if (verdict.kind === 'admitted') throw new TypeError('admitted')
  const asked = () => world.upstream.requests.length
  // it is looked for within a moment, and told from when it is known
  const names = async (filename: string) =>
    await comesTo(
      `${filename} is named`,
      () => gate.gate.passing(verdict),
      found => found?.filename === filename,
    )
  t.match(await names('demo-1.0-py3-none-any.whl'), { version: '1.0' })
  await gate.gate.settled()
  const before = asked()
  for (let at = 0; at < 5; at += 1) t.match(await gate.gate.passing(verdict), { version: '1.0' })
  t.equal(asked(), before, 'and afterwards nobody is asked')
  world.upstream.yank('demo', 'demo-1.0-py3-none-any.whl', 'broken')
  world.upstream.yank('demo', 'demo-1.0.tar.gz', 'broken')
  gate.clock.now += 61_000
  await gate.gate.page(bad.wheel.project as Parameters<typeof gate.gate.page>[0], 'json')
  t.match(await names('demo-0.9-py3-none-any.whl'), { version: '0.9' }, 'what is yanked is no advice')
})

t.test('nothing is named where nothing of the project could pass, or nobody can tell', async t => {
  const { gate } = await twoReleases(t)
  const none: Pick<Refused, 'code' | 'file'> = {
    code: 'no-rule',
    file: { project: 'demo', version: '1.0', filename: 'demo-1.0.tar.gz', sha256: undefined },
  }
  t.equal(await gate.gate.passing(none as Refused), undefined)
  const named = await comesTo(
    'one is named',
    () => gate.gate.passing({ ...none, code: 'too-large' } as Refused),
    found => found !== undefined,
  )
  t.match(named, { version: '0.9' }, 'whatever refuses it')
  const unknown = { ...none, code: 'unattested', file: { ...none.file, project: 'nowhere' } }
  t.equal(await gate.gate.passing(unknown as Refused), undefined)
})
