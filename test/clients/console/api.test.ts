import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import t from 'tap'
import { openApiDocument } from '../../../src/protocol/api/openapi.ts'
import { openApiScene } from '../../http/console/api/api-scene.ts'
import { prepare } from '../set-up/tools.ts'

/** s, for all that call together */
const SECONDS = Number(process.env['API_SECONDS'] ?? '60')
const SCOPES = ['none', 'packages', 'request', 'read', 'approve', 'admin'] as const

/** What is left out: that whatever fits its schema is done, which no schema says of a request that is not there or a policy that does not load. */
const LEFT_OUT = [
  'positive_data_acceptance',
  'missing_required_header',
  'use_after_free',
  'ensure_resource_availability',
]

interface Run {
  readonly exit: number
  readonly said: string
}

/** What a terminal would show in the end, without what moves its cursor. */
function linesOf(said: string): readonly string[] {
  return stripVTControlCharacters(said)
    .split(/[\r\n]+/)
    .map(line => line.replace(/\p{C}/gu, '').trim())
    .filter(line => line !== '')
}

const { tool, skip } = await prepare('schemathesis')

t.test('whatever is sent by the API’s own document is answered as it says, and nothing is 500', { skip }, async t => {
  if (tool === undefined) return
  t.setTimeout((SECONDS + 240) * 1_000)
  const scene = await openApiScene(t, {
    policy:
      'version: 1\nprojects:\n  - { match: demo, publishers: [{ kind: github, repository: acme/demo, workflow: release.yml }] }\n',
    async prepare(world) {
      await world.release('demo', '1.0')
      await world.release('demo', '2.0', { attested: false })
    },
  })
  const document = join(scene.world.folder, 'openapi.json')
  // without what it says of credentials, whose place generated ones would take: each run has its own
  const { security: _, components, ...told } = openApiDocument('0.0.0') as Record<string, object>
  writeFileSync(document, JSON.stringify({ ...told, components: { ...components, securitySchemes: {} } }))
  for (const scope of SCOPES) {
    const token =
      scope === 'none'
        ? undefined
        : scope === 'packages'
          ? await scene.token('packages')
          : await scene.token(`${scope}-token`, [scope])
    const { exit, said } = await new Promise<Run>(resolve => {
      const argv = [
        '-m',
        'schemathesis.cli',
        'run',
        document,
        '--url',
        `${scene.url}/api/v1`,
        '--max-time',
        `${Math.ceil(SECONDS / SCOPES.length)}`,
        '--exclude-checks',
        LEFT_OUT.join(','),
        '--continue-on-failure',
        ...(token === undefined ? [] : ['--header', `Authorization: Bearer ${token}`]),
      ]
      const options = { cwd: scene.world.folder, timeout: (SECONDS + 200) * 1_000, maxBuffer: 64 * 1024 * 1024 }
      execFile(tool.python, argv, options, (error, out, err) =>
        resolve({ exit: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, said: `${out}${err}` }),
      )
    })
    const lines = linesOf(said)
    for (const line of lines.filter(text => /generated|passed|failed|Test cases/.test(text)))
      t.comment(`${scope}: ${line}`)
    if (exit !== 0) for (const line of lines.slice(-80)) t.comment(line)
    t.equal(exit, 0, scope)
  }
  const defects = scene.gate.events.filter(event => event.type === 'unknown' && event.code === 'unknown-bug')
  t.strictSame(defects, [], 'nothing that was not foreseen')
})
