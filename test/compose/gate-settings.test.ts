import t from 'tap'
import { gateSettings } from '../../src/compose/gate-settings.ts'
import { internalNames } from '../../src/compose/indexes.ts'
import { loadConfig } from '../../src/config/load.ts'
import { indexesOf } from '../../src/config/sources.ts'
import { parseProjectName } from '../../src/domain/packaging/name.ts'

const { config } = loadConfig({
  flags: {},
  file: undefined,
  environment: {
    PORTCULLIS_INDEX_INTERNAL: 'acme-*,secret',
    PORTCULLIS_INDEX_MODE: 'hide',
    PORTCULLIS_FILES_SPOOL: '1MiB',
  },
  folder: t.testdirName,
})

const [main] = indexesOf(config)
if (main === undefined) throw new TypeError('no index')

t.test('a gate is set as it is configured', async t => {
  let draining = false
  const settings = gateSettings(config, main, { listenUrl: () => 'http://127.0.0.1:1', draining: () => draining })
  t.match(settings, {
    mode: 'hide',
    spool: 1024 * 1024,
    negativeTtl: config.findings.negativeTtl,
    keep: config.journal.keep,
  })
  t.equal(settings.isInternal(parseProjectName('secret')), true)
  t.equal(settings.draining(), false)
  draining = true
  t.equal(settings.draining(), true, 'whether it drains is asked each time')
})

t.test('a name is internal where any glob matches it', async t => {
  const isInternal = internalNames(config, main)
  for (const [name, expected] of [
    ['acme-tools', true],
    ['secret', true],
    ['secrets', false],
    ['acme', false],
  ] as const)
    t.equal(isInternal(parseProjectName(name)), expected, name)
})
