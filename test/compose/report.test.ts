import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openReport } from '../../src/compose/report.ts'
import { loadConfig } from '../../src/config/load.ts'
import { systemClock } from '../../src/domain/base/instant.ts'
import { parseProjectName } from '../../src/domain/packaging/name.ts'
import { parseVersion } from '../../src/domain/packaging/version.ts'
import { standingOf } from '../../src/gate/report/release-facts.ts'
import { createWorld } from '../world/world.ts'

async function bench(t: Test) {
  const world = await createWorld(t)
  await world.release('demo', '1.0')
  const { origin } = world.upstream
  const folder = t.testdir()
  return {
    folder,
    /** what is known of demo 1.0, with this cache folder and this trust root */
    async standing(cache: string, trustRoot: string = world.trustRoot): Promise<string> {
      const environment = {
        PORTCULLIS_UPSTREAM_INDEX: origin,
        PORTCULLIS_UPSTREAM_FILES: origin,
        XDG_CACHE_HOME: cache,
      }
      const { config } = loadConfig({ flags: {}, file: undefined, environment, folder })
      const parts = { environment, version: '0.0.0-test', events: { emit() {} }, clock: systemClock }
      const report = await openReport(config, { trustRoot }, parts)
      try {
        const version = parseVersion('1.0')
        if (version === undefined) throw new Error('no version')
        const wanted = { project: parseProjectName('demo'), version, files: [], open: true }
        const [facts] = await report.look([wanted], () => {})
        return facts === undefined ? 'nothing' : standingOf(facts)
      } finally {
        await report.close()
      }
    },
  }
}

t.test('what is kept lies in the user’s cache, and the data folder of a gate is never made', async t => {
  const { folder, standing } = await bench(t)
  t.equal(await standing(join(folder, 'cache')), 'attested')
  t.strictSame(readdirSync(folder), ['cache'])
  t.strictSame(readdirSync(join(folder, 'cache', 'portcullis')), ['report'])
})

t.test('a cache that cannot be used costs time and nothing else', async t => {
  const { folder, standing } = await bench(t)
  const file = join(folder, 'file')
  writeFileSync(file, 'no folder')
  t.equal(await standing(file), 'attested')
  const locked = join(folder, 'locked')
  mkdirSync(locked)
  chmodSync(locked, 0o500)
  t.equal(await standing(locked), 'attested')
})

t.test('a trust root that is named and is none is told before anything is asked', async t => {
  const { folder, standing } = await bench(t)
  const root = join(folder, 'root.json')
  writeFileSync(root, '{}')
  await t.rejects(standing(join(folder, 'cache'), root), { code: 'unknown-trust' })
})

t.test('what one trust root proved is nothing under another', async t => {
  const { folder, standing } = await bench(t)
  const other = await createWorld(t)
  const cache = join(folder, 'cache')
  t.equal(await standing(cache), 'attested')
  t.equal(await standing(cache, other.trustRoot), 'failed')
  t.equal(await standing(cache), 'attested')
})
