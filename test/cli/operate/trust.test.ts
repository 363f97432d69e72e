import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { must, prepareCrossing } from '../../world/mirror/crossing.ts'

t.setTimeout(600_000)

t.test('the trust root', async t => {
  const crossing = await prepareCrossing(t)
  await t.test('is shown with its age and its keys', async t => {
    const shown = must(await crossing.inside('trust', 'show'), 0)
    t.match(
      shown.out,
      /✓ pinned: the file that trust\.root names, written here on .*\n {2}sha256 +[0-9a-f]{64}\n {2}age +not known; made since \d{4}-\d{2}-\d{2}\n/,
    )
    t.match(shown.out, / {2}transparency log /)
    t.match(shown.out, / {2}certificate authority /)
    const { source, fresh, keys } = JSON.parse((await crossing.inside('trust', 'show', '--format', 'json')).out)
    t.match({ source, fresh }, { source: 'pinned', fresh: true })
    t.match(keys[0], { kind: 'transparency log', from: /^\d{4}-\d{2}-\d{2}$/ })
  })
  await t.test('is as it is where somebody pinned it', async t => {
    const updated = must(await crossing.inside('trust', 'update'), 0)
    t.match(updated.out, /Nothing refreshes this root/)
  })
  await t.test('is written out to be pinned elsewhere, and is the same there', async t => {
    const file = join(crossing.places.inside, 'exported.json')
    const exported = must(await crossing.inside('trust', 'export', file), 0)
    const digest = /sha256 ([0-9a-f]{64})/.exec(exported.out)?.[1]
    writeFileSync(join(crossing.places.inside, 'other.yaml'), `trust: {root: ${JSON.stringify(file)}}\n`)
    const shown = await crossing.inside('--config', join(crossing.places.inside, 'other.yaml'), 'trust', 'show')
    t.match(shown.out, new RegExp(`sha256 +${digest}`))
    t.equal((await crossing.inside('trust', 'export', file)).exit, 2, 'never over a file')
  })
  await t.test('that cannot be used ends with 5', async t => {
    writeFileSync(crossing.world.trustRoot, '{}')
    for (const command of ['show', 'update']) t.equal((await crossing.inside('trust', command)).exit, 5, command)
    t.equal((await crossing.inside('trust', 'export', join(crossing.places.inside, 'none.json'))).exit, 5)
    t.equal((await crossing.inside('mirror', 'verify')).exit, 2, 'there is no mirror')
  })
})
