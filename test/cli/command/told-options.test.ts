import t from 'tap'
import { choosingOptions, verdictOptions } from '../../../src/cli/command/told-options.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import { parsePlatformTarget, parsePythonTarget } from '../../../src/domain/packaging/targets.ts'

t.test('options are told as they would be typed again', async t => {
  const at = instant(Date.parse('2026-11-24T12:00:00Z'))
  t.strictSame(verdictOptions({}), [])
  t.equal(
    verdictOptions({ config: 'a.yaml', policy: ['b.yaml', "it's mine.yaml"], trustRoot: '/r.json', at }).join(' '),
    `--config a.yaml --policy b.yaml --policy 'it'\\''s mine.yaml' --trust-root /r.json --at 2026-11-24T12:00:00.000Z`,
  )
  const python = ['3.12', '3.13t'].flatMap(text => parsePythonTarget(text) ?? [])
  const platform = ['linux_x86_64'].flatMap(text => parsePlatformTarget(text) ?? [])
  t.equal(choosingOptions({ python, platform }).join(' '), '--python 3.12 --python 3.13t --platform linux_x86_64')
})
