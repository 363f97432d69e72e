import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { forgetRemembered } from '../../src/compose/decided/forget.ts'
import { loadConfig } from '../../src/config/load.ts'
import { systemClock } from '../../src/domain/base/instant.ts'
import { parseProjectName } from '../../src/domain/packaging/name.ts'

t.test(
  'where neither the gate nor a command of this user remembers anything, there is nothing to let go of',
  async t => {
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-forget-'))
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    const data = join(folder, 'data')
    const environment = { PORTCULLIS_DATA: data, XDG_CACHE_HOME: join(folder, 'cache') }
    const { config } = loadConfig({ flags: {}, file: undefined, environment, folder })
    const project = parseProjectName('demo')
    for (const source of ['upstream', 'held'] as const) {
      const order = { what: 'digest', source, project, filename: undefined, reason: 'an odd answer' } as const
      t.strictSame(await forgetRemembered(config, order, { environment, clock: systemClock }), {
        gate: false,
        own: false,
      })
    }
    t.notOk(existsSync(data), 'and nothing is begun')
  },
)
