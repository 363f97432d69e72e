import fc from 'fast-check'
import t from 'tap'
import { loadConfig } from '../../src/config/load.ts'
import { showConfig } from '../../src/config/show.ts'
import { formatDuration } from '../../src/config/units.ts'
import { load, wrong } from './loaded-config.ts'

t.test('durations have a unit, and limits', t => {
  const age = (text: string) => wrong(t, `index: { max_age: ${text} }\n`)
  for (const text of ['0s', '500ms', '10m', '600s']) t.strictSame(age(text), [], text)
  for (const text of ['601s', '11m', '1d', '"10"', '-1s', '1.5m', '1h30m', '10 s', '1e3s', '""'])
    t.equal(age(text).length, 1, text)
  t.match(wrong(t, 'upstream: { timeout: 0s }\n'), [/must be at least 100ms; found "0s"/])
  t.match(wrong(t, 'journal: { keep: 999999999999d }\n'), [/must be at most 3650d/])
  t.end()
})

t.test('sizes are bytes or have a binary unit', t => {
  const spool = (text: string) => load(t, `files: { spool: ${text} }\n`).config.files.spool
  t.equal(spool('1048576'), 1_048_576)
  t.equal(spool('"1048576"'), 1_048_576)
  t.equal(spool('1B'), 1)
  t.equal(spool('3TiB'), 3 * 1024 ** 4)
  for (const text of ['0', '0GiB', '-1', '1.5GiB', '16MB', '16 MiB', '16mib', '999999999999TiB'])
    t.equal(wrong(t, `files: { spool: ${text} }\n`).length, 1, text)
  t.end()
})

t.test('a duration and a size are printed as something that reads as the same', t => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 315_360_000_000 }), count => {
      const environment = { PORTCULLIS_INDEX_MAX_STALE: formatDuration(count), PORTCULLIS_FILES_SPOOL: String(count) }
      const loaded = loadConfig({ flags: {}, file: undefined, environment, folder: '/nowhere' })
      const spool = String(showConfig(loaded).find(({ key }) => key === 'files.spool')?.value)
      const again = loadConfig({
        flags: {},
        file: undefined,
        environment: { PORTCULLIS_FILES_SPOOL: spool },
        folder: '/',
      })
      return loaded.config.index.maxStale === count && again.config.files.spool === count
    }),
    { numRuns: 200 },
  )
  t.end()
})
