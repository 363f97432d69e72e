import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { policiesOfSoundStart } from '../../src/compose/sound-start.ts'
import { loadConfig } from '../../src/config/load.ts'
import { systemClock } from '../../src/domain/base/instant.ts'
import type { GateEvent } from '../../src/observe/events.ts'

const RULES = 'version: 1\nprojects: [{ match: demo, attestation: optional }]\n'

/** What a start with this configuration says: the policy's digest or the error, and what was told meanwhile. */
async function start(folder: string, configuration: Readonly<Record<string, unknown>>) {
  const file = join(folder, 'portcullis.yaml')
  writeFileSync(file, JSON.stringify({ trust: { root: 'embedded' }, ...configuration }))
  const { config } = loadConfig({ flags: {}, file, environment: {}, folder })
  const told: GateEvent[] = []
  const events = { emit: (event: GateEvent) => void told.push(event) }
  const policies = await policiesOfSoundStart(config, { clock: systemClock, events, environment: {} })
  policies.close()
  return told
}

t.test('all that keeps a gate from starting is told together, each in a line of its own', async t => {
  const folder = t.testdir({ 'policy.yaml': 'version: 1\nmode: enforced\nprojects: [{ match: demo, deny: 3 }]\n' })
  writeFileSync(join(folder, 'file'), '')
  const wrong = {
    policy: ['policy.yaml'],
    data: 'file/data',
    trust: { root: 'gone.json' },
    upstream: { ca: 'ca.pem' },
  }
  await t.rejects(start(folder, wrong), {
    code: 'config-invalid',
    detail:
      /policy\.yaml:2:7 mode: .*\n.*policy\.yaml:3:\d+ projects\[0\]\.deny: .*\nthe data folder .*ENOTDIR.*\n.*gone\.json.*\nupstream\.ca: .*ca\.pem cannot be read$/,
  })
  await t.rejects(start(folder, { policy: ['policy.yaml'] }), { code: 'policy-invalid', detail: /^[^\n]+\n[^\n]+$/ })
  await t.rejects(start(folder, { policy: ['a.yaml', 'policy.yaml', 'b.yaml'] }), {
    code: 'policy-invalid',
    detail: /a\.yaml: cannot be read \(ENOENT\)\n.*b\.yaml: cannot be read \(ENOENT\)$/,
  })
})

t.test('a gate that listens beyond this machine without a public_url says so, and what follows', async t => {
  const folder = t.testdir({ 'policy.yaml': RULES })
  const doubts = async (configuration: Readonly<Record<string, unknown>>) =>
    (await start(folder, { policy: ['policy.yaml'], ...configuration })).filter(it => it.type === 'config-warning')
  t.match(await doubts({ listen: '0.0.0.0:0' }), [{ detail: /beyond this machine, and public_url is not set/ }])
  for (const listen of ['[::]:0', '10.1.2.3:80', 'gate.example:80', '[fd00::1]:80'])
    t.equal((await doubts({ listen })).length, 1, listen)
  for (const listen of ['127.0.0.1:0', '127.8.9.1:0', '[::1]:0', 'localhost:0'])
    t.strictSame(await doubts({ listen }), [], listen)
  t.strictSame(await doubts({ listen: '0.0.0.0:0', public_url: 'https://pypi.acme.example' }), [])
})

t.test('nothing of the start is left behind where it fails', async t => {
  const folder = t.testdir({ 'policy.yaml': RULES })
  mkdirSync(join(folder, 'data'))
  await t.rejects(start(folder, { policy: ['policy.yaml'], trust: { root: 'gone.json' } }), { code: 'config-invalid' })
  rmSync(join(folder, 'data'), { recursive: true })
  await t.resolves(start(folder, { policy: ['policy.yaml'] }))
})
